import {describe, expect, test} from 'vitest';
import {isOutput, matchOutput} from '../../../src/handover/output.ts';

const names = ['raw', 'raw_rejects', 'silver'];
const match = (...paths: string[]) =>
  matchOutput(
    paths.map((path) => ({path})),
    names,
  );
const found = (...paths: string[]): unknown =>
  match(...paths).tables.map(({name, format, place, files}) => [name, format, place, files.map(({path}) => path)]);

describe('a cell’s rows are', () => {
  test('the Parquet files of the folder that bears its name, without markers and hidden files', () => {
    expect(
      found(
        'out/silver/part-00000-a.snappy.parquet',
        'out/silver/_SUCCESS',
        'out/silver/.part-00000-a.snappy.parquet.crc',
        'out/silver/part-00001-a.snappy.parquet',
      ),
    ).toEqual([
      [
        'silver',
        'parquet',
        'out/silver',
        ['out/silver/part-00000-a.snappy.parquet', 'out/silver/part-00001-a.snappy.parquet'],
      ],
    ]);
  });
  test('not what a run has not finished', () => {
    expect(found('out/silver/_temporary/0/task/part-00000.parquet')).toEqual([]);
  });
  test('found without case, in the order of the cells', () => {
    expect(
      match('Silver/part-0.parquet', 'RAW_rejects/part-0.parquet', 'raw/part-0.parquet').tables.map(({name}) => name),
    ).toEqual(['raw', 'raw_rejects', 'silver']);
  });
  test('a Delta table of its name, all of it', () => {
    expect(
      found(
        'out/silver/_delta_log/00000000000000000000.json',
        'out/silver/day=1/part-0.parquet',
        'out/silver/_delta_log/_last_checkpoint',
      ),
    ).toEqual([
      [
        'silver',
        'delta',
        'out/silver',
        ['_delta_log/00000000000000000000.json', 'day=1/part-0.parquet', '_delta_log/_last_checkpoint'],
      ],
    ]);
  });
  test('one file of its name', () => {
    expect(found('silver.snappy.parquet', 'notes.txt')).toEqual([
      ['silver', 'parquet', 'silver.snappy.parquet', ['silver.snappy.parquet']],
    ]);
  });
  test('in folders by value below it', () => {
    expect(found('silver/day=1/hour=2/part-0.parquet')).toEqual([
      ['silver', 'parquet', 'silver', ['silver/day=1/hour=2/part-0.parquet']],
    ]);
  });
});

test('two runs in one folder are ambiguous, and what bears no name is told', () => {
  const {tables, ambiguous, others} = match(
    'monday/silver/part-0.parquet',
    'tuesday/silver/part-0.parquet',
    'tuesday/raw/part-0.parquet',
    'tuesday/gold/part-0.parquet',
    'loose.parquet',
  );
  expect(tables.map(({name}) => name)).toEqual(['raw']);
  expect(ambiguous).toEqual([{name: 'silver', places: ['monday/silver', 'tuesday/silver']}]);
  expect(others).toEqual(['tuesday/gold']);
});

test('parts in a folder of a cell’s name look like the output of a run; a file or a Delta table of the name may be anything', () => {
  const looks = (...paths: string[]): boolean =>
    isOutput(
      paths.map((path) => ({path})),
      names,
    );
  expect(looks('out/silver/part-00000.parquet')).toBe(true);
  expect(looks('out/gold/part-00000.parquet')).toBe(false);
  expect(looks('silver/export.parquet')).toBe(false);
  expect(looks('silver.parquet')).toBe(false);
  expect(looks('silver/_delta_log/00000000000000000000.json', 'silver/part-00000.parquet')).toBe(false);
});
