import {tableFromArrays, tableFromIPC, tableToIPC} from 'apache-arrow';
import {ProblemError, type Problem} from '../../../src/lib/problem.ts';
import type {Reject, StoragePort} from '../../../src/ports/index.ts';

/** What every store must do; the same scenarios run in Node on memory and in browsers on OPFS. Each starts with an empty workspace. */
export const scenarios: Readonly<Record<string, (storage: StoragePort) => Promise<void>>> = {
  'a file comes back as it was added, whatever its name': async (storage) => {
    const names = [
      'sensors.csv',
      'a/b\\c.csv',
      '..',
      '.hidden',
      'ünï 漢字 🙂.csv',
      'con|<>:"?*%.csv',
      ' ',
      `${'long'.repeat(80)}.csv`,
    ];
    for (const name of names) await storage.addFile(name, new Blob([`name\n${name}\n`]));
    equal((await storage.files()).map(({name}) => name).sort(), [...names].sort());
    for (const name of names) equal(await (await storage.file(name)).text(), `name\n${name}\n`);
    for (const name of names) await storage.removeFile(name);
    equal(await storage.files(), []);
  },

  'names that look alike on disk stay apart': async (storage) => {
    await storage.addFile('a b.csv', new Blob(['one']));
    await storage.addFile('a_b.csv', new Blob(['two']));
    await storage.addFile('A_b.csv', new Blob(['one']));
    equal(await (await storage.file('a b.csv')).text(), 'one');
    equal(await (await storage.file('a_b.csv')).text(), 'two');
    await storage.removeFile('a b.csv');
    equal(await (await storage.file('A_b.csv')).text(), 'one');
  },

  'another content under the same name has another fingerprint, the same content the same one': async (storage) => {
    const first = await storage.addFile('a.csv', new Blob(['x\n1\n']));
    const second = await storage.addFile('a.csv', new Blob(['x\n2\n']));
    const third = await storage.addFile('a.csv', new Blob(['x\n2\n']));
    equal(first.fingerprint === second.fingerprint, false);
    equal(second.fingerprint, third.fingerprint);
    equal(await (await storage.file('a.csv')).text(), 'x\n2\n');
    equal((await storage.files()).length, 1);
  },

  'a replaced file gives its new text, not the derived copy of the old one': async (storage) => {
    await storage.addFile('a.csv', await gzip('x\n1\n'));
    equal(await (await storage.plainText('a.csv', {})).text(), 'x\n1\n');
    await storage.addFile('a.csv', await gzip('x\n2\n'));
    equal(await (await storage.plainText('a.csv', {})).text(), 'x\n2\n');
  },

  'a name that isn’t there is told, with the one that was meant': async (storage) => {
    await storage.addFile('sensors.csv', new Blob(['x']));
    const problem = await problemOf(() => storage.file('sensor.csv'));
    equal(problem.code, 'FILE_NOT_FOUND');
    equal(problem.hint?.includes('sensors.csv'), true);
  },

  'files added at the same time are all there': async (storage) => {
    await Promise.all(Array.from({length: 10}, (_, i) => storage.addFile(`${i}.csv`, new Blob([`x\n${i}\n`]))));
    equal((await storage.files()).length, 10);
  },

  'texts are kept by path': async (storage) => {
    equal(await storage.readText('notebooks/a'), null);
    await storage.writeText('notebooks/ä *?.md', '# Ä');
    await storage.writeText('notebooks/b.md', 'one');
    await storage.writeText('notebooks/b.md', 'two');
    await storage.writeText('state/session', '{}');
    equal(await storage.listTexts('notebooks'), ['notebooks/b.md', 'notebooks/ä *?.md']);
    equal(await storage.readText('notebooks/b.md'), 'two');
    await storage.removeText('notebooks/b.md');
    await storage.removeText('notebooks/never.md');
    equal(await storage.listTexts('notebooks'), ['notebooks/ä *?.md']);
    await storage.removeText('notebooks/ä *?.md');
    await storage.removeText('state/session');
  },

  'an encrypted export comes back by its key, and by no other': async (storage) => {
    const key = 'cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4=';
    const sink = await storage.openBytes({as: 'fernet', key});
    await sink.write(new TextEncoder().encode('a,b\n'));
    await sink.write(new TextEncoder().encode('1,2\n'));
    const file = await sink.close();
    equal(/^gAAAAA[\w-]+=*$/.test(await file.text()), true);
    const back = await storage.decrypt(file, 'a.csv.fernet', key);
    equal(await back.text(), 'a,b\n1,2\n');
    await storage.removeExport(back.name);
    equal(
      (await problemOf(() => storage.decrypt(file, 'a.csv.fernet', key.replace('cw', 'cx')))).code,
      'ENCRYPTED_WRONG_KEY',
    );
  },

  'exported bytes become a file; discarded ones nothing': async (storage) => {
    const sink = await storage.openBytes();
    await sink.write(new TextEncoder().encode('a,b\n'));
    await sink.write(new TextEncoder().encode('1,2\n'));
    equal(await (await sink.close()).text(), 'a,b\n1,2\n');
    const other = await storage.openBytes();
    await other.write(new Uint8Array(10));
    await other.discard();
    equal((await problemOf(() => other.close())).code, 'WRITER_CLOSED');
  },

  'a UTF-8 file is read in place': async (storage) => {
    await storage.addFile('a.csv', new Blob(['name\nJosé\n']));
    equal(await storage.sniff('a.csv', {}), {format: 'csv', encoding: 'utf-8', gzip: false, head: 'name\nJosé\n'});
    equal(await (await storage.plainText('a.csv', {})).text(), 'name\nJosé\n');
  },

  'text in other encodings becomes UTF-8': async (storage) => {
    const text = 'name;µ\nJosé;1\n';
    const wide = (littleEndian: boolean, mark: string) => {
      const view = new DataView(new ArrayBuffer((text.length + mark.length) * 2));
      for (const [i, letter] of [...(mark + text)].entries()) view.setUint16(i * 2, letter.charCodeAt(0), littleEndian);
      return view.buffer;
    };
    const narrow = Uint8Array.from(text, (letter) => letter.charCodeAt(0));
    const cases: readonly (readonly [string, BlobPart, string])[] = [
      ['utf-16le with a mark', wide(true, '\ufeff'), 'utf-16'],
      ['utf-16be with a mark', wide(false, '\ufeff'), 'utf-16'],
      ['utf-16le', wide(true, ''), 'utf-16'],
      ['utf-16be', wide(false, ''), 'utf-16'],
      ['windows-1252', narrow, 'windows-1252'],
    ];
    for (const [name, bytes, encoding] of cases) {
      for (const blob of [new Blob([bytes]), await gzip(bytes)]) {
        await storage.addFile(name, blob);
        const sniffed = await storage.sniff(name, {});
        equal([name, sniffed.encoding, sniffed.head], [name, encoding, text]);
        equal(await (await storage.plainText(name, {})).text(), text);
      }
    }
  },

  'Latin-1 and Windows-1252 differ where they differ': async (storage) => {
    await storage.addFile('euro.csv', new Blob([new Uint8Array([0x78, 0x0a, 0x80, 0xe9, 0x0a])]));
    equal(await (await storage.plainText('euro.csv', {encoding: 'windows-1252'})).text(), 'x\n€é\n');
    equal(await (await storage.plainText('euro.csv', {encoding: 'latin-1'})).text(), 'x\n\u0080é\n');
  },

  'gzip members that follow one another are read as one': async (storage) => {
    const parts = [await gzip('x\n1\n'), await gzip('2\n'), await gzip('y'.repeat(200_000)), await gzip('')];
    await storage.addFile('many.csv.gz', new Blob(parts));
    equal((await storage.sniff('many.csv.gz', {})).gzip, true);
    equal(await (await storage.plainText('many.csv.gz', {})).text(), `x\n1\n2\n${'y'.repeat(200_000)}`);
  },

  'gzip that breaks off says how much could be unpacked': async (storage) => {
    const whole = await gzip(Array.from({length: 100_000}, (_, i) => `${i},${Math.sin(i)}\n`).join(''));
    await storage.addFile('cut.csv.gz', whole.slice(0, whole.size >> 1));
    const problem = await problemOf(() => storage.plainText('cut.csv.gz', {}));
    equal(problem.code, 'GZIP_TRUNCATED');
    equal(/\d,\d{3} bytes/.test(problem.message), true);
    equal(problem.where, {file: 'cut.csv.gz'});
  },

  'a wrong byte far into a file is found, with its line': async (storage) => {
    const before = 'é,1\n'.repeat(1_500_000);
    await storage.addFile('late.csv', new Blob([before, new Uint8Array([0x61, 0xe9, 0x0a])]));
    const problem = await problemOf(() => storage.plainText('late.csv', {}));
    equal(problem.code, 'WRONG_ENCODING');
    equal(problem.where, {file: 'late.csv', line: 1_500_001});
    equal(problem.hint?.includes('Windows-1252'), true);
    equal((await (await storage.plainText('late.csv', {encoding: 'windows-1252'})).text()).endsWith('aé\n'), true);
  },

  'NDJSON comes as Arrow, and what can’t be read as rejects': async (storage) => {
    await storage.addFile('a.json', new Blob(['{"id":1,"t":20.5}\n{"id":2\n{"id":3,"t":null}\n']));
    const {rows, rejects} = await readRows(storage, 'a.json');
    equal(rows, [
      {id: 1n, t: 20.5},
      {id: 3n, t: null},
    ]);
    equal(
      rejects.map(({line, raw}) => [line, raw]),
      [[2, '{"id":2']],
    );
  },

  'Parquet that is written is read back': async (storage) => {
    for (const compression of ['snappy', 'zstd', 'gzip', 'uncompressed'] as const) {
      const sink = await storage.openParquet(compression);
      for (const from of [0, 2])
        await sink.write(tableToIPC(tableFromArrays({id: Int32Array.of(from, from + 1), name: ['a', 'é']}), 'stream'));
      await storage.addFile('b.csv', await sink.close());
      equal((await storage.sniff('b.csv', {})).format, 'parquet');
      equal(
        (await readRows(storage, 'b.csv')).rows.map(({id, name}) => [id, name]),
        [
          [0, 'a'],
          [1, 'é'],
          [2, 'a'],
          [3, 'é'],
        ],
      );
    }
  },

  'reading stops when it is told to': async (storage) => {
    await storage.addFile('a.json', new Blob([Array.from({length: 200_000}, (_, i) => `{"id":${i}}\n`).join('')]));
    const stop = new AbortController();
    let batches = 0;
    const problem = await problemOf(() =>
      storage.readArrow(
        'a.json',
        {},
        async () => {
          batches++;
          stop.abort();
          // A cancel is a message of its own: it arrives before the answer to this one.
          await new Promise((resolve) => setTimeout(resolve, 20));
        },
        {signal: stop.signal},
      ),
    );
    equal(problem.code, 'CANCELLED');
    equal(batches, 1);
  },
};

/** Runs one scenario on an empty workspace. */
export async function runScenario(name: string, storage: StoragePort): Promise<void> {
  for (const file of await storage.files()) await storage.removeFile(file.name);
  const scenario = scenarios[name];
  if (scenario === undefined) throw new Error(`There is no scenario ${name}`);
  await scenario(storage);
}

async function gzip(data: BlobPart): Promise<Blob> {
  return new Response(new Blob([data]).stream().pipeThrough(new CompressionStream('gzip'))).blob();
}

export async function readRows(
  storage: StoragePort,
  name: string,
): Promise<{rows: readonly Record<string, unknown>[]; rejects: readonly Reject[]; batches: number}> {
  const rows: Record<string, unknown>[] = [];
  let batches = 0;
  const rejects = await storage.readArrow(name, {}, async (ipc) => {
    batches++;
    // The cast: rows are read by name here, whatever their types.
    for (const row of tableFromIPC(ipc)) rows.push((row as {toJSON(): Record<string, unknown>}).toJSON());
  });
  return {rows, rejects, batches};
}

export async function problemOf(work: () => Promise<unknown>): Promise<Problem> {
  try {
    await work();
  } catch (thrown) {
    if (thrown instanceof ProblemError) return thrown.problem;
    throw thrown;
  }
  throw new Error('No problem was thrown.');
}

/** Deep equality that works without a test runner, which the browser's page doesn't have. */
export function equal(actual: unknown, expected: unknown): void {
  const [a, b] = [actual, expected].map((value) =>
    JSON.stringify(value, (_key, inner: unknown) => (typeof inner === 'bigint' ? `${inner}n` : inner)),
  );
  if (a !== b) throw new Error(`Expected ${b}, got ${a}`);
}
