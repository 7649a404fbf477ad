export const marks = ['line', 'area', 'bar', 'dot', 'histogram', 'box', 'heatmap'] as const;
export type Mark = (typeof marks)[number];

/** A chart as a notebook has it: which columns go where. Data only; `reduce.ts` makes SQL of it, `plot.ts` a picture. */
export interface ChartSpec {
  readonly mark: Mark;
  readonly x: string | undefined;
  readonly y: readonly string[];
  /** Column that gives the colour. */
  readonly color: string | undefined;
  /** Column that gives small multiples. */
  readonly facet: string | undefined;
  /** How several readings at one x become one: as SQL and Spark name it. */
  readonly aggregate: 'avg' | 'sum' | 'min' | 'max' | 'median' | 'count' | undefined;
  readonly bins: number | undefined;
  readonly title: string | undefined;
  /** The table whose alerts are marked. */
  readonly alerts: string | undefined;
}
