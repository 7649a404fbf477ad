/** What the tabs of this site, and their workers, call the locks and the channel they share. Other sites of the same origin have theirs. */
export const lockNames = {
  /** Held by the tab that may change the workspace. */
  workspace: 'lakebook-workspace',
  /** Held by the worker that has the PostgreSQL database open. */
  postgres: 'lakebook-postgres',
  /** Of the workspace's files, by what is locked. */
  files: (name: string): string => `lakebook/${name}`,
} as const;

/** Where a tab asks the one that owns the workspace to give it up. */
export const workspaceChannel = 'lakebook-workspace';

/** Where the worker of each tab tells all of them which table has changed. */
export const lakeChannel = 'lakebook-lake';

/** What is told there. */
export interface LakeChange {
  readonly table: string;
}

export type Release = () => void;

/**
 * Holds a lock until it is released, or until this tab or worker ends. `request` asks for it, as `LockManager.request` does, and
 * gives null where it isn't to be had at once; then this is undefined. `onLost` is called when another steals it.
 */
export function holdLock(
  request: (holding: (lock?: Lock | null) => Promise<void>) => Promise<void>,
  onLost: () => void = () => undefined,
): Promise<Release | undefined> {
  return new Promise((resolve, reject) => {
    let isHeld = false;
    const holding = (lock?: Lock | null): Promise<void> => {
      if (lock === null) return Promise.resolve(resolve(undefined));
      isHeld = true;
      return new Promise((release) => resolve(release));
    };
    request(holding).catch((thrown: unknown) => {
      if (isHeld) onLost();
      else reject(thrown instanceof Error ? thrown : new Error(String(thrown)));
    });
  });
}
