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
    lesson: 'Spark’s job keeps the text of such a line too, but knows neither its number nor the reason',
  },
  {
    engine: 'spark',
    step: 'load',
    notebook: /^(clean-a-sensor-file|compressors-bronze-silver-gold|your-own-sensors)/,
    table: 'raw_rejects',
    differs: /"it does not fit the schema"/,
    lesson: 'Spark’s job keeps the text of such a line too, but knows neither its number nor the reason',
  },
  {
    engine: 'duckdb',
    step: 'kmeans',
    notebook: /^kmeans: /,
    table: 'result',
    differs: /does not exist/,
    lesson: 'DuckDB has no k-means, so the exported SQL leaves this step out and names it.',
  },
  {
    engine: 'spark',
    step: 'cast',
    notebook: /^cast over (nasty|infinite) rows/,
    table: 'cast_8',
    differs: /1e-07|nan|inf/,
    lesson:
      'A number with an exponent as text is written in each engine’s own way: 1e-07 and inf here, 1.0E-7 and Infinity in Spark.',
  },
  {
    engine: 'spark',
    step: 'cast',
    notebook: /^cast over infinite rows/,
    table: 'cast_2_rejects',
    differs: /"inf"/,
    lesson:
      'A number with an exponent as text is written in each engine’s own way: 1e-07 and inf here, 1.0E-7 and Infinity in Spark.',
  },
  {
    engine: 'spark',
    step: 'load',
    notebook: /^convert-files/,
    table: 'from_csv_rejects',
    differs: /"it does not fit the schema"/,
    lesson: 'Spark’s job keeps the text of such a line too, but knows neither its number nor the reason',
  },
  {
    engine: 'spark',
    step: 'load',
    notebook: /^clean-a-sensor-file/,
    table: 'unreadable',
    differs: /it does not fit the schema/,
    lesson: 'Spark’s job keeps the text of such a line too, but knows neither its number nor the reason',
  },
  {
    engine: 'spark',
    step: 'cast',
    notebook: /^acid-and-time-travel/,
    table: 'corrections',
    differs: /"nan"/,
    lesson:
      'A number with an exponent as text is written in each engine’s own way: 1e-07 and inf here, 1.0E-7 and Infinity in Spark.',
  },
  {
    engine: 'spark',
    step: 'load',
    notebook: /^load from an SQLite file/,
    table: 'misfits_rejects',
    differs: /there is none/,
    lesson: 'of an SQLite table it has the rows that fit alone.',
  },
  {
    engine: 'duckdb',
    step: 'kmeans',
    notebook: /^sensors-from/,
    table: 'clustered',
    differs: /does not exist/,
    lesson: 'DuckDB has no k-means, so the exported SQL leaves this step out and names it.',
  },
  {
    engine: 'duckdb',
    step: 'kmeans',
    notebook: /^sensors-from/,
    table: 'by_sensor',
    differs: /does not exist/,
    lesson: 'DuckDB has no k-means, so the exported SQL leaves this step out and names it.',
  },
];
