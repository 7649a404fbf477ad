import {addFileFromDisk} from '../tools/app.mjs';
import {cleaning} from './lib/cleaning.mjs';
import {grouped, median, seconds} from './lib/figures.mjs';
import {runNative} from './lib/native.mjs';
import {readyApp, runNotebook} from './lib/page.mjs';
import {sensorCsv} from './lib/sensor-csv.mjs';

const sizes = [100_000, 1_000_000, 5_000_000];
const repeats = 3;

/** The cleaning pipeline in the browser beside native DuckDB on one thread, in turns, each time from nothing. */
export default async function pipeline() {
  const rows = [];
  let previous;
  for (const size of sizes) {
    const csv = await sensorCsv(size);
    /** @type {{copy: number[], app: number[], native: number[]}} */
    const times = {copy: [], app: [], native: []};
    for (let repeat = 0; repeat < repeats; repeat++) {
      const {copy, ms, cells} = await inBrowser(csv.path);
      times.copy.push(copy);
      times.app.push(ms);
      const native = await runNative(cells.map(({name, sql}) => ({name, sql: sql.replaceAll("'sensors.csv'", `'${csv.path}'`)})));
      times.native.push(native.reduce((sum, cell) => sum + cell.ms, 0));
    }
    const app = median(times.app);
    const native = median(times.native);
    rows.push([
      grouped(size),
      `${(csv.bytes / 1e6).toFixed(0)} MB`,
      seconds(median(times.copy)),
      seconds(app),
      seconds(native),
      (app / native).toFixed(2),
      previous ? `${(app / previous.app).toFixed(1)} for ${size / previous.size}` : '–',
    ]);
    previous = {size, app};
    console.error(`  ${rows.at(-1)?.join('  ')}`);
  }
  return {
    title: 'The cleaning pipeline',
    columns: ['rows', 'file', 'copy to the workspace, s', 'Lakebook, s', 'native DuckDB, 1 thread, s', 'ratio (at most 1.6)', 'growth'],
    rows,
    note: `Load a CSV, cast its timestamps, drop duplicates, fill with means, remove outliers, aggregate by the hour; every cell is kept as a table, in headless Chromium with previews, profiles and differences, in \`@duckdb/node-api\` with the same SQL and \`threads = 1\`. Median of ${repeats}, each from a new browser or database.`,
  };
}

/** @param {string} path */
async function inBrowser(path) {
  const app = await readyApp();
  try {
    const start = performance.now();
    await addFileFromDisk(app.page, 'sensors.csv', path);
    const copy = performance.now() - start;
    const {report, ms} = await runNotebook(app.page, cleaning('sensors.csv'));
    const cells = await app.page.evaluate(
      (names) => names.map((name) => ({name, sql: window.lakebook.sqlOf(name)})),
      report.cells.map(({name}) => name),
    );
    return {copy, ms, cells};
  } finally {
    await app.close();
  }
}
