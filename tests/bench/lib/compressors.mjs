import {existsSync} from 'node:fs';
import {mkdir, rename, stat} from 'node:fs/promises';
import {join} from 'node:path';
import {DuckDBInstance} from '@duckdb/node-api';
import {runnerImport} from 'vite';
import {root} from '../../tools/setup.mjs';

export const folder = join(root, '.cache', 'bench');

/**
 * A week of so many simulated compressors as Parquet, with the simulate step's own damage; and the list of them.
 * @param {number} units
 * @returns {Promise<{readings: string, fleet: string, rows: number, bytes: number}>} names of files in `folder`
 */
export async function compressorFiles(units) {
  const [readings, fleet] = ['readings', 'metadata'].map((table) => `compressors-${units}-${table}.parquet`);
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  try {
    await mkdir(folder, {recursive: true});
    for (const [file, table] of [
      [readings, 'readings'],
      [fleet, 'metadata'],
    ]) {
      const path = join(folder, String(file));
      if (existsSync(path)) continue;
      await connection.run(
        `COPY (${await simulated({preset: 'compressors', table, compressors: units})}) TO '${path}.part' (FORMAT parquet, COMPRESSION zstd)`,
      );
      await rename(`${path}.part`, path);
    }
    const counted = await connection.runAndReadAll(`SELECT count(*) FROM '${join(folder, String(readings))}'`);
    return {
      readings: String(readings),
      fleet: String(fleet),
      rows: Number(counted.getRows()[0]?.[0]),
      bytes: (await stat(join(folder, String(readings)))).size,
    };
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

/** The SQL of a simulate step. @param {Record<string, unknown>} body */
async function simulated(body) {
  const [{module: step}, {module: params}] = await Promise.all([
    /** @type {Promise<{module: typeof import('../../../src/steps/simulate.ts')}>} */ (
      runnerImport(join(root, 'src/steps/simulate.ts'))
    ),
    /** @type {Promise<{module: typeof import('../../../src/params/index.ts')}>} */ (
      runnerImport(join(root, 'src/params/index.ts'))
    ),
  ]);
  const values = params.readParams(step.simulate.params, body);
  const program = values.ok ? step.simulate.toSql(values.value, []) : undefined;
  if (program?.kind !== 'sql') throw new Error(`simulate takes no ${JSON.stringify(body)}`);
  return program.sql;
}

/** Raw readings to gold and hourly figures: the cells of the shipped notebook but for what it writes to the lake. @param {string} readings @param {string} fleet */
export const medallion = (readings, fleet) => `---
lakebook: 1
title: medallion
---

\`\`\`step raw = load
file: ${readings}
\`\`\`

\`\`\`step typed = cast
columns: {timestamp: {to: timestamp, format: "yyyy-MM-dd'T'HH:mm:ss"}}
on_failure: reject
\`\`\`

\`\`\`step valid = validate
rules:
  - {name: known compressor, column: compressor_id, regex: '^COMP-[0-9]{3,4}$', not_null: true}
  - {name: not in the future, expression: "timestamp <= TIMESTAMP '2024-01-08 00:00:00'"}
\`\`\`

\`\`\`step once = dedup
keys: [compressor_id, timestamp]
\`\`\`

\`\`\`step plausible = outliers
columns: [vibration_mms, discharge_temp_f, suction_pressure_psi]
method: zscore
threshold: 4
by: [compressor_id]
action: "null"
\`\`\`

\`\`\`step fleet = load
file: ${fleet}
\`\`\`

\`\`\`step located = join
from: plausible
with: fleet
on: [compressor_id]
how: left
\`\`\`

\`\`\`step rates = rate_of_change
columns: [vibration_mms, discharge_temp_f]
by: [compressor_id]
time: timestamp
\`\`\`

\`\`\`step pressures = derive
columns:
  pressure_differential: discharge_pressure_psi - suction_pressure_psi
  date: CAST(timestamp AS DATE)
\`\`\`

\`\`\`step judged = thresholds
rules:
  vibration_mms: {warning: 4.5, critical: 7.1}
  discharge_temp_f: {warning: 230, critical: 250}
\`\`\`

\`\`\`step timed = time_features
time: timestamp
\`\`\`

\`\`\`step gold = rolling
by: [compressor_id]
time: timestamp
columns: [vibration_mms, discharge_temp_f]
\`\`\`

\`\`\`step hourly = aggregate
keys: [compressor_id, site]
time: {column: timestamp, every: 1h}
metrics: {vibration_mms: [avg, max, stddev], discharge_temp_f: [avg, max], gas_flow_mcfd: [avg]}
\`\`\`
`;
