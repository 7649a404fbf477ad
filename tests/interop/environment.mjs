import {spawn, spawnSync} from 'node:child_process';
import {existsSync, mkdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {root} from '../tools/setup.mjs';
import {whyNoServer} from './postgres-server.mjs';

const home = join(root, '.cache', 'interop');
/** Where tables, jobs and results of a run lie. */
export const work = join(home, 'work');

/** Python environments by name, with exactly what is in them; `jars` come through Spark's own resolver. */
const environments = {
  spark40: {
    packages: [
      'pyspark==4.0.1',
      'delta-spark==4.0.1',
      'pyarrow==26.0.1',
      'numpy==2.4.6',
      'nbformat==5.11.1',
      'ruff==0.17.5',
    ],
    jars: 'io.delta:delta-spark_2.13:4.0.1',
  },
  spark41: {
    packages: ['pyspark==4.1.1', 'delta-spark==4.1.0', 'pyarrow==26.0.1'],
    jars: 'io.delta:delta-spark_4.1_2.13:4.1.0',
  },
  deltalake: {packages: ['deltalake==1.6.6', 'pyarrow==26.0.1', 'duckdb==1.5.5'], jars: undefined},
  duckdb: {
    packages: ['duckdb==1.5.5', 'duckdb-cli==1.5.5', 'duckdb-extension-delta==1.5.5', 'pyarrow==26.0.1'],
    jars: undefined,
  },
  encryption: {packages: ['cryptography==50.0.2', 'pyrage==1.4.0'], jars: undefined},
};
/** @typedef {keyof typeof environments} EngineName */

const modules = {
  spark40: 'spark_engine',
  spark41: 'spark_engine',
  deltalake: 'delta_rs_engine',
  duckdb: 'duckdb_engine',
  encryption: 'encryption_engine',
};

/** @param {EngineName} name */
export function environmentOf(name) {
  const folder = join(home, name);
  const {jars} = environments[name];
  /** @type {Record<string, string>} */
  const env =
    jars === undefined
      ? {}
      : {PYSPARK_PYTHON: pythonOf(folder), SPARK_LOCAL_IP: '127.0.0.1', SPARK_HOME: sparkHome(folder)};
  return {
    python: pythonOf(folder),
    module: modules[name],
    args: jars === undefined ? [] : [join(folder, 'ivy', 'jars')],
    env,
  };
}

/** @param {string} folder */
const pythonOf = (folder) =>
  process.platform === 'win32' ? join(folder, 'Scripts', 'python.exe') : join(folder, 'bin', 'python');

/** @param {string} folder */
function sparkHome(folder) {
  const {stdout} = spawnSync(pythonOf(folder), ['-c', 'import pyspark; print(pyspark.__path__[0])'], {
    encoding: 'utf8',
  });
  return stdout.trim();
}

/** Whether an environment is there as it should be. @param {EngineName} name */
export const isReady = (name) =>
  existsSync(stampOf(name)) && readFileSync(stampOf(name), 'utf8') === JSON.stringify(environments[name]);
/** @param {EngineName} name */
const stampOf = (name) => join(home, name, 'ready.json');

/**
 * Makes the environments that are missing; everything is kept for the next run.
 * @returns {Promise<Partial<Record<EngineName, string>>>} why an engine can't be had
 */
export async function ensureEnvironments() {
  mkdirSync(home, {recursive: true});
  /** @type {Partial<Record<EngineName, string>>} */
  const missing = {};
  if (!works('java', '-version')) installJava();
  // Where it can't be had, rage stands for it.
  if (!works('age', '--version')) installOnDebian('age', 'age');
  // The checks with a server say what is missing.
  if (whyNoServer() !== undefined) installOnDebian('PostgreSQL', 'postgresql');
  // Two at a time: each waits for the network as much as for the processor.
  const waiting = /** @type {EngineName[]} */ (Object.keys(environments)).filter((name) => !isReady(name));
  if (waiting.length > 0) console.log(`Setting up ${waiting.join(', ')} in .cache/interop …`);
  const next = async () => {
    for (let name = waiting.shift(); name; name = waiting.shift()) {
      try {
        await setUp(name);
      } catch (error) {
        missing[name] = error instanceof Error ? error.message : String(error);
      }
    }
  };
  await Promise.all([next(), next()]);
  return missing;
}

/** @param {EngineName} name */
async function setUp(name) {
  const folder = join(home, name);
  const {packages, jars} = environments[name];
  rmSync(folder, {recursive: true, force: true});
  await run(process.platform === 'win32' ? 'python' : 'python3', ['-m', 'venv', folder]);
  await run(pythonOf(folder), [
    '-m',
    'pip',
    'install',
    '--quiet',
    '--disable-pip-version-check',
    '--no-input',
    ...packages,
  ]);
  if (jars !== undefined) {
    const script = `from pyspark.sql import SparkSession; SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false").config("spark.jars.packages", "${jars}").config("spark.jars.ivy", ${JSON.stringify(join(folder, 'ivy'))}).getOrCreate().stop()`;
    await run(pythonOf(folder), ['-c', script], environmentOf(name).env);
  }
  writeFileSync(stampOf(name), JSON.stringify(environments[name]));
}

function installJava() {
  installOnDebian('Java 17', 'openjdk-17-jre-headless');
  if (!works('java', '-version'))
    throw new Error('Spark needs Java 17. Install it (openjdk-17-jre-headless) and run this again.');
}

/** Does nothing elsewhere, or for anyone but root. @param {string} what @param {string} packageName */
function installOnDebian(what, packageName) {
  if (process.getuid?.() !== 0 || !works('apt-get', '--version')) return;
  console.log(`Installing ${what} …`);
  works('apt-get', 'update', '-qq');
  works('apt-get', 'install', '-y', '-qq', '--no-install-recommends', packageName);
}

/** @param {string} command @param {string[]} args */
const works = (command, ...args) =>
  spawnSync(command, args, {stdio: 'ignore', env: {...process.env, DEBIAN_FRONTEND: 'noninteractive'}}).status === 0;

/** @param {string} command @param {string[]} args @param {Record<string, string>} [env] */
function run(command, args, env = {}) {
  return new Promise((done, failed) => {
    const child = spawn(command, args, {stdio: ['ignore', 'pipe', 'pipe'], env: {...process.env, ...env}});
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk) => (output = (output + chunk).slice(-2000)));
    child.on('error', failed);
    child.on('close', (code) =>
      code === 0 ? done(undefined) : failed(new Error(`${command} ${args.slice(0, 4).join(' ')} … failed:\n${output}`)),
    );
  });
}
