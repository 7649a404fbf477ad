import {grouped, median, seconds} from './lib/figures.mjs';
import {runNative} from './lib/native.mjs';
import {readyApp, runNotebook} from './lib/page.mjs';
import {isSmoke, sized} from './lib/size.mjs';

const sizes = [sized(100_000), sized(1_000_000)];
const repeats = isSmoke ? 1 : 3;

/** Readings every ten minutes of so many compressors that they make a week's worth each; some values are missing, some beyond their limits, some sent twice. @param {number} rows */
const readings = (rows) => {
  const sensors = Math.round(rows / 1008);
  return `SELECT 'COMP-' || lpad((1 + i % ${sensors})::VARCHAR, 4, '0') AS compressor_id, TIMESTAMP '2024-01-01' + INTERVAL 10 MINUTE * ((i - (i % 5003 = 0)::INTEGER * ${sensors}) // ${sensors}) AS "timestamp", CASE WHEN i % 97 = 0 THEN NULL ELSE round(3 + 2 * sin(i / 1000) + (i * 104729 % 9973) / 4000, 3) END AS vibration_mms, round(200 + 40 * sin(i / 3000) + (i * 104733 % 9973) / 900, 1) AS discharge_temp_f, round(50 + (i * 7919 % 997) / 100, 2) AS suction_pressure_psi FROM range(${rows}) r(i)`;
};

/** Quality checks and alerts, beside native DuckDB with the SQL that the page shows. */
export default async function checks() {
  const lines = [];
  for (const rows of sizes) {
    /** @type {Map<string, {app: number[], one: number[], two: number[]}>} */
    const times = new Map(['checked', 'raised'].map((name) => [name, {app: [], one: [], two: []}]));
    const app = await readyApp();
    try {
      await runNotebook(app.page, notebook(20_000));
      for (let repeat = 0; repeat < repeats; repeat++) {
        // Other rows each time: a result that is there isn't computed again.
        const {report} = await runNotebook(app.page, notebook(rows + repeat));
        const cells = await app.page.evaluate(() =>
          ['readings', 'checked', 'raised'].map((name) => ({name, sql: window.lakebook.sqlOf(name)})),
        );
        const [one, two] = [await runNative(cells, 1), await runNative(cells, 2)];
        for (const [name, found] of times) {
          const of = (/** @type {readonly {name: string, ms: number}[]} */ ran) =>
            ran.find((cell) => cell.name === name)?.ms ?? NaN;
          found.app.push(of(report.cells));
          found.one.push(of(one));
          found.two.push(of(two));
        }
      }
    } finally {
      await app.close();
    }
    for (const [name, what] of [
      ['checked', 'quality, 14 checks'],
      ['raised', 'alerts, 2 metrics'],
    ]) {
      const found = times.get(name);
      const [ours, one, two] = [found?.app, found?.one, found?.two].map((all) => median(all ?? []));
      lines.push([what, grouped(rows), seconds(ours), seconds(one), seconds(two), (ours / one).toFixed(2)]);
      console.error(`  ${lines.at(-1)?.join('  ')}`);
    }
  }
  return {
    title: 'Quality checks and alerts',
    columns: ['what', 'rows', 'Lakebook, s', 'native DuckDB, 1 thread, s', '2 threads, s', 'ratio to 1 thread'],
    rows: lines,
    note: `Medians of ${repeats}, the browser after a warm-up. Lakebook also keeps the rows that fail each check, with the reason, which the SQL of the native side doesn’t make.`,
  };
}

/** @param {number} rows */
const notebook = (rows) => `# Checks

\`\`\`sql readings
${readings(rows)}
\`\`\`

\`\`\`step checked = quality
from: readings
time: timestamp
now: "2024-01-08 00:00:00"
schema: {compressor_id: string, timestamp: timestamp, vibration_mms: double}
other_columns: true
ranges: {vibration_mms: {min: 0, max: 50}, discharge_temp_f: {min: 60, max: 400}}
keys: [compressor_id, timestamp]
conditions: [{name: pressure is there, expression: suction_pressure_psi > 0}]
\`\`\`

\`\`\`step raised = alerts
from: readings
by: [compressor_id]
time: timestamp
rules: {vibration_mms: {warning: 4.5, critical: 7.1, clear: 4}, discharge_temp_f: {warning: 230, critical: 250, clear: 225}}
readings: 3
out_of: 5
cooldown: 4h
\`\`\`
`;
