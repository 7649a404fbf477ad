import {addFileFromDisk} from '../tools/app.mjs';
import {cleaning} from './lib/cleaning.mjs';
import {grouped, median, seconds} from './lib/figures.mjs';
import {runNative} from './lib/native.mjs';
import {readyApp, runNotebook} from './lib/page.mjs';
import {sensorCsv} from './lib/sensor-csv.mjs';
import {isSmoke} from './lib/size.mjs';

const sizes = isSmoke ? [1000, 2000, 4000] : [100_000, 1_000_000, 5_000_000];
const repeats = isSmoke ? 1 : 3;

/** The cleaning pipeline in the browser beside native DuckDB on one thread, in turns, each time from nothing. */
export default async function pipeline() {
  const rows = [];
  let previous;
  /** The pipeline's first run in a new browser, with the smallest file. @type {number[]} */
  const first = [];
  /** Of the largest size, one list a repeat. @type {{name: string, app: number, native: number}[][]} */
  let byCell = [];
  for (const size of sizes) {
    const csv = await sensorCsv(size);
    /** @type {{copy: number[], app: number[], native: number[]}} */
    const times = {copy: [], app: [], native: []};
    byCell = [];
    for (let repeat = 0; repeat < repeats; repeat++) {
      const {copy, ms, cells, cold} = await inBrowser(csv.path);
      first.push(cold);
      times.copy.push(copy);
      times.app.push(ms);
      const native = await runNative(
        cells.map(({name, sql}) => ({name, sql: sql.replaceAll("'sensors.csv'", `'${csv.path}'`)})),
      );
      times.native.push(native.reduce((sum, cell) => sum + cell.ms, 0));
      byCell.push(cells.map((cell, index) => ({name: cell.name, app: cell.ms, native: native[index]?.ms ?? NaN})));
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
  const cellRows = (byCell[0] ?? []).map(({name}, index) => {
    const of = (/** @type {'app' | 'native'} */ side) => median(byCell.map((cells) => cells[index]?.[side] ?? NaN));
    return [name, of('app').toFixed(0), of('native').toFixed(0), (of('app') / of('native')).toFixed(2)];
  });
  return [
    {
      title: 'The cleaning pipeline',
      columns: [
        'rows',
        'file',
        'copy to the workspace, s',
        'Lakebook, s',
        'native DuckDB, 1 thread, s',
        'ratio (at most 1.6)',
        'growth',
      ],
      rows,
      note: `Load a CSV, cast its timestamps, drop duplicates, fill with means, remove outliers, aggregate by the hour; every cell is kept as a table: in headless Chromium, and in \`@duckdb/node-api\` with the same SQL and \`threads = 1\`. Median of ${repeats}, in turns, each in a new browser after a warm-up, or in a new database. The first run in a new browser, while the engine’s code is still being compiled, takes ${seconds(median(first))} s for ${grouped(sizes[0] ?? 0)} rows.`,
    },
    {
      title: `The same by cell, ${grouped(sizes.at(-1) ?? 0)} rows`,
      columns: ['cell', 'Lakebook, ms', 'native, ms', 'ratio'],
      rows: cellRows,
    },
  ];
}

/** @param {string} path */
async function inBrowser(path) {
  const app = await readyApp();
  try {
    // The engine's code is compiled by the browser while it runs; native DuckDB was compiled before. So both start warm.
    await addFileFromDisk(app.page, 'warm-up.csv', (await sensorCsv(sizes[0])).path);
    const cold = (await runNotebook(app.page, cleaning('warm-up.csv'))).ms;
    // The page profiles what is on the screen once a run is over.
    await app.page.waitForTimeout(3000);
    const start = performance.now();
    await addFileFromDisk(app.page, 'sensors.csv', path);
    const copy = performance.now() - start;
    const {report, ms} = await runNotebook(app.page, cleaning('sensors.csv'));
    const cells = await app.page.evaluate(
      (ran) => ran.map(({name, ms: time}) => ({name, ms: time, sql: window.lakebook.sqlOf(name)})),
      report.cells,
    );
    return {copy, ms, cells, cold};
  } finally {
    await app.close();
  }
}
