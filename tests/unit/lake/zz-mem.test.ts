import {openAsBlob} from 'node:fs';
import {DuckDBInstance} from '@duckdb/node-api';
import * as parquet from 'parquet-wasm/node';
import {test} from 'vitest';
import {streamLakeFile} from '../../../workers/lake/parquet-read.ts';
import {column, struct} from './parquet-files.ts';
test.each([122880, 5_000_000])('mem %d', async (group) => {
  const native = await (await DuckDBInstance.create()).connect();
  const path = `/tmp/zz-${group}.parquet`;
  await native.run("SET memory_limit='3GB'");
  await native.run(`COPY (SELECT i AS a, i*7 AS b, i/3.0 AS c, 'sensor '||(i%1000) AS d, i%2=0 AS e, (i*0.1)::DOUBLE AS f, TIMESTAMP '2024-01-01'+ to_seconds(i) AS g, 'text '||i AS h, (i%97)::INTEGER AS k FROM range(5000000) t(i)) TO '${path}' (FORMAT parquet, COMPRESSION snappy, ROW_GROUP_SIZE ${group})`);
  const blob = await openAsBlob(path);
  const file = Object.assign(blob, {name: 'x.parquet'}) as unknown as File;
  let rows = 0, bytes = 0; const t = performance.now();
  await streamLakeFile(parquet, file, {mapping: 'none', schema: struct(...'abcdefghk'.split('').map((n) => column(n, 'any')))}, async (ipc) => { rows++; bytes += ipc.length; }, () => undefined);
  console.log(group, 'size', blob.size / 1e6, 'batches', rows, 'ipc MB', bytes / 1e6, 'ms', performance.now() - t, 'wasm MB', (parquet.wasmMemory() as WebAssembly.Memory).buffer.byteLength / 1e6, 'rss', process.memoryUsage().rss / 1e6);
}, 300000);
