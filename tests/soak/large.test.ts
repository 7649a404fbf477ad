import {createWriteStream} from 'node:fs';
import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {once} from 'node:events';
import {afterAll, beforeAll, expect, test} from 'vitest';
import {launch, type App} from '../e2e/harness.ts';
import {random, share} from './share.ts';

const rows = share(30_000_000, 1_000_000);
const sensors = 500;
let app: App;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lakebook-large-'));
  app = await launch();
});
afterAll(async () => {
  await app.close();
  await rm(folder, {recursive: true, force: true});
});

test('a file of millions of readings is read whole: every row is counted, every value summed, every damaged line kept', async () => {
  const draw = random('large');
  const path = join(folder, 'large.csv');
  const out = createWriteStream(path);
  out.write('sensor_id,read_at,value\n');
  const sums = new Map<string, {rows: bigint; sum: number}>();
  let damaged = 0n;
  for (let row = 0, lines: string[] = []; row < rows; row++) {
    const sensor = `s-${Math.floor(draw() * sensors)}`;
    const value = Math.floor(draw() * 1000);
    const isDamaged = draw() < 1e-4;
    lines.push(`${sensor},${new Date(1.7e12 + row * 1000).toISOString().slice(0, 19)},${isDamaged ? 'n/a?' : value}`);
    if (isDamaged) damaged++;
    else {
      const known = sums.get(sensor) ?? {rows: 0n, sum: 0};
      sums.set(sensor, {rows: known.rows + 1n, sum: known.sum + value});
    }
    if (lines.length < 50_000 && row + 1 < rows) continue;
    if (!out.write(`${lines.join('\n')}\n`)) await once(out, 'drain');
    lines = [];
  }
  out.end();
  await once(out, 'finish');

  await app.addFileFromDisk('large.csv', path);
  await app.open(
    '```step readings = load\nfile: large.csv\nschema: {sensor_id: string, read_at: timestamp, value: double}\n```\n\n' +
      '```sql sums\nSELECT sensor_id, count(*) AS rows, sum(value) AS total FROM readings GROUP BY ALL ORDER BY sensor_id\n```\n',
  );
  const report = await app.run();
  expect(report.cells.map(({error}) => error)).toEqual([undefined, undefined]);
  expect((await app.query('SELECT count(*) FROM readings_rejects')).rows).toEqual([[damaged]]);
  const expected = [...sums].map(([sensor, {rows: count, sum}]) => [sensor, count, sum]);
  expect((await app.query('SELECT * FROM sums')).rows).toEqual(expected.sort(([a = ''], [b = '']) => (a < b ? -1 : 1)));
});
