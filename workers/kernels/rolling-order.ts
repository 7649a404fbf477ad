import type {Progress} from '../contract/compute.ts';
import type {ColumnValues} from '../contract/engine.ts';
import type {Meter} from './meter.ts';
import {i32} from './vectors.ts';

/** Rows that have a time, sorted by group and time, rows of one time in their order. */
export interface RollingOrder {
  /** Position → row. */
  readonly rows: Int32Array;
  /** Position → microseconds since the start of its segment, exact. */
  readonly times: Float64Array;
  /** Where each segment starts; one more than there are segments. No window reaches from one into another: they are of two groups, or too far apart. */
  readonly starts: Int32Array;
  /** The longest window, in microseconds. */
  readonly longest: number;
}

const digit = 16;
const digits = 2 ** digit;
/** Where no more pairs of keys than this are possible, each gets a number, whether it occurs or not. */
const mostGroups = 2 ** 24;

/** `times` are microseconds, −2⁶³ for none; `keys` tell the groups. */
export function* rollingOrder(
  times: BigInt64Array,
  keys: readonly (ColumnValues & {kind: 'texts'})[],
  longest: number,
  meter: Meter,
): Generator<Progress, RollingOrder, void> {
  const all = times.length;
  // 64-bit numbers one by one would be slow: low and high halves, little-endian as every platform of today.
  const halves = new Uint32Array(times.buffer, times.byteOffset, 2 * all);
  const lowOf = (row: number): number => halves[2 * row] as number;
  // The sign bit turned around, so that unsigned halves are in the order of the times.
  const highOf = (row: number): number => ((halves[2 * row + 1] as number) ^ 0x80000000) >>> 0;
  const {groups, count: groupCount} = yield* groupsOf(keys, all, meter);

  let present = 0;
  let isSorted = true;
  let [lowest, highest] = [Infinity, -Infinity];
  const rows = new Int32Array(all);
  const lastRow = new Int32Array(groupCount).fill(-1);
  yield* meter.pass(all, 4, (from, to) => {
    for (let row = from; row < to; row++) {
      const high = highOf(row);
      if (high === 0 && lowOf(row) === 0) continue;
      rows[present++] = row;
      if (high < lowest) lowest = high;
      if (high > highest) highest = high;
      const group = i32(groups, row);
      const before = i32(lastRow, group);
      if (before >= 0 && (highOf(before) > high || (highOf(before) === high && lowOf(before) > lowOf(row))))
        isSorted = false;
      lastRow[group] = row;
    }
  });

  let sorted = rows.subarray(0, present);
  let spare = new Int32Array(present);
  function* by(key: (row: number) => number, values: number): Generator<Progress, void, void> {
    const places = new Int32Array(values + 1);
    yield* meter.pass(present, 2, (from, to) => {
      for (let i = from; i < to; i++) {
        const place = key(i32(sorted, i)) + 1;
        places[place] = i32(places, place) + 1;
      }
    });
    for (let value = 0; value < values; value++) places[value + 1] = i32(places, value + 1) + i32(places, value);
    const target = spare;
    yield* meter.pass(present, 4, (from, to) => {
      for (let i = from; i < to; i++) {
        const row = i32(sorted, i);
        const value = key(row);
        const place = i32(places, value);
        places[value] = place + 1;
        target[place] = row;
      }
    });
    [sorted, spare] = [target, sorted];
  }
  if (!isSorted) {
    yield* by((row) => lowOf(row) & (digits - 1), digits);
    yield* by((row) => lowOf(row) >>> digit, digits);
    // The high half counts spans of 71.6 minutes: over a few years its own upper half changes little or not at all.
    const base = lowest;
    if (highest > base) yield* by((row) => (highOf(row) - base) & (digits - 1), digits);
    if (highest - base >= digits) yield* by((row) => (highOf(row) - base) >>> digit, digits);
  }
  if (groupCount > 1) yield* by((row) => i32(groups, row), groupCount);

  const since = new Float64Array(present);
  const starts: number[] = [];
  yield* meter.pass(present, 4, (from, to) => {
    for (let i = from; i < to; i++) {
      const row = i32(sorted, i);
      const before = i === 0 ? -1 : i32(sorted, i - 1);
      // Times that are no more than 285 years apart differ by an exact number.
      const gap = before < 0 ? Infinity : (highOf(row) - highOf(before)) * 2 ** 32 + (lowOf(row) - lowOf(before));
      if (before < 0 || i32(groups, row) !== i32(groups, before) || gap > longest) starts.push(i);
      else since[i] = (since[i - 1] ?? 0) + gap;
    }
  });
  return {rows: sorted, times: since, starts: Int32Array.from(starts.concat(present)), longest};
}

/** Each row's group by number; NULL is a group like any other. */
function* groupsOf(
  keys: readonly (ColumnValues & {kind: 'texts'})[],
  rows: number,
  meter: Meter,
): Generator<Progress, {groups: Int32Array; count: number}, void> {
  const groups = new Int32Array(rows);
  let count = 1;
  for (const {values, distinct} of keys) {
    const [step, known] = [distinct + 1, new Map<number, number>()];
    const onlyFound = count * step > mostGroups;
    yield* meter.pass(rows, onlyFound ? 40 : 2, (from, to) => {
      for (let row = from; row < to; row++) {
        const pair = i32(groups, row) * step + i32(values, row) + 1;
        groups[row] = onlyFound ? numberOf(known, pair) : pair;
      }
    });
    count = onlyFound ? known.size : count * step;
  }
  return {groups, count};
}

function numberOf(known: Map<number, number>, pair: number): number {
  const found = known.get(pair);
  if (found !== undefined) return found;
  known.set(pair, known.size);
  return known.size - 1;
}
