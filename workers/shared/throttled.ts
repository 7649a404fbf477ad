/** Progress at most 20 times a second, and no waiting for whoever hears it. */
export function throttled<Given extends readonly unknown[]>(
  onProgress: (...given: Given) => void,
): (...given: Given) => void {
  let last = 0;
  return (...given) => {
    const now = performance.now();
    if (now - last < 50) return;
    last = now;
    onProgress(...given);
  };
}
