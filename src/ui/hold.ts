/** What the user does of his own ends a hold. */
const deeds = ['wheel', 'touchmove', 'pointerdown', 'keydown'] as const;
let held: AbortController | undefined;

/**
 * Brings something to its place in the window by `place`, and again whenever the page's height changes: cells above take theirs as they come
 * near and as their results come, however late. It ends as soon as the user does anything, or something else is held.
 */
export function hold(place: () => void): void {
  held?.abort();
  const stop = (held = new AbortController());
  const {signal} = stop;
  const tall = (): number => document.documentElement.scrollHeight;
  let [height, top] = [0, 0];
  const put = (): void => {
    place();
    [height, top] = [tall(), scrollY];
  };
  const observer = new ResizeObserver(put);
  signal.addEventListener('abort', () => observer.disconnect());
  for (const deed of deeds) addEventListener(deed, () => stop.abort(), {signal, passive: true, capture: true});
  // A scroll bar that is dragged sends nothing else: no change of height explains it.
  const scrolled = (): void => {
    if (tall() === height && Math.abs(scrollY - top) > 1) stop.abort();
  };
  addEventListener('scroll', scrolled, {signal, passive: true});
  put();
  observer.observe(document.body);
}
