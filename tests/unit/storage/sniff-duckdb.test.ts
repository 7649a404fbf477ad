import {mkdtempSync, readFileSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {DuckDBInstance} from '@duckdb/node-api';
import {expect, test} from 'vitest';
import {problemOf} from '../../../src/lib/problem.ts';
import {memoryStorage} from './memory-storage.ts';

test('a DuckDB file that was cut after a smaller table took a larger one’s place is whole; one that a copy cut is not', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'lakebook-duckdb-'));
  try {
    const path = join(folder, 'plant.duckdb');
    for (const rows of [2_000_000, 2_000_000, 100_000]) {
      const instance = await DuckDBInstance.create(path);
      const connection = await instance.connect();
      await connection.run(`CREATE OR REPLACE TABLE a AS SELECT hash(i) AS h, random() AS r FROM range(${rows}) t(i)`);
      await connection.run('CHECKPOINT');
      connection.closeSync();
      instance.closeSync();
    }
    const bytes = readFileSync(path);
    const storage = memoryStorage();
    await storage.addFile('plant.duckdb', new Blob([bytes]));
    await storage.addFile('cut.duckdb', new Blob([bytes.subarray(0, 20_000)]));
    const last = bytes.readBigUInt64LE(4096 + 8) > bytes.readBigUInt64LE(8192 + 8) ? 4096 : 8192;
    // Otherwise nothing was cut, and this shows nothing.
    expect(bytes.length).toBeLessThan(
      3 * 4096 + Number(bytes.readBigUInt64LE(last + 32) * bytes.readBigUInt64LE(last + 40)),
    );
    expect(await storage.sniff('plant.duckdb', {})).toMatchObject({format: 'duckdb'});
    expect(await storage.sniff('cut.duckdb', {}).catch(problemOf)).toMatchObject({code: 'DATABASE_TRUNCATED'});
  } finally {
    rmSync(folder, {recursive: true});
  }
});
