/** Between two drawings of a run, in milliseconds. */
const drawnEvery = 100;

/** Collects changes of the page and makes them together: the page draws after each, and quick cells would wait for every drawing. */
export function drawnTogether(): {readonly soon: (change: () => void) => void; readonly now: () => void} {
  const changes: (() => void)[] = [];
  let timer: ReturnType<typeof setTimeout> | undefined;
  const now = (): void => {
    clearTimeout(timer);
    timer = undefined;
    for (const change of changes.splice(0)) change();
  };
  return {
    soon(change) {
      changes.push(change);
      timer ??= setTimeout(now, drawnEvery);
    },
    now,
  };
}
