/**
 * Browsers draw no element taller than some 16 million pixels, and five million rows need 140 million. Beyond `tallest` the scroll
 * bar moves in a shorter range than the rows do; `ratio` is how many row pixels one scroll pixel stands for.
 */
export interface Track {
  readonly height: number;
  readonly ratio: number;
  /** The furthest the rows can be scrolled, in row pixels. */
  readonly end: number;
}

const tallest = 8_000_000;

/** The track for `rows` of `rowHeight` behind a window of `view` pixels. */
export function trackOf(rows: number, rowHeight: number, view: number): Track {
  const full = rows * rowHeight;
  const height = Math.min(full, tallest);
  const end = Math.max(0, full - view);
  const travel = Math.max(0, height - view);
  return {height, end, ratio: travel === 0 ? 1 : end / travel};
}

/** First and last index (inclusive) of equal rows between `top` and `top + view`. */
export function rowsIn(top: number, view: number, rowHeight: number, rows: number): readonly [number, number] {
  const first = Math.max(0, Math.floor(top / rowHeight));
  return [first, Math.min(rows - 1, Math.ceil((top + view) / rowHeight) - 1)];
}

/** Where each column starts, and where the last one ends. */
export function edgesOf(widths: readonly number[]): readonly number[] {
  const edges = [0];
  for (const width of widths) edges.push((edges.at(-1) ?? 0) + width);
  return edges;
}

/** First and last index (inclusive) of columns that show between `left` and `left + view`. */
export function columnsIn(edges: readonly number[], left: number, view: number): readonly [number, number] {
  const last = edges.length - 2;
  return [
    Math.min(last, Math.max(0, after(edges, left) - 1)),
    Math.min(last, Math.max(0, after(edges, left + view - 1) - 1)),
  ];
}

/** How many edges lie at or before a place. */
function after(edges: readonly number[], place: number): number {
  let [low, high] = [0, edges.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((edges[middle] ?? Infinity) <= place) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The nearest scroll position at which a span is in view. */
export function reveal(from: number, to: number, top: number, view: number): number {
  if (from < top) return from;
  return to > top + view ? Math.min(from, to - view) : top;
}
