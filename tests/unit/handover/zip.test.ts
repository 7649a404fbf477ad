import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {afterAll, beforeAll, expect, test} from 'vitest';
import {inputFiles, inputsIn} from '../../../src/handover/inputs.ts';
import {sparkBundle} from '../../../src/handover/spark-bundle.ts';
import {zipOf} from '../../../src/handover/zip.ts';
import {root} from '../../tools/setup.mjs';
import {openPage} from './page.ts';
import {unzipped} from './unzipped.ts';

const parquet = readFileSync(join(root, 'public/samples/readings.parquet'));
const csv = 'sensor,höhe\ns-1,3\n';

let page: Awaited<ReturnType<typeof openPage>>;
beforeAll(async () => {
  page = await openPage({'readings.parquet': parquet, 'heights.csv': csv, 'other.csv': csv});
});
afterAll(() => page.close());

test('a PySpark job’s zip has the notebook’s files byte for byte beside its texts, each once', async () => {
  const {handover} = await page.run(
    ['readings.parquet', 'heights.csv', 'readings.parquet']
      .map((file, i) => `\`\`\`step raw_${i} = load\nfile: ${file}\n\`\`\`\n`)
      .join('\n'),
  );
  const {files} = sparkBundle(handover);
  const contents = new Map([['readings.parquet', new Blob([parquet])], ['heights.csv', new Blob([csv])]]); // prettier-ignore
  const inputs = await inputsIn('data/', inputFiles(handover), (name) =>
    Promise.resolve(contents.get(name) ?? new Blob()),
  );
  const found = await unzipped(new Uint8Array(await (await zipOf([...files, ...inputs])).arrayBuffer()));
  expect([...found.keys()]).toEqual([...files.map(({path}) => path), 'data/readings.parquet', 'data/heights.csv']);
  expect(Buffer.from(found.get('data/readings.parquet') ?? []).equals(parquet)).toBe(true);
  expect(new TextDecoder().decode(found.get('data/heights.csv'))).toBe(csv);
  for (const {path, text} of files) expect(new TextDecoder().decode(found.get(path))).toBe(text);
});
