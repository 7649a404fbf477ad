import {expect, test} from 'vitest';
import {createMemoryStore} from '../../../workers/files/memory-store.ts';
import {readZip, writeZip} from '../../../workers/shared/zip.ts';

async function zipOf(files: Readonly<Record<string, Uint8Array<ArrayBuffer>>>): Promise<Uint8Array> {
  const zip = await writeZip(await createMemoryStore().create('made.zip'));
  for (const [path, content] of Object.entries(files))
    await zip.add(path, new Blob([content]), {modified: Date.UTC(2024, 1, 1), packed: path.endsWith('.parquet')});
  return new Uint8Array(await (await zip.close()).arrayBuffer());
}

/** What reading all of it gives: its files' sizes, or the code of the problem. An answer that doesn't come is told as such. */
async function read(bytes: Uint8Array): Promise<string> {
  const all = async (): Promise<string> => {
    try {
      let size = 0;
      for (const {chunks} of await readZip(new Blob([bytes.slice()]), 'made.zip'))
        for await (const chunk of chunks()) size += chunk.length;
      return String(size);
    } catch (thrown) {
      // A failure without a problem is one that nobody foresaw.
      return (thrown as {problem?: {code: string}}).problem?.code ?? String(thrown);
    }
  };
  return Promise.race([all(), new Promise<string>((late) => setTimeout(() => late('no answer'), 5000))]);
}

test('a zip that is damaged or cut off anywhere is read or refused, and never waits', async () => {
  const lines = new TextEncoder().encode(Array.from({length: 3000}, (_, i) => `${i},${Math.sin(i)}\n`).join(''));
  const whole = await zipOf({'readings.csv': lines, 'folder/stored.parquet': lines.slice(0, 5000)});
  expect(await read(whole)).toBe(String(lines.length + 5000));
  const answers = new Set<string>();
  for (let at = 0; at < whole.length; at += 97) {
    const damaged = whole.slice();
    damaged[at] = (damaged[at] ?? 0) ^ 0x55;
    answers.add(await read(damaged));
    answers.add(await read(whole.slice(0, at)));
  }
  answers.delete(String(lines.length + 5000));
  expect([...answers]).toEqual(['ZIP_DAMAGED']);
});
