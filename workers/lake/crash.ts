/** Ends this worker as a crash would: what waits for it gets no answer, and the page sees its `error`. */
export function crash(): Promise<never> {
  setTimeout(() => {
    // Only after the error is on its way to the page.
    setTimeout(() => self.close());
    throw new Error('The storage worker was ended in the middle of a commit, as the cell asked.');
  });
  return new Promise(() => undefined);
}
