// The loops that call these bound the index themselves, hence the casts: a test per element at run time would cost a third of the speed.

/** Element `index` of `array`, which the caller knows is there. */
export const f64 = (array: Float64Array, index: number): number => array[index] as number;
export const i32 = (array: Int32Array, index: number): number => array[index] as number;

/** Squared Euclidean distance between `size` numbers of `a` from `i` and of `b` from `j`. */
export function squaredDistance(a: Float64Array, i: number, b: Float64Array, j: number, size: number): number {
  let sum = 0;
  for (let c = 0; c < size; c++) {
    const difference = f64(a, i + c) - f64(b, j + c);
    sum += difference * difference;
  }
  return sum;
}

/** Rows × columns, row-major. */
export interface Matrix {
  readonly values: Float64Array;
  readonly rows: number;
  readonly columns: number;
}
