/** A file of a folder or a zip. */
export interface FileAt {
  /** From the folder that was chosen, e.g. `readings/_delta_log/00000000000000000000.json`. */
  readonly path: string;
  readonly file: File;
}

/** Bytes done, of how many. */
export type OnProgress = (bytes: number, total: number) => void;
