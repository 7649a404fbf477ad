import {nullInt} from '../../src/lib/nulls.ts';
import type {Kernel, KernelArgs, Progress} from '../contract/compute.ts';
import type {ColumnValues, NumberColumn} from '../contract/engine.ts';
import type {Outcome} from '../contract/outcome.ts';
import {Meter} from './meter.ts';
import {rollingOrder, type RollingOrder} from './rolling-order.ts';
import {Readings, SlidingWindow, type Statistic} from './sliding-window.ts';
import {f64, i32} from './vectors.ts';

/** What one part of the rows may take, in bytes; a part has whole inserts of the engine. */
const partBytes = 64 * 1024 * 1024;
const insertRows = 122_880;
/** About how many multiply-adds a reading takes in one window. */
const readingCost = 24;

type Window = Readonly<{name: string; microseconds: number}>;

/** `partRows` is how many rows a part may have; left out, as many as fit. */
interface Settings {
  readonly windows: readonly Window[];
  readonly statistics: readonly Statistic[];
  readonly partRows: number;
}

/**
 * Statistics over the readings of the same group from a window's length before each row's time up to that time, both ends and all rows of
 * that very time in: SQL's RANGE BETWEEN INTERVAL … PRECEDING AND CURRENT ROW. Input: one column of times, texts that are the group
 * (none, one or several), and numbers, of which NaN and infinities count as missing. Args: `windows`, a list of {name, microseconds}, and
 * `statistics`, a list of mean, std, min, max, slope, count. Columns: COLUMN_WINDOW_STATISTIC for each of the numbers; std is the sample's,
 * slope the least-squares line's, per hour. A row without a time has none of them.
 */
export const rolling: Kernel = function* (input, args) {
  const {windows, statistics, partRows} = readSettings(args);
  const times = input.columns.find((column) => column.kind === 'times');
  if (times?.kind !== 'times') return failure('NO_TIME', 'Rolling windows need a column of times.');
  const keys = input.columns.filter((column) => column.kind === 'texts');
  const numbers = input.columns.filter((column) => column.kind === 'numbers');
  const outputs = numbers.length * windows.length * statistics.length;
  const rowsOfPart = Math.max(
    1,
    partRows > 0 ? partRows : insertRows * Math.max(1, Math.floor(partBytes / (8 * Math.max(1, outputs)) / insertRows)),
  );

  const longest = Math.max(0, ...windows.map(({microseconds}) => microseconds));
  const meter = new Meter(input.rows * (sortCost + numbers.length * windows.length * readingCost));
  const order = yield* rollingOrder(times.values, keys, longest, meter);
  meter.reach(input.rows * sortCost);
  for (let from = 0; from === 0 || from < input.rows; from += rowsOfPart) {
    const to = Math.min(input.rows, from + rowsOfPart);
    yield {columns: yield* part(from, to, order, numbers, windows, statistics, meter)};
    meter.reach(input.rows * sortCost + to * numbers.length * windows.length * readingCost);
  }
  return {ok: true, value: {facts: {}, tables: {}}};
};

const sortCost = 40;

const failure = (code: string, message: string): Outcome<never> => ({
  ok: false,
  error: {code, message, hint: 'Correct the step’s parameters and run it again.'},
});

function readSettings(args: KernelArgs): Settings {
  return {
    // The casts: the step writes these.
    windows: args['windows'] as readonly Window[],
    statistics: args['statistics'] as readonly Statistic[],
    partRows: Number(args['part_rows'] ?? 0),
  };
}

/** A run of readings, one after the other in the sorted order, of which some rows are in the part. */
interface Run {
  /** Positions of the first and behind the last row that gets values. */
  readonly from: number;
  readonly to: number;
  /** Positions of the first and behind the last reading that they look at. */
  readonly first: number;
  readonly last: number;
}

/** The columns of the rows `from` to `to`. */
function* part(
  from: number,
  to: number,
  {rows, times, starts, longest}: RollingOrder,
  numbers: readonly (ColumnValues & {kind: 'numbers'})[],
  windows: readonly Window[],
  statistics: readonly Statistic[],
  meter: Meter,
): Generator<Progress, readonly NumberColumn[], void> {
  const columns = numbers.map((column) =>
    windows.map((window) => outputsOf(column.name, window, statistics, to - from)),
  );
  const isWhole = from === 0 && to - from >= rows.length;
  const readings = new Readings();
  const sliding = new SlidingWindow(statistics);
  for (let segment = 0; segment + 1 < starts.length; segment++) {
    const [start, end] = [i32(starts, segment), i32(starts, segment + 1)];
    const run = isWhole
      ? {from: start, to: end, first: start, last: end}
      : runIn(from, to, rows, times, start, end, longest);
    if (run === undefined) continue;
    for (let c = 0; c < numbers.length; c++) {
      const column = numbers[c];
      if (column === undefined) continue;
      yield* meter.among(run.last - run.first, 2, (low, high) =>
        readings.take(column.values, rows, times, run.first + low, run.first + high, low === 0),
      );
      for (let w = 0; w < windows.length; w++) {
        const window = windows[w];
        const outputs = columns[c]?.[w];
        if (window === undefined || outputs === undefined) continue;
        sliding.start(readings, window.microseconds, outputs);
        yield* meter.among(run.to - run.from, readingCost, (low, high) =>
          slide(sliding, rows, times, run.from + low, run.from + high, from, to),
        );
      }
    }
  }
  return columns.flat(2);
}

/** Gives their values to the rows at the positions `low` to `high` that lie between the rows `from` and `to`. */
function slide(
  sliding: SlidingWindow,
  rows: Int32Array,
  times: Float64Array,
  low: number,
  high: number,
  from: number,
  to: number,
): void {
  for (let position = low; position < high; position++) {
    const row = i32(rows, position);
    sliding.advance(f64(times, position));
    if (row >= from && row < to) sliding.write(row - from);
  }
}

/** A row's values for each statistic; a row without a time keeps what is here. */
function outputsOf(
  column: string,
  window: Window,
  statistics: readonly Statistic[],
  length: number,
): readonly NumberColumn[] {
  return statistics.map((statistic) => ({
    kind: 'numbers',
    name: `${column}_${window.name}_${statistic}`,
    values: statistic === 'count' ? new Int32Array(length).fill(nullInt) : new Float64Array(length).fill(NaN),
  }));
}

/** The part of a segment whose rows lie between `from` and `to`, with the readings that these look back and across at. */
function runIn(
  from: number,
  to: number,
  rows: Int32Array,
  times: Float64Array,
  start: number,
  end: number,
  longest: number,
): Run | undefined {
  const isIn = (position: number): boolean => i32(rows, position) >= from && i32(rows, position) < to;
  let first = start;
  while (first < end && !isIn(first)) first++;
  if (first === end) return undefined;
  let last = end;
  while (!isIn(last - 1)) last--;
  const [run, earliest, latest] = [{from: first, to: last}, f64(times, first) - longest, f64(times, last - 1)];
  while (first > start && f64(times, first - 1) >= earliest) first--;
  while (last < end && f64(times, last) <= latest) last++;
  return {...run, first, last};
}
