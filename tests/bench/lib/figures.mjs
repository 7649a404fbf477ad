/** @param {readonly number[]} values */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Seconds with two digits, from milliseconds. @param {number} ms */
export const seconds = (ms) => (ms / 1000).toFixed(2);

/** @param {number} count */
export const grouped = (count) => count.toLocaleString('en-US');

/** @param {number} bytes */
export const megabytes = (bytes) => `${(bytes / 1e6).toFixed(0)} MB`;
