import {join} from 'node:path';
import {compareVersion, unpacked} from './check-written.mjs';
import {counted, same} from './compare.mjs';
import {byDeltaRs, bySpark} from './continued.mjs';
import {work} from './environment.mjs';

/**
 * An engine changes a table; the browser reads every version of it and appends; the engine reads that.
 * @param {import('./compare.mjs').Checks} checks
 * @param {import('./browser.mjs').Lake} lake
 * @param {import('./engines.mjs').Engine} engine
 * @param {readonly import('./check-written.mjs').Table[]} tables
 */
export async function continuations(checks, lake, engine, tables) {
  const jobs = engine.name === 'duckdb' ? [] : engine.name === 'deltalake' ? byDeltaRs : bySpark;
  for (const job of jobs) {
    const name = `${job.name}_${engine.name}`;
    const folder = join(work, engine.name, name);
    const zip = join(work, engine.name, `${name}.zip`);
    /** Undefined when the engine itself failed. @type {any} */
    let theirs;
    await checks.check(`${engine.version} writes ${job.name}`, async () => {
      const from = tables.find((table) => table.name === job.from);
      if (job.from !== undefined && !from) throw new Error(`The browser has not written ${job.from}.`);
      if (from) await engine.call({do: 'copy', source: from.folder, folder});
      const last = await engine.call({do: 'change', path: folder, steps: job.steps});
      const versions = Array.from({length: last + 1}, (_, version) => version);
      theirs = await engine.call({
        do: 'read',
        path: folder,
        versions: job.unreadable === undefined ? versions : [last],
        times: [],
      });
      await engine.call({do: 'pack', folder, archive: zip});
      return counted(versions.length);
    });
    if (theirs === undefined) continue;
    if (job.unreadable !== undefined) {
      await checks.check(`the browser refuses ${name}, naming ${job.unreadable}`, async () => {
        const refusal = (await lake.import(name, zip)) ?? (await lake.refusalOfRead(name, {}));
        refusedFor(refusal, job.code ?? 'DELTA_UNSUPPORTED_FEATURES_FOR_READ', job.unreadable);
      });
      continue;
    }

    let isRead = false;
    await checks.check(`the browser reads ${name}: every version and the history`, async () => {
      const refusal = await lake.import(name, zip);
      if (refusal) throw new Error(`${refusal.code}: ${refusal.message}`);
      const ours = await lake.everything(name);
      same('versions', [...ours.versions.keys()].map(String).sort(), Object.keys(theirs.versions).sort());
      const table = {name, folder, ...ours};
      for (const version of ours.versions.keys()) compareVersion(table, version, theirs.versions[version]);
      same(
        'operations',
        ours.history.map(({version, info}) => `${version} ${info.operation}`),
        theirs.history.map((/** @type {any} */ {version, operation}) => `${version} ${operation}`),
      );
      isRead = true;
    });
    if (!isRead) continue;
    if (job.refused !== undefined) {
      await checks.check(`the browser refuses to continue ${name}, naming ${job.refused}`, async () => {
        refusedFor(await lake.write(name, [{rows: job.append}]), 'DELTA_UNSUPPORTED_FEATURES_FOR_WRITE', job.refused);
      });
      continue;
    }
    await checks.check(`the browser continues ${name}, and ${engine.version} reads that`, async () => {
      const refusal = await lake.write(name, [{rows: job.append}]);
      if (refusal) throw new Error(`${refusal.code}: ${refusal.message}`);
      const ours = await lake.everything(name);
      const back = await unpacked(lake, engine, name, `${name}-back`);
      const versions = [...ours.versions.keys()].sort((a, b) => a - b).slice(-2);
      const read = await engine.call({do: 'read', path: back, versions, times: []});
      for (const version of versions) compareVersion({name, folder: back, ...ours}, version, read.versions[version]);
      same('the last operation', read.history[0].operation, 'WRITE');
    });
  }
}

/** @param {import('./browser.mjs').Refusal | undefined} refusal @param {string} code @param {string} feature */
function refusedFor(refusal, code, feature) {
  if (!refusal) throw new Error('It was taken.');
  same('code', refusal.code, code);
  if (!refusal.message.toLowerCase().includes(feature.toLowerCase()))
    throw new Error(`It doesn't name ${feature}: ${refusal.message}`);
}
