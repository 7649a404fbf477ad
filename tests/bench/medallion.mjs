import {spawn} from 'node:child_process';
import {mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {environmentOf, isReady} from '../interop/environment.mjs';
import {addFileFromDisk} from '../tools/app.mjs';
import {root} from '../tools/setup.mjs';
import {compressorFiles, folder, medallion} from './lib/compressors.mjs';
import {grouped, median, megabytes, seconds} from './lib/figures.mjs';
import {pageMemory} from './lib/memory.mjs';
import {runNative} from './lib/native.mjs';
import {readyApp, runNotebook} from './lib/page.mjs';
import {isSmoke} from './lib/size.mjs';

// One size alone: LAKEBOOK_BENCH_UNITS=45 npm run bench medallion
const sizes = (process.env.LAKEBOOK_BENCH_UNITS ?? (isSmoke ? '5' : '45,450,4500')).split(',').map(Number);
const repeats = isSmoke ? 1 : 5;

/** A week of compressors from raw Parquet to gold and hourly figures, here, in native DuckDB and in Spark; and the shipped notebook, warm. */
export default async function bench() {
  const rows = [];
  let previous;
  /** @type {{name: string, app: number, one: number, two: number}[]} */
  let byCell = [];
  for (const units of sizes) {
    const files = await compressorFiles(units);
    const app = await inBrowser(files);
    const one = await runNative(app.cells, 1);
    const two = await runNative(app.cells, 2);
    const spark = await inSpark(app.job);
    const [oneMs, twoMs] = [one, two].map((cells) => cells.reduce((sum, {ms}) => sum + ms, 0));
    byCell = app.cells.map(({name, ms}, i) => ({name, app: ms, one: one[i]?.ms ?? NaN, two: two[i]?.ms ?? NaN}));
    rows.push([
      grouped(files.rows),
      megabytes(files.bytes),
      seconds(app.ms),
      app.memory === undefined ? 'Linux only' : megabytes(app.memory),
      seconds(oneMs ?? NaN),
      seconds(twoMs ?? NaN),
      spark === undefined ? 'no Spark here' : `${spark.cells.toFixed(1)} (${spark.whole.toFixed(0)} with its start)`,
      previous === undefined
        ? '–'
        : `${(app.ms / previous.ms).toFixed(1)} for ${(files.rows / previous.rows).toFixed(1)}`,
    ]);
    previous = {rows: files.rows, ms: app.ms};
    console.error(`  ${rows.at(-1)?.join('  ')}`);
  }
  return [
    {
      title: 'A week of compressors, from raw Parquet to gold and hourly figures',
      columns: [
        'readings',
        'file',
        'Lakebook, s (at most 60)',
        'page process, peak (at most 4,000 MB)',
        'native DuckDB, 1 thread, s',
        '2 threads, s',
        'PySpark local[2], s',
        'growth',
      ],
      rows,
      note: 'Thirteen cells, every one kept as a table: cast, validate, dedup, outliers per compressor, join, rates, thresholds, thirty rolling features. Each in a new browser after a warm-up with 10 compressors; native DuckDB runs the SQL that the cells show; Spark runs the exported job, which writes each cell as Parquet, too.',
    },
    {
      title: `The same by cell, ${rows.at(-1)?.[0] ?? ''} readings`,
      columns: ['cell', 'Lakebook, ms', 'DuckDB, 1 thread, ms', '2 threads, ms'],
      rows: byCell.map(({name, app, one, two}) => [name, app.toFixed(0), one.toFixed(0), two.toFixed(0)]),
    },
    await shipped(),
  ];
}

/** @param {Awaited<ReturnType<typeof compressorFiles>>} files */
async function inBrowser({readings, fleet}) {
  const app = await readyApp();
  try {
    const warm = await compressorFiles(10);
    for (const file of new Set([warm.readings, warm.fleet, readings, fleet]))
      await addFileFromDisk(app.page, file, join(folder, file));
    await runNotebook(app.page, medallion(warm.readings, warm.fleet));
    await app.page.waitForTimeout(3000);
    const {report, ms} = await runNotebook(app.page, medallion(readings, fleet));
    const memory = await pageMemory(app.profile);
    const job = await app.page.evaluate(() => window.lakebook.handover('pyspark'));
    const cells = await app.page.evaluate(
      (ran) => ran.map(({name, ms: time}) => ({name, ms: time, sql: window.lakebook.sqlOf(name)})),
      report.cells,
    );
    return {
      ms,
      memory: memory?.peak,
      job,
      cells: cells.map((cell) => ({
        ...cell,
        sql: cell.sql.replaceAll(/'(compressors-[\w-]+\.parquet)'/g, (_, file) => `'${join(folder, file)}'`),
      })),
    };
  } finally {
    await app.close();
  }
}

/** Seconds of a job's cells and of the whole, the session's start included; undefined where Spark isn't set up. @param {string} text */
async function inSpark(text) {
  if (isSmoke || !isReady('spark40')) return undefined;
  const {python, env, args} = environmentOf('spark40');
  const home = mkdtempSync(join(tmpdir(), 'lakebook-bench-'));
  try {
    const job = join(home, 'job.py');
    writeFileSync(job, text);
    const start = performance.now();
    const submit = join(env.SPARK_HOME ?? '', 'bin', 'spark-submit');
    const jars = readdirSync(args[0] ?? '').flatMap((name) =>
      /log4j|slf4j/.test(name) ? [] : [join(args[0] ?? '', name)],
    );
    const conf = [
      'spark.driver.host=127.0.0.1',
      'spark.driver.bindAddress=127.0.0.1',
      'spark.ui.enabled=false',
      'spark.sql.shuffle.partitions=4',
    ].flatMap((one) => ['--conf', one]);
    const child = spawn(
      submit,
      [
        '--master',
        'local[2]',
        '--driver-memory',
        '6g',
        '--jars',
        jars.join(','),
        ...conf,
        job,
        '--input',
        folder,
        '--output',
        join(home, 'output'),
      ],
      {
        cwd: home,
        env: {...process.env, ...env, PYSPARK_DRIVER_PYTHON: python},
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (said += chunk));
    const code = await new Promise((done) => child.on('close', done));
    const whole = (performance.now() - start) / 1000;
    if (code !== 0)
      throw new Error(
        `The PySpark job failed.\n${said
          .split('\n')
          .filter((line) => / (ERROR|INFO) \w+ +/.test(line))
          .slice(-5)
          .join('\n')}`,
      );
    const cells = [...said.matchAll(/ rows(?:, [\d,]+ rejected)?, ([\d.]+) s$/gm)].reduce(
      (sum, [, took]) => sum + Number(took),
      0,
    );
    return {cells, whole};
  } finally {
    rmSync(home, {recursive: true, force: true});
  }
}

/** The notebook of ten compressors: for the first time in a new browser, and again with other names for its file and tables, so that all of it is computed and written anew. */
async function shipped() {
  const text = readFileSync(join(root, 'notebooks', 'compressors-bronze-silver-gold.md'), 'utf8');
  const samples = join(root, 'public', 'samples');
  const app = await readyApp();
  try {
    for (const name of ['compressor-metadata.csv', 'maintenance-log.json'])
      await addFileFromDisk(app.page, name, join(samples, name));
    const tables = [...text.matchAll(/^table: (\w+)$/gm)].map(([, table]) => `\\b${table}\\b`).join('|');
    const times = [];
    let cells = 0;
    for (let turn = 0; turn <= repeats; turn++) {
      await addFileFromDisk(app.page, `compressors-${turn}.csv`, join(samples, 'compressors.csv'));
      const renamed = text
        .replaceAll('compressors.csv', `compressors-${turn}.csv`)
        .replaceAll(new RegExp(tables, 'g'), `$&_${turn}`);
      const {report, ms} = await runNotebook(app.page, renamed);
      cells = report.cells.length;
      times.push(ms);
      await app.page.waitForTimeout(3000);
    }
    const [cold = NaN, ...warm] = times;
    return {
      title: 'The notebook of ten compressors, 10,080 readings',
      columns: ['what', 's'],
      rows: [
        [`all ${cells} cells, in a new browser`, seconds(cold)],
        [`the same again with another file and other tables, median of ${repeats} (at most 2)`, seconds(median(warm))],
      ],
      note: 'From the CSV to PostgreSQL, with every snapshot written to the lake; in the new browser with the start of PostgreSQL.',
    };
  } finally {
    await app.close();
  }
}
