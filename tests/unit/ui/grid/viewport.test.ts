import fc from 'fast-check';
import {describe, expect, test} from 'vitest';
import {move, one, rectangle, type Selection} from '../../../../src/ui/grid/selection.ts';
import {columnsIn, edgesOf, reveal, rowsIn, trackOf} from '../../../../src/ui/grid/viewport.ts';

describe('track', () => {
  test('a short table scrolls pixel by pixel', () => {
    expect(trackOf(100, 28, 300)).toEqual({height: 2800, end: 2500, ratio: 1});
    expect(trackOf(3, 28, 300)).toEqual({height: 84, end: 0, ratio: 1});
  });

  test('five million rows have a scroll bar that browsers can draw, and its end is the last row', () => {
    const track = trackOf(5_000_000, 28, 300);
    expect(track.height).toBe(8_000_000);
    expect(track.ratio * (track.height - 300)).toBeCloseTo(track.end, 3);
    expect(rowsIn(track.end, 300, 28, 5_000_000)[1]).toBe(4_999_999);
  });
});

test('rows in view are those that touch it', () => {
  expect(rowsIn(0, 280, 28, 1000)).toEqual([0, 9]);
  expect(rowsIn(1, 280, 28, 1000)).toEqual([0, 10]);
  expect(rowsIn(0, 280, 28, 4)).toEqual([0, 3]);
  expect(rowsIn(0, 280, 28, 0)).toEqual([0, -1]);
});

test('columns in view are found among any widths', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({min: 48, max: 400}), {minLength: 1, maxLength: 300}),
      fc.nat(50_000),
      fc.integer({min: 1, max: 1500}),
      (widths, at, view) => {
        const edges = edgesOf(widths);
        const left = Math.min(at, Math.max(0, (edges.at(-1) ?? 0) - view));
        const [first, last] = columnsIn(edges, left, view);
        const touching = widths.flatMap((width, i) =>
          (edges[i] ?? 0) < left + view && (edges[i] ?? 0) + width > left ? [i] : [],
        );
        expect([first, last]).toEqual([touching[0], touching.at(-1)]);
      },
    ),
  );
});

test('a cell out of view is brought to the nearer edge', () => {
  expect(reveal(0, 28, 100, 300)).toBe(0);
  expect(reveal(500, 528, 100, 300)).toBe(228);
  expect(reveal(150, 178, 100, 300)).toBe(100);
});

describe('keys', () => {
  const extent = {rows: 100, columns: 5, page: 10};
  const go = (from: Selection, key: string, far = false, extend = false) =>
    move(from, key, {far, extend, extent})?.cursor;
  const start = one({row: 20, column: 2});

  test.each([
    ['ArrowDown', false, {row: 21, column: 2}],
    ['ArrowUp', false, {row: 19, column: 2}],
    ['ArrowLeft', true, {row: 20, column: 0}],
    ['ArrowRight', true, {row: 20, column: 4}],
    ['PageDown', false, {row: 30, column: 2}],
    ['PageUp', false, {row: 10, column: 2}],
    ['Home', false, {row: 20, column: 0}],
    ['End', true, {row: 99, column: 4}],
    ['Home', true, {row: 0, column: 0}],
  ] as const)('%s (Ctrl %s)', (key, far, expected) => {
    expect(go(start, key, far)).toEqual(expected);
  });

  test('the header lies above the first row; a selection stays in the rows', () => {
    expect(go(one({row: 0, column: 0}), 'ArrowUp')).toEqual({row: -1, column: 0});
    expect(go(one({row: 0, column: 0}), 'ArrowUp', false, true)).toEqual({row: 0, column: 0});
  });

  test('Shift grows the selection from where it began', () => {
    const grown = move(start, 'ArrowDown', {far: false, extend: true, extent});
    expect(grown === undefined ? undefined : rectangle(grown)).toEqual({top: 20, bottom: 21, left: 2, right: 2});
  });

  test('other keys move nothing', () => {
    expect(go(start, 'a')).toBeUndefined();
  });
});
