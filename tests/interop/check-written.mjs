import {spawnSync} from 'node:child_process';
import {existsSync, readFileSync, statSync} from 'node:fs';
import {join} from 'node:path';
import {counted, duckTypeText, fieldsOf, same, sameRows, typeText} from './compare.mjs';
import {work} from './environment.mjs';
import {written} from './tables.mjs';

/**
 * A table as the browser has it, and the folder its zip was unpacked to.
 * @typedef {{name: string, folder: string, versions: Map<number, Version>, history: import('../../workers/contract/lake.ts').Commit[]}} Table
 * @typedef {{columns: string[], types: string[], rows: unknown[][], schema: any}} Version
 */

/**
 * The browser writes every table of tables.mjs, and exports it.
 * @param {import('./compare.mjs').Checks} checks
 * @param {import('./browser.mjs').Lake} lake
 * @param {import('./engines.mjs').Engine} archivist unpacks the zips
 * @returns {Promise<Table[]>}
 */
export async function writeTables(checks, lake, archivist) {
  /** @type {Table[]} */
  const tables = [];
  for (const {name, steps, types, partitions} of written) {
    await checks.check(`the browser writes ${name}`, async () => {
      await lake.apply(name, steps);
      const table = await lake.everything(name);
      const latest = await lake.version(name);
      if (types)
        same(
          'types',
          Object.fromEntries(latest.schema.fields.map((field) => [field.name, typeText(field.type)])),
          types,
        );
      if (partitions) same('partitions', latest.partitionColumns, partitions);
      same('versions in the history', table.history.length, steps.filter((step) => !('vacuum' in step)).length);
      const folder = await unpacked(lake, archivist, name, name);
      tables.push({name, folder, ...table});
      return counted(table.history.length);
    });
    const table = tables.find((done) => done.name === name);
    if (!table) continue;
    await checks.check(`the browser reads ${name} by time`, () => travelsByTime(lake, table));
    if (hasUnzip) await checks.check(`unzip restores the commit times of ${name} to the second`, () => unzips(table));
  }
  return tables;
}

/** A commit's time gives its version, and so does the millisecond before the next one. @param {import('./browser.mjs').Lake} lake @param {Table} table */
async function travelsByTime(lake, table) {
  for (const [version, timestamp] of moments(table)) {
    const {columns, rows} = await lake.read(table.name, {timestamp});
    sameRows(
      `at the time of version ${version}`,
      {columns: columns.map(({name}) => name), rows},
      versionOf(table, version),
    );
  }
}

const hasUnzip = spawnSync('unzip', ['-v'], {stdio: 'ignore'}).status === 0;

/** What most people unpack with knows Unix times. @param {Table} table */
function unzips({name, history}) {
  const folder = join(work, 'unzipped', name);
  const {status, stderr} = spawnSync('unzip', ['-q', join(work, 'browser', `${name}.zip`), '-d', folder], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(stderr);
  for (const {version, timestamp} of history)
    same(
      `version ${version}`,
      Math.floor(
        statSync(join(folder, name, '_delta_log', `${String(version).padStart(20, '0')}.json`)).mtimeMs / 1000,
      ),
      Math.floor(timestamp / 1000),
    );
}

/** Times with the version that each stands for. @param {Table} table @returns {[version: number, timestamp: number][]} */
function moments({history, versions}) {
  const times = new Map(history.map(({version, timestamp}) => [version, timestamp]));
  return [...versions.keys()].flatMap((version) => {
    const [at, next] = [times.get(version) ?? NaN, times.get(version + 1)];
    return /** @type {[number, number][]} */ ([[version, at], ...(next === undefined ? [] : [[version, next - 1]])]);
  });
}

/** @param {Table} table @param {number} version */
function versionOf({versions}, version) {
  const found = versions.get(version);
  if (!found) throw new Error(`The browser can't read version ${version}.`);
  return found;
}

/**
 * Exports a table and unpacks its zip; gives the table's folder.
 * @param {import('./browser.mjs').Lake} lake
 * @param {import('./engines.mjs').Engine} archivist
 * @param {string} table
 * @param {string} as
 */
export async function unpacked(lake, archivist, table, as) {
  const zip = join(work, 'browser', `${as}.zip`);
  await lake.zip(table, zip);
  const folder = join(work, 'browser', as);
  await archivist.call({do: 'unpack', archive: zip, folder});
  if (!existsSync(join(folder, table, '_delta_log')))
    throw new Error(`The zip of ${table} has no ${table}/_delta_log.`);
  return join(folder, table);
}

/**
 * An engine reads every version of every table, by number and by time, with its schema, and the history.
 * @param {import('./compare.mjs').Checks} checks
 * @param {import('./engines.mjs').Engine} engine
 * @param {readonly Table[]} tables
 */
export async function readByOthers(checks, engine, tables) {
  for (const table of tables) {
    const {name, versions, history} = table;
    const why = written.find((one) => one.name === name)?.not?.[engine.name];
    if (why !== undefined) {
      console.log(`– ${engine.version} does not read ${name}: ${why}`);
      continue;
    }
    const folder = join(work, engine.name, name);
    await engine.call({do: 'copy', source: table.folder, folder});
    const times = moments(table);
    const {value: read, error} = await engine.ask({
      do: 'read',
      path: folder,
      versions: [...versions.keys()],
      times: times.map(([, time]) => time),
    });
    await checks.check(`${engine.version} reads ${name}: rows of every version`, () => {
      if (error) throw new Error(`${error.type}: ${error.message}`);
      for (const version of versions.keys()) compareVersion(table, version, read.versions[version]);
      return counted(versions.size);
    });
    if (error) continue;
    await checks.check(`${engine.version} reads ${name}: its schema at every version`, () => {
      for (const [version, {schema}] of versions) {
        const found = read.versions[version];
        if (found.columns)
          same(
            `version ${version}`,
            found.columns.map((/** @type {any} */ {name: column, type}) => ({
              name: column,
              type: type.replaceAll('"', ''),
            })),
            schema.fields.map((/** @type {any} */ field) => ({name: field.name, type: duckTypeText(field.type)})),
          );
        else same(`version ${version}`, fieldsOf(found.schema), fieldsOf(schema));
      }
    });
    if (read.history === undefined) continue;
    await checks.check(`${engine.version} reads ${name}: history, partitions and travel by time`, () => {
      const newest = [...history].sort((a, b) => b.version - a.version);
      const isSpark = engine.name.startsWith('spark');
      same(
        'history',
        read.history.map(commitText),
        newest.map(({version, info, timestamp}) =>
          commitText({
            version,
            operation: info.operation,
            timestamp: isSpark ? timestamp : info.timestamp,
            metrics: info.operationMetrics,
          }),
        ),
      );
      same('partition columns', read.partitions, partitionsIn(folder));
      same(
        'versions by time',
        read.at,
        times.map(([version]) => version),
      );
    });
  }
}

/** @param {{version: number, operation?: string, timestamp?: number, metrics?: unknown}} commit */
const commitText = ({version, operation, timestamp, metrics}) =>
  `${version} ${operation} ${timestamp} ${JSON.stringify(
    Object.entries(metrics ?? {})
      .map(([name, value]) => [name, String(value)])
      .sort(),
  )}`;

/** As the log's last metaData has it. @param {string} folder */
function partitionsIn(folder) {
  for (let version = 100; version >= 0; version--) {
    const path = join(folder, '_delta_log', `${String(version).padStart(20, '0')}.json`);
    if (!existsSync(path)) continue;
    for (const line of readFileSync(path, 'utf8').split('\n')) {
      const {metaData} = line === '' ? {} : JSON.parse(line);
      if (metaData) return metaData.partitionColumns;
    }
  }
  throw new Error('The log has no metaData.');
}

/** @param {Table} table @param {number} version @param {{schema?: any, columns?: {name: string}[], rows: unknown[][]}} found */
export function compareVersion(table, version, found) {
  const columns = (found.columns ?? found.schema.fields).map((/** @type {any} */ {name}) => name);
  sameRows(`version ${version}`, {columns, rows: found.rows}, versionOf(table, version));
}
