/** A row of an `alerts` cell. Times are ISO 8601, in UTC; a number that JSON has no word for is text. */
export interface Alert {
  /** The cell and the alert's id. */
  readonly key: string;
  readonly cell: string;
  readonly id: string;
  readonly timestamp: string;
  readonly sensor: string | null;
  readonly metric: string;
  readonly value: number | string;
  readonly threshold: number | string;
  readonly severity: string;
  readonly since: string;
  readonly clearedAt: string | null;
  readonly peakValue: number | string;
  readonly readings: number;
}
