import {spawn} from 'node:child_process';
import {mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {root} from '../tools/setup.mjs';
import {same} from './compare.mjs';
import {startEngine} from './engines.mjs';
import {environmentOf, work} from './environment.mjs';
import {dataNotebooks} from './equality/data.mjs';
import {databaseNotebooks} from './equality/databases.mjs';
import {compareWith, typed} from './equality/equality.mjs';
import {explanations} from './equality/explained.mjs';
import {exampleNotebooks, loadSteps, markdownOf, shippedNotebooks, stepCell} from './equality/notebooks.mjs';
import {openPage} from './equality/page.mjs';
import {randomNotebooks} from './equality/random.mjs';
import {difference} from './equality/rows.mjs';

// Every day tries other notebooks; LAKEBOOK_SEED=20600 npm run test:interop tries those of one day again.
const seed = Number(process.env.LAKEBOOK_SEED ?? Math.floor(Date.now() / 86_400_000));

/**
 * The page, Spark 4.0 with Delta Lake 4.0, and DuckDB give the same rows: of every example of every step, of every notebook that ships
 * with the app, of tables full of what engines differ on, and of notebooks made up from a seed.
 * @param {import('./compare.mjs').Checks} checks
 * @param {string} [word] only the notebooks that have it in their name, such as a step's; `random` for those that are made up
 * @param {number} [randomCount] how many are made up
 */
export async function equality(checks, word = '', randomCount = 40) {
  const folder = join(work, 'equality');
  mkdirSync(folder, {recursive: true});
  const [page, spark] = await Promise.all([openPage(), startEngine('spark40', 'job_engine')]);
  const {all, explained, jobs, close} = compareWith(page, spark);
  try {
    const chosen = (/** @type {readonly import('./equality/notebooks.mjs').Notebook[]} */ notebooks) =>
      notebooks.filter(({name}) => name.includes(word));
    const shipped = chosen(shippedNotebooks());
    await all(checks, chosen(await exampleNotebooks()), {what: 'Examples of the steps'});
    await all(checks, chosen(await dataNotebooks()), {what: 'Steps over difficult rows'});
    await all(checks, chosen(await databaseNotebooks()), {what: 'Tables of databases'});
    if (word === '' || word === 'random') {
      console.log(`${randomCount} random notebooks from seed ${seed} …`);
      await all(checks, randomNotebooks(seed * 10_000, randomCount), {what: 'Random notebooks', quiet: true});
    }
    for (const notebook of shipped) await all(checks, [notebook], {what: notebook.name, written: true});
    if (word === '') await explained(checks, await loadSteps());
    // Nothing is kept between Jupyter's cells: those with layers would compute their windows a dozen times over.
    const short = shipped.filter(({markdown}) => !markdown.includes('= rolling'));
    for (const notebook of short)
      await checks.check(`${notebook.name} as a Jupyter notebook`, () => inJupyter(page, spark, notebook));
    await checks.check('ruff has nothing to say of any job', () => ruff(folder, jobs));
    if (word === '') {
      await checks.check('clean-a-sensor-file.md by spark-submit', () => submitted(page, spark, folder, shipped));
      await checks.check('a job whose schema lake lies elsewhere stops before its first cell', () =>
        lakeElsewhere(page, spark, shipped),
      );
    }
    if ('snapshot, run again'.includes(word))
      await checks.check('a job that is run again appends what is new, and a layer can be left out', () =>
        runAgain(page, spark, folder),
      );
    await checks.check('the page of the notebooks has no uncaught errors', () => same('faults', page.faults, []));
  } finally {
    await Promise.all([page.close(), spark.close(), close()]);
  }
}

/** @typedef {Awaited<ReturnType<typeof openPage>>} Page */
/** @typedef {import('./engines.mjs').Engine} Engine */

/** Throws unless the tables are those of the page. @param {import('./equality/page.mjs').Ran} ran @param {Record<string, any>} tables @param {(name: string) => boolean} [isMeant] */
function sameTables(ran, tables, isMeant = () => true) {
  const names = Object.keys(tables).filter(isMeant);
  const wrong = names.flatMap((name) => {
    const expected = ran.tables[name];
    const differs = expected && difference(typed(tables[name]), expected);
    return differs === undefined ? [] : [`${name}: ${differs}`];
  });
  if (wrong.length > 0) throw new Error(wrong.join('\n'));
  if (names.length === 0) throw new Error('No table was compared.');
  return `${names.length} tables`;
}

/** Tables that no explanation is about. @param {import('./equality/page.mjs').Ran} ran @param {import('./equality/notebooks.mjs').Notebook} notebook */
const plain = (ran, notebook) => (/** @type {string} */ name) =>
  name in ran.tables &&
  ran.kinds[name] !== 'kmeans' &&
  !explanations.some(({engine, table, notebook: of}) => engine === 'spark' && table === name && of.test(notebook.name));

/** @param {Page} page @param {Engine} spark @param {import('./equality/notebooks.mjs').Notebook} notebook */
async function inJupyter(page, spark, notebook) {
  const ran = await page.run(notebook);
  const tables = await spark.call({
    do: 'notebook',
    text: ran.jupyter,
    folder: notebook.folder,
    tables: Object.keys(ran.tables),
  });
  return sameTables(ran, tables, plain(ran, notebook));
}

/** @param {string} folder @param {ReadonlyMap<string, string>} jobs */
async function ruff(folder, jobs) {
  const into = join(folder, 'jobs');
  rmSync(into, {recursive: true, force: true});
  mkdirSync(into, {recursive: true});
  [...jobs.values()].forEach((text, i) => writeFileSync(join(into, `job_${i}.py`), text));
  const python = environmentOf('spark40').python;
  const linted = await run(
    python,
    [
      '-m',
      'ruff',
      'check',
      '--isolated',
      '--no-cache',
      '--quiet',
      '--output-format',
      'concise',
      '--extend-select',
      'I,UP,B',
      '--target-version',
      'py39',
      into,
    ],
    {},
    into,
  );
  if (linted.code !== 0) throw new Error(linted.output);
  const compiled = await run(python, ['-m', 'compileall', '-q', into]);
  if (compiled.code !== 0) throw new Error(compiled.output);
  return `${jobs.size} jobs`;
}

/** The bundle as a reader has it: whole, from a cell on with one left out, and with its input missing. @param {Page} page @param {Engine} spark @param {string} folder @param {readonly import('./equality/notebooks.mjs').Notebook[]} shipped */
async function submitted(page, spark, folder, shipped) {
  const notebook = shipped.find(({name}) => name === 'clean-a-sensor-file.md');
  if (notebook === undefined) throw new Error('clean-a-sensor-file.md is not there.');
  const ran = await page.run(notebook);
  const [zip, bundle, output] = [join(folder, 'bundle.zip'), join(folder, 'bundle'), join(folder, 'output')];
  writeFileSync(zip, await page.zip('pyspark'));
  const files = await spark.call({do: 'unpack', archive: zip, folder: bundle});
  const job = files.find((/** @type {string} */ file) => file.endsWith('.py'));
  same('files of the bundle', files.map((/** @type {string} */ file) => file.split('.').at(-1)).sort(), [
    'ipynb',
    'md',
    'md',
    'py',
    'txt',
  ]);
  same('requirements', readFileSync(join(bundle, 'requirements.txt'), 'utf8').includes('pyspark=='), true);
  const submit = (/** @type {string[]} */ ...args) => sparkSubmit(join(bundle, job), args);
  const samples = ['--input', join(root, 'public/samples'), '--output', output];
  const names = Object.keys(ran.tables);
  const whole = await submit(...samples);
  same(`exit code\n${whole.output}`, whole.code, 0);
  const written = await spark.call({do: 'parquet', folder: output, tables: names});
  same(
    'cells written',
    names.filter((name) => plain(ran, notebook)(name) && !(name in written)),
    [],
  );
  const said = sameTables(ran, written, plain(ran, notebook));
  const part = await submit(...samples, '--from', 'cleaned', '--skip', 'hourly');
  same(`exit code from a cell on\n${part.output}`, part.code, 0);
  same(
    'cells run',
    [
      /cleaned +[\d,]+ rows/.test(part.output),
      /hourly +not run/.test(part.output),
      /checked +not run/.test(part.output),
    ],
    [true, true, true],
  );
  sameTables(ran, await spark.call({do: 'parquet', folder: output, tables: names}), plain(ran, notebook));
  const missing = await submit('--input', bundle, '--output', join(folder, 'nothing'));
  same(`exit code without input\n${missing.output}`, missing.code, 1);
  return said;
}

/** @param {Page} page @param {Engine} spark @param {readonly import('./equality/notebooks.mjs').Notebook[]} shipped */
async function lakeElsewhere(page, spark, shipped) {
  const notebook = shipped.find(({name}) => name === 'acid-and-time-travel.md');
  if (notebook === undefined) throw new Error('acid-and-time-travel.md is not there.');
  const {job: text} = await page.run(notebook);
  const before = [`CREATE SCHEMA lake LOCATION '${join(work, 'elsewhere')}'`];
  const {code, said, tables} = await spark.call({
    do: 'job',
    text,
    folder: notebook.folder,
    tables: ['readings'],
    before,
  });
  same('exit code, and cells run', [code, Object.keys(tables)], [1, []]);
  same(`the sentence in ${said}`, /The schema lake lies at file:.*elsewhere already, not at file:/.test(said), true);
}

/** One notebook over and over in sessions of their own: the same file, the same again, another, and that without its layers. @param {Page} page @param {Engine} spark @param {string} folder */
async function runAgain(page, spark, folder) {
  const home = mkdtempSync(join(folder, 'again-'));
  const [input, output, lake, job] = ['input', 'output', 'lake', 'job.py'].map((name) => join(home, name));
  const midnight = '2024-01-01T00:00:00';
  const first = `sensor_id,value,at\ns-1,1.5,${midnight}\ns-1,1.5,${midnight}\n,2,${midnight}\ns-2,,${midnight}\ns-1,7.5,2024-01-01T01:00:00\n`;
  mkdirSync(input);
  writeFileSync(join(input, 'in.csv'), first);
  const cells = [
    stepCell('raw', 'load', {
      file: 'in.csv',
      header: 'true',
      schema: {sensor_id: 'string', value: 'double', at: 'timestamp'},
    }),
    '## Bronze',
    stepCell('stamped', 'audit_columns', {}),
    stepCell('bronze', 'snapshot', {table: 'bronze_again'}),
    '## Silver',
    stepCell('arrived', 'read_table', {table: 'bronze_again'}),
    stepCell('silver', 'snapshot', {table: 'silver_again', mode: 'overwrite'}),
    '## Gold',
    stepCell('believed', 'read_table', {table: 'silver_again'}),
    stepCell('known', 'filter', {condition: 'sensor_id IS NOT NULL'}),
    stepCell('once', 'dedup', {keys: ['sensor_id', 'at']}),
    stepCell('rolled', 'rolling', {
      columns: ['value'],
      by: ['sensor_id'],
      time: 'at',
      windows: ['1h'],
      statistics: ['mean'],
    }),
    stepCell('dated', 'derive', {columns: {date: 'CAST(at AS DATE)'}}),
    stepCell('gold', 'snapshot', {
      table: 'gold_again',
      mode: 'merge',
      keys: ['sensor_id', 'at'],
      partition_by: ['date'],
    }),
  ];
  const ran = await page.run({name: 'again', markdown: markdownOf('again', cells), folder: input});
  writeFileSync(job, ran.job);
  const jars = readdirSync(environmentOf('spark40').args[0] ?? '').filter((name) => !/log4j|slf4j/.test(name));
  const submit = async (/** @type {string[]} */ ...args) => {
    const paths = jars.map((name) => join(environmentOf('spark40').args[0] ?? '', name)).join(',');
    // A schema lies in one place: Derby's folder is this run's own.
    const {code, output: said} = await sparkSubmit(
      job,
      ['--input', input, '--output', output, '--lake', lake, ...args],
      ['--jars', paths],
      home,
    );
    same(`exit code\n${said}`, code, 0);
    return said;
  };
  const latest = async (/** @type {string} */ table) => {
    const {history} = await spark.call({do: 'read', path: join(lake, table), versions: [], times: []});
    const newest = Math.max(...history.map((/** @type {{version: number}} */ {version}) => version));
    const {versions} = await spark.call({do: 'read', path: join(lake, table), versions: [newest], times: []});
    return {newest, rows: versions[newest].rows};
  };
  const rows = async (/** @type {string} */ table) => {
    const {newest, rows: found} = await latest(table);
    return [newest, found.length];
  };
  /** Gold's sensors, times and means. */
  const gold = async () =>
    (await latest('gold_again')).rows.map((/** @type {unknown[]} */ row) => `${row[0]} ${row[2]} ${row.at(-2)}`).sort();
  const ofFirst = ['s-1 2024-01-01T00:00:00 1.5', 's-1 2024-01-01T01:00:00 4.5', 's-2 2024-01-01T00:00:00 null'];
  await submit();
  same('version and rows of bronze after the first run', await rows('bronze_again'), [0, 5]);
  same('gold of the first file', await gold(), ofFirst);
  await submit();
  same('after the same file again', await rows('bronze_again'), [0, 5]);
  same('gold after the same file again', await gold(), ofFirst);
  // The same values with the gap in the other column: rows that differ, though their values don't; and a reading that comes late.
  writeFileSync(join(input, 'in.csv'), `${first.replace(',2,', '2,,')}s-1,3,2024-01-01T00:30:00\n`);
  await submit('--skip-silver');
  same(
    'after another file, without silver',
    [await rows('bronze_again'), await rows('silver_again')],
    [
      [1, 11],
      [1, 5],
    ],
  );
  const said = await submit('--skip-bronze');
  same(
    'cells not run without bronze',
    [...said.matchAll(/(\w+) +not run/g)].map(([, name]) => name),
    ['stamped', 'bronze'],
  );
  same('silver, from the lake alone', await rows('silver_again'), [2, 11]);
  same('gold has each reading once, and the late one in the windows after it', await gold(), [
    '2 2024-01-01T00:00:00 null',
    's-1 2024-01-01T00:00:00 1.5',
    's-1 2024-01-01T00:30:00 2.25',
    's-1 2024-01-01T01:00:00 4',
    's-2 2024-01-01T00:00:00 null',
  ]);
  rmSync(home, {recursive: true});
  return '4 runs';
}

/** @param {string} job @param {string[]} args @param {readonly string[]} [options] @param {string} [cwd] @param {Record<string, string>} [given] more of its environment */
export function sparkSubmit(job, args, options = [], cwd = undefined, given = {}) {
  const {python, env} = environmentOf('spark40');
  const settings = {
    'spark.driver.host': '127.0.0.1',
    'spark.driver.bindAddress': '127.0.0.1',
    'spark.ui.enabled': 'false',
    'spark.sql.shuffle.partitions': '1',
  };
  const conf = Object.entries(settings).flatMap(([name, value]) => ['--conf', `${name}=${value}`]);
  const command = join(env.SPARK_HOME ?? '', 'bin', 'spark-submit');
  return run(
    command,
    ['--master', 'local[2]', '--driver-memory', '1g', ...options, ...conf, job, ...args],
    {...env, ...given, PYSPARK_DRIVER_PYTHON: python},
    cwd,
  );
}

/** @param {string} command @param {readonly string[]} args @param {Record<string, string>} [env] @param {string} [cwd] ruff takes what lies there for the job's own modules @returns {Promise<{code: number | null, output: string}>} */
function run(command, args, env = {}, cwd = undefined) {
  return new Promise((done, failed) => {
    const child = spawn(command, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {...process.env, ...env},
      ...(cwd !== undefined && {cwd}),
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk) => (output = (output + chunk).slice(-6000)));
    child.on('error', failed);
    child.on('close', (code) => done({code, output}));
  });
}
