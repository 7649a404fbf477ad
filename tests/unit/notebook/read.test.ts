import {afterAll, beforeAll, expect, test} from 'vitest';
import {detectCsv} from '../../../src/notebook/read.ts';
import type {Ports} from '../../../src/ports/index.ts';
import {sniffCsv, type LoadOptions} from '../../../src/sql/read-csv.ts';
import {startNodeEngine, type NodeEngine} from '../engine/node-engine.ts';
import {memoryStorage} from '../storage/memory-storage.ts';

const nothingSaid: LoadOptions = {
  format: undefined,
  table: undefined,
  encoding: undefined,
  delimiter: undefined,
  quote: undefined,
  decimal: undefined,
  header: undefined,
  skip: undefined,
  nullStrings: [],
  timestampFormat: undefined,
  types: {},
  filename: false,
};

const count = 20_000;
const lines = (line: (i: number) => string): string => Array.from({length: count}, (_, i) => line(i)).join('\n');
const time = (i: number): string => new Date(Date.UTC(2024, 1, 1) + i * 600_000).toISOString().slice(0, 19);
/** Behind the rows by which the delimiter is found. */
const late = 7_000;

const files: readonly [name: string, text: string, said?: Partial<LoadOptions>][] = [
  ['commas', `sensor,at,value\n${lines((i) => `S-${i % 7},${time(i)},${i / 4}`)}`],
  ['quotes from the first row on', `sensor,at,value\n${lines((i) => `"S, ${i % 7}",${time(i)},${i / 4}`)}`],
  ['quotes far down, with a delimiter in them', `sensor,at,value\n${lines((i) => `${i < late ? 'S' : '"S, 1"'},${time(i)},${i / 4}`)}`],
  ['a type that changes far down', `sensor,at,value\n${lines((i) => `${i},${time(i)},${i < late ? i : `${i}.5`}`)}`],
  ['a text far down in a column of numbers', `sensor,at,value\n${lines((i) => `${i},${time(i)},${i === late ? 'broken' : i}`)}`],
  ['semicolons and decimal commas', `Sensor;Zeit;Wert\n${lines((i) => `S;${time(i)};${i},5`)}`],
  ['tabs', `sensor\tat\tvalue\n${lines((i) => `S ${i}\t${time(i)}\t${i}`)}`],
  ['bars, Windows’ ends of lines', `sensor|at|value\r\n${lines((i) => `S ${i}|${time(i)}|${i}\r`)}`],
  ['no header', lines((i) => `S-${i % 7},${time(i)},${i / 4}`)],
  ['a preamble', `Plant 7\nexported today\n\nsensor,at,value\n${lines((i) => `S-${i % 7},${time(i)},${i / 4}`)}`],
  ['days before months', `at,value\n${lines((i) => `${String((i % 28) + 1).padStart(2, '0')}/03/2024 10:00,${i}`)}`],
  ['one column', `value\n${lines((i) => `reading ${i} of the plant`)}`],
  ['a row that is short far down', `sensor,at,value\n${lines((i) => (i === late ? `S,${time(i)}` : `S,${time(i)},${i}`))}`],
  ['a delimiter that the reader typed', `sensor;at,value\n${lines((i) => `S;${time(i)},${i}`)}`, {delimiter: ';'}],
  ['a quote, a header and lines to skip that the reader typed', `x\n'a','b'\n${lines((i) => `'S, ${i}',${i}`)}`, {quote: "'", header: true, skip: 1}],
];

let node: NodeEngine;
beforeAll(async () => void (node = await startNodeEngine()));
afterAll(() => node.close());

test.each(files)('a large file is found to be written as DuckDB says that it is: %s', async (name, text, said) => {
  const storage = memoryStorage();
  const file = 'readings.csv';
  await storage.addFile(file, new Blob([text]));
  const options = {...nothingSaid, ...said};
  const engine = {...node.engine, registerFile: async (path: string, data: File) => node.file(path, new Uint8Array(await data.arrayBuffer()))};
  // The cast: to find out how a file is written takes the engine and the storage alone.
  const found = await detectCsv({engine, storage} as Ports, file, await storage.sniff(file, options), options, undefined);

  await node.file(`${name}.csv`, text);
  const {columns, rows} = await node.engine.rows(sniffCsv(`${name}.csv`, options));
  const whole = Object.fromEntries(columns.map((column, i) => [column.name, rows[0]?.[i]]));
  expect(found.columns).toEqual(whole['Columns']);
  expect({delimiter: found.delimiter, header: found.header, skip: found.skip, newLine: found.newLine, comment: found.comment || '(empty)'}).toEqual({
    delimiter: whole['Delimiter'],
    header: whole['HasHeader'],
    skip: Number(whole['SkipRows']),
    newLine: whole['NewLineDelimiter'],
    comment: whole['Comment'],
  });
  expect(found.timestampFormat ?? '').toBe(whole['TimestampFormat'] ?? '');
  // Without a quote in sight, DuckDB says that there are none.
  if (whole['Quote'] !== '(empty)') expect(found.quote).toBe(whole['Quote']);
});
