/**
 * Hands pieces on to `take` while the next one is being made: one waits, no more. A failure comes with the next piece, or with `settled`.
 */
export function oneAhead(take: (bytes: Uint8Array) => Promise<unknown>): {
  readonly write: (bytes: Uint8Array) => Promise<void>;
  readonly settled: () => Promise<void>;
} {
  let taking: Promise<unknown> = Promise.resolve();
  return {
    async write(bytes) {
      await taking;
      taking = take(bytes);
      taking.catch(() => undefined);
    },
    async settled() {
      await taking;
    },
  };
}
