import type {NumberColumn} from '../contract/engine.ts';
import {f64, i32} from './vectors.ts';

export type Statistic = 'mean' | 'std' | 'min' | 'max' | 'slope' | 'count';

const microsecondsAnHour = 3.6e9;

/** Moments, extremes and how many, of some readings: values and times less a value and a time that are in the window. */
interface Summary {
  count: number;
  mean: number;
  /** Sum of squared deviations. */
  squares: number;
  min: number;
  max: number;
  time: number;
  timeSquares: number;
  /** Sum of the products of both deviations. */
  products: number;
}

/**
 * Statistics of a window that slides forward over readings. Nothing is ever taken out of a sum, so nothing of a spike stays behind when it has
 * left: the readings are two stacks (a queue of two stacks, as in Tangwongsan, Hirzel and Schneider 2017). The older half has a summary from each
 * reading on to the half's end, the newer half has one, and two summaries are merged as Chan, Golub and LeVeque (1979) do. When the older half is used up, the
 * newer one becomes it. Each reading is added twice and merged once, whatever the window's length.
 */
export class SlidingWindow {
  #values = new Float64Array(0);
  #times = new Float64Array(0);
  #size = 0;
  #length = 0;
  /** The window is from `#low` to `#high`; the older half ends at `#middle`. */
  #low = 0;
  #middle = 0;
  #high = 0;
  /** What values and times are counted from: the last reading of the older half. */
  #value0 = 0;
  #time0 = 0;
  /** For each reading of the older half, the summary from it on. */
  #older = {mean: new Float64Array(0), squares: new Float64Array(0), min: new Float64Array(0), max: new Float64Array(0), time: new Float64Array(0), timeSquares: new Float64Array(0), products: new Float64Array(0)}; // prettier-ignore
  readonly #newer: Summary = {
    count: 0,
    mean: 0,
    squares: 0,
    min: Infinity,
    max: -Infinity,
    time: 0,
    timeSquares: 0,
    products: 0,
  };
  #mean: NumberColumn['values'] | undefined;
  #std: NumberColumn['values'] | undefined;
  #min: NumberColumn['values'] | undefined;
  #max: NumberColumn['values'] | undefined;
  #slope: NumberColumn['values'] | undefined;
  #count: NumberColumn['values'] | undefined;
  readonly #hasSlope: boolean;

  constructor(private readonly statistics: readonly Statistic[]) {
    this.#hasSlope = statistics.includes('slope');
  }

  /** Starts before the first of the readings, with a window of `length` microseconds; `outputs` has a column for each statistic. */
  start(readings: Readings, length: number, outputs: readonly NumberColumn[]): void {
    [this.#values, this.#times, this.#size, this.#length] = [readings.values, readings.times, readings.size, length];
    this.#low = this.#middle = this.#high = 0;
    this.#clearNewer();
    const of = (statistic: Statistic): NumberColumn['values'] | undefined =>
      outputs[this.statistics.indexOf(statistic)]?.values;
    [this.#mean, this.#std, this.#min, this.#max, this.#slope, this.#count] = [
      of('mean'),
      of('std'),
      of('min'),
      of('max'),
      of('slope'),
      of('count'),
    ];
    if (this.#older.mean.length < this.#size) {
      const column = (): Float64Array<ArrayBuffer> => new Float64Array(this.#values.length);
      this.#older = {
        mean: column(),
        squares: column(),
        min: column(),
        max: column(),
        time: column(),
        timeSquares: column(),
        products: column(),
      };
    }
  }

  /** Moves on to the window that ends at `time`, which is no earlier than the last one; readings of that time are in. */
  advance(time: number): void {
    const oldest = time - this.#length;
    let low = this.#low;
    while (this.#high < this.#size && f64(this.#times, this.#high) <= time) this.#push(this.#high++);
    while (low < this.#high && f64(this.#times, low) < oldest) low++;
    this.#low = low;
    if (low >= this.#middle && low < this.#high) this.#turn();
  }

  /** Writes the window's statistics to this row of the outputs. */
  write(row: number): void {
    const [low, middle] = [this.#low, this.#middle];
    const count = this.#high - low;
    if (this.#count !== undefined) this.#count[row] = count;
    if (count === 0) return;
    const {mean: means, squares, min, max, time, timeSquares, products} = this.#older;
    const newer = this.#newer;
    const share = newer.count / count;
    // How much both halves' deviations grow, seen from the common mean.
    const apart = share * (middle - low);
    const difference = newer.mean - f64(means, low);
    const olderMean = f64(means, low);
    if (this.#mean !== undefined) this.#mean[row] = this.#value0 + (olderMean + difference * share);
    if (this.#min !== undefined) this.#min[row] = Math.min(f64(min, low), newer.min);
    if (this.#max !== undefined) this.#max[row] = Math.max(f64(max, low), newer.max);
    if (count === 1) return;
    if (this.#std !== undefined)
      this.#std[row] = Math.sqrt((f64(squares, low) + newer.squares + difference * difference * apart) / (count - 1));
    if (this.#slope !== undefined) {
      const timeDifference = newer.time - f64(time, low);
      const spread = f64(timeSquares, low) + newer.timeSquares + timeDifference * timeDifference * apart;
      // Readings of one time only have no slope.
      if (spread > 0)
        this.#slope[row] =
          ((f64(products, low) + newer.products + difference * timeDifference * apart) / spread) * microsecondsAnHour;
    }
  }

  #push(index: number): void {
    const newer = this.#newer;
    const value = f64(this.#values, index);
    newer.min = Math.min(newer.min, value);
    newer.max = Math.max(newer.max, value);
    const count = ++newer.count;
    const relative = value - this.#value0;
    const off = relative - newer.mean;
    newer.mean += off / count;
    const rest = relative - newer.mean;
    newer.squares += off * rest;
    if (!this.#hasSlope) return;
    const time = f64(this.#times, index) - this.#time0;
    const timeOff = time - newer.time;
    newer.time += timeOff / count;
    newer.timeSquares += timeOff * (time - newer.time);
    newer.products += timeOff * rest;
  }

  /** Makes all readings of the window the older half. */
  #turn(): void {
    const {
      mean: means,
      squares: allSquares,
      min: mins,
      max: maxs,
      time: timeMeans,
      timeSquares: allTimeSquares,
      products: allProducts,
    } = this.#older;
    const value0 = f64(this.#values, this.#high - 1);
    const time0 = f64(this.#times, this.#high - 1);
    let [count, mean, squares, min, max, timeMean, timeSquares, products] = [0, 0, 0, Infinity, -Infinity, 0, 0, 0];
    for (let index = this.#high - 1; index >= this.#low; index--) {
      const value = f64(this.#values, index);
      min = Math.min(min, value);
      max = Math.max(max, value);
      count++;
      const relative = value - value0;
      const off = relative - mean;
      mean += off / count;
      const rest = relative - mean;
      squares += off * rest;
      means[index] = mean;
      allSquares[index] = squares;
      mins[index] = min;
      maxs[index] = max;
      if (!this.#hasSlope) continue;
      const time = f64(this.#times, index) - time0;
      const timeOff = time - timeMean;
      timeMean += timeOff / count;
      timeSquares += timeOff * (time - timeMean);
      products += timeOff * rest;
      timeMeans[index] = timeMean;
      allTimeSquares[index] = timeSquares;
      allProducts[index] = products;
    }
    [this.#value0, this.#time0, this.#middle] = [value0, time0, this.#high];
    this.#clearNewer();
  }

  #clearNewer(): void {
    Object.assign(this.#newer, {
      count: 0,
      mean: 0,
      squares: 0,
      min: Infinity,
      max: -Infinity,
      time: 0,
      timeSquares: 0,
      products: 0,
    } satisfies Summary);
  }
}

/** The readings of one run that have a value, in the order of time. */
export class Readings {
  values = new Float64Array(0);
  times = new Float64Array(0);
  size = 0;

  /** Adds those at the positions `from` to `to`, after the ones that are there or as the first. */
  take(values: Float64Array, rows: Int32Array, times: Float64Array, from: number, to: number, isFirst: boolean): void {
    if (isFirst) this.size = 0;
    if (this.size + to - from > this.values.length) this.#grow(this.size + to - from);
    for (let position = from; position < to; position++) {
      const value = f64(values, i32(rows, position));
      // NaN minus NaN and infinity minus infinity are NaN.
      if (value - value !== 0) continue;
      this.values[this.size] = value;
      this.times[this.size++] = f64(times, position);
    }
  }

  #grow(size: number): void {
    const length = Math.max(size, 2 * this.values.length, 1024);
    const [values, times] = [new Float64Array(length), new Float64Array(length)];
    values.set(this.values.subarray(0, this.size));
    times.set(this.times.subarray(0, this.size));
    [this.values, this.times] = [values, times];
  }
}
