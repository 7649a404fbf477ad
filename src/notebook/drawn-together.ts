/** Between two drawings of a run, in milliseconds. */
const drawnEvery = 100;

/** Changes of the page that may wait for one another: it is drawn after each, and cells that take a moment would wait for that one after the other. */
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
