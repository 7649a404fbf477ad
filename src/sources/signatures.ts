/** What tells the format of a file: its name, and its first bytes. Workers know no more of a format than this. */
export interface Signature {
  /** What people call such a file. */
  readonly title: string;
  /** Endings of names, without the dot. */
  readonly endings: readonly string[];
  /** Endings of another format that such files have, too: the bytes decide. */
  readonly sharedEndings?: readonly string[];
  /** What files that aren't text start with, one of these. */
  readonly magic: readonly Magic[];
  /** Whether a text is written in this format, as far as its beginning and its name tell. */
  readonly isText?: (head: string, name: string) => boolean;
}

/** Bytes as Latin-1, from a place on. */
export interface Magic {
  readonly at: number;
  readonly bytes: string;
}

/** The formats of files by the name that a load's `format` has; a text has the first format that claims it. */
export const signatures = {
  parquet: {
    title: 'Parquet',
    endings: ['parquet', 'pq'],
    // The second one is encrypted.
    magic: [
      {at: 0, bytes: 'PAR1'},
      {at: 0, bytes: 'PARE'},
    ],
  },
  sqlite: {
    title: 'SQLite database',
    endings: ['sqlite', 'sqlite3', 'db', 'db3'],
    magic: [{at: 0, bytes: 'SQLite format 3\0'}],
  },
  duckdb: {
    title: 'DuckDB database',
    endings: ['duckdb', 'ddb'],
    sharedEndings: ['db'],
    magic: [{at: 8, bytes: 'DUCK'}],
  },
  postgres: {
    title: 'PostgreSQL dump',
    endings: ['sql'],
    magic: [],
    // By what pg_dump writes first, or by its name.
    isText: (head, name) =>
      /^-- PostgreSQL database (cluster )?dump$/m.test(head.slice(0, 4096)) || /\.sql(\.gz)?$/i.test(name),
  },
  json: {
    title: 'JSON',
    endings: ['json', 'ndjson', 'jsonl'],
    magic: [],
    // An array of numbers needs its comma: log lines start with `[2024-…]` or `[1234]` too.
    isText: (head) => /^\s*(\{\s*["}]|\[\s*([[{"\]]|(-?\d[\d.eE+-]*|true|false|null|NaN)\s*,))/.test(head),
  },
  csv: {
    title: 'CSV',
    endings: ['csv', 'tsv'],
    magic: [],
    isText: () => true,
  },
} as const satisfies Readonly<Record<string, Signature>>;

export type FileFormat = keyof typeof signatures;

/** The same as a list. */
export const signatureList: readonly (Signature & {readonly name: FileFormat})[] = Object.entries(signatures).map(
  // The cast: these are the object's own names.
  ([name, signature]) => ({...signature, name: name as FileFormat}),
);

/** Whether a file starts with the bytes of a format. */
export const hasMagic = (start: Uint8Array, {magic}: Signature): boolean =>
  magic.some(({at, bytes}) => [...bytes].every((letter, i) => start[at + i] === letter.charCodeAt(0)));

/** Whether a file's name has one of the endings. */
export const hasEnding = (name: string, endings: readonly string[] = []): boolean =>
  endings.some((ending) => name.toLowerCase().endsWith(`.${ending}`));

/** The format of a text by how it starts. */
export const textFormat = (head: string, name: string): FileFormat =>
  signatureList.find(({isText}) => isText?.(head, name))?.name ?? 'csv';
