/**
 * Writes the databases of tests/fixtures/bad, which tests/fixtures/expectations.ts describes:
 *   node tests/tools/make-database-fixtures.mjs
 */
import {rmSync} from 'node:fs';
import {join} from 'node:path';
import {DuckDBInstance} from '@duckdb/node-api';

const folder = join(import.meta.dirname, '../fixtures/bad');

/** The smallest blocks there are keep the files small. @param {string} name @param {readonly string[]} statements @param {string} [options] */
async function duckDb(name, statements, options = '') {
  const path = join(folder, name);
  rmSync(path, {force: true});
  const instance = await DuckDBInstance.create(':memory:', {force_mbedtls_unsafe: 'true'});
  const connection = await instance.connect();
  await connection.run(`ATTACH '${path}' AS fixture (BLOCK_SIZE 16384${options})`);
  await connection.run('USE fixture');
  for (const statement of statements) await connection.run(statement);
  await connection.run('CHECKPOINT fixture');
  await connection.run('USE memory');
  await connection.run('DETACH fixture');
  connection.closeSync();
  instance.closeSync();
}

await duckDb('several.duckdb', [
  "CREATE TYPE state AS ENUM ('normal', 'warning', 'critical')",
  `CREATE TABLE readings AS SELECT
    i AS id,
    (i * 0.125)::DECIMAL(12, 3) AS temperature,
    CASE i % 3 WHEN 0 THEN 'normal' WHEN 1 THEN 'warning' ELSE 'critical' END::state AS state,
    170141183460469231731687303715884105727 - i::HUGEINT AS total,
    TIMESTAMP '2024-02-01 00:00:00.000001' + INTERVAL (i) MINUTE AS at,
    TIMESTAMPTZ '2024-02-01 00:00:00+02' + INTERVAL (i) MINUTE AS seen,
    {'min': i, 'tags': ['a', NULL]} AS found,
    CASE WHEN i % 7 = 0 THEN NULL ELSE 'x' || i END AS note,
    '\\x00\\xFF'::BLOB AS raw
  FROM range(50) t(i)`,
  'CREATE TABLE "odd ""table" AS SELECT 1 AS "select", 2 AS "a.b"',
  'CREATE SCHEMA plant',
  'CREATE TABLE plant.sensors AS SELECT 7 AS id',
  'CREATE VIEW hot AS SELECT id, temperature FROM readings WHERE temperature >= 5',
]);
await duckDb('one-table.db', ['CREATE TABLE kept AS SELECT 1 AS id UNION ALL SELECT 2']);
await duckDb('no-tables.ddb', ["CREATE TYPE state AS ENUM ('normal')"]);
await duckDb('encrypted.duckdb', ['CREATE TABLE secret AS SELECT 1 AS id'], ", ENCRYPTION_KEY 'a key'");
