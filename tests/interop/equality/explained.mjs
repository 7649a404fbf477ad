/**
 * Where an engine may differ from the page, and the sentence of the step's lesson that tells it. A difference that is gone has to go here, too.
 * @typedef {'spark' | 'duckdb'} Other
 * @typedef {{engine: Other, step: string, notebook: RegExp, table: string, differs: RegExp, lesson: string}} Explanation
 */

/** @type {readonly Explanation[]} */
export const explanations = [
  {
    engine: 'spark',
    step: 'load',
    notebook: /^load: lines that don’t fit/,
    table: 'result_rejects',
    differs: /"it does not fit the schema"/,
    lesson: 'Spark’s job keeps the text of such a line too, but knows neither its number nor the reason.',
  },
  {
    engine: 'spark',
    step: 'load',
    notebook: /^clean-a-sensor-file/,
    table: 'raw_rejects',
    differs: /"it does not fit the schema"/,
    lesson: 'Spark’s job keeps the text of such a line too, but knows neither its number nor the reason.',
  },
  {
    engine: 'duckdb',
    step: 'kmeans',
    notebook: /^kmeans: /,
    table: 'result',
    differs: /does not exist/,
    lesson: 'DuckDB has no k-means, so the exported SQL leaves this step out and names it.',
  },
];
