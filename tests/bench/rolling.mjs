import {grouped, megabytes, seconds} from './lib/figures.mjs';
import {pageMemory} from './lib/memory.mjs';
import {runNative} from './lib/native.mjs';
import {readyApp, runNotebook} from './lib/page.mjs';
import {sized} from './lib/size.mjs';

/** Rows, and how many columns have windows. @type {readonly (readonly [rows: number, columns: number])[]} */
const sizes = [
  [sized(1_000_000), 1],
  [sized(1_000_000), 4],
  [sized(4_500_000), 1],
  [sized(4_500_000), 3],
];
const signals = ['vibration_mms', 'discharge_temp_f', 'suction_pressure_psi', 'gas_flow_mcfd'];

/** Readings every ten minutes of a week's worth of compressors, in the order in which they come in. @param {number} rows @param {number} columns */
const readings = (rows, columns) =>
  `SELECT 'COMP-' || lpad((1 + i % ${sensors(rows)})::VARCHAR, 4, '0') AS compressor_id, TIMESTAMP '2024-01-01' + INTERVAL 10 MINUTE * (i // ${sensors(rows)}) AS "timestamp", ${signals
    .slice(0, columns)
    .map(
      (name, c) => `round(10 + ${c} + 3 * sin(i / ${1000 + c}) + (i * ${104729 + 2 * c} % 9973) / 5000, 3) AS ${name}`,
    )
    .join(', ')} FROM range(${rows}) r(i)`;
const sensors = (/** @type {number} */ rows) => Math.round(rows / 1008);

/** Rolling windows of 1, 4 and 24 hours with mean, std, min, max and slope, beside native DuckDB's windows on one and two threads: the SQL that the page shows. */
export default async function rolling() {
  const lines = [];
  for (const [rows, columns] of sizes) {
    const ours = await inBrowser(rows, columns);
    const cells = [
      {name: 'readings', sql: readings(rows, columns)},
      {name: 'rolled', sql: ours.sql},
    ];
    const [one = NaN, two = NaN] = [await native(cells, 1), await native(cells, 2)];
    lines.push([
      `${grouped(rows)} × ${columns}`,
      String(columns * 15),
      seconds(ours.ms),
      seconds(one),
      seconds(two),
      (ours.ms / two).toFixed(2),
      ours.peak === undefined ? '–' : megabytes(ours.peak),
    ]);
    console.error(`  ${lines.at(-1)?.join('  ')}`);
  }
  return {
    title: 'Rolling windows',
    columns: [
      'rows × columns',
      'new columns',
      'Lakebook, s',
      'native DuckDB, 1 thread, s',
      '2 threads, s',
      'ratio to 2 threads (at most 1)',
      'peak memory of the page',
    ],
    rows: lines,
    note: 'Windows of 1, 4 and 24 hours, mean, std, min, max and slope, per compressor; readings every ten minutes for a week. One run each, the browser after a warm-up; the rows keep their order in both.',
  };
}

/** @param {readonly {name: string, sql: string}[]} cells @param {number} threads */
async function native(cells, threads) {
  return (await runNative(cells, threads)).at(-1)?.ms;
}

/** @param {number} rows @param {number} columns */
async function inBrowser(rows, columns) {
  const app = await readyApp();
  try {
    await runNotebook(app.page, notebook(20_000, columns));
    const {report} = await runNotebook(app.page, notebook(rows, columns));
    const sql = await app.page.evaluate(() => window.lakebook.sqlOf('rolled'));
    return {
      ms: report.cells.find(({name}) => name === 'rolled')?.ms ?? NaN,
      sql,
      peak: (await pageMemory(app.profile))?.peak,
    };
  } finally {
    await app.close();
  }
}

/** @param {number} rows @param {number} columns */
const notebook = (rows, columns) =>
  `# Rolling\n\n\`\`\`sql readings\n${readings(rows, columns)}\n\`\`\`\n\n\`\`\`step rolled = rolling\nfrom: readings\ncolumns: [${signals.slice(0, columns).join(', ')}]\ntime: timestamp\nby: compressor_id\n\`\`\`\n`;
