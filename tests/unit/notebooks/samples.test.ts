import {readFileSync, readdirSync} from 'node:fs';
import {join} from 'node:path';
import {gzipSync} from 'node:zlib';
import {describe, expect, test} from 'vitest';
import {kmeans} from '../../../workers/kernels/kmeans.ts';
import {compressorFiles, rawReadingsJson, sensorsCsv, sitesCsv} from '../../tools/make-samples.mjs';
import {root} from '../../tools/setup.mjs';
import {matrix, result, values} from '../kernels/run.ts';

const folder = join(root, 'public/samples');
const sample = (name: string): string => readFileSync(join(folder, name), 'utf8');

test.each([
  ['sensors.csv', sensorsCsv],
  ['sites.csv', sitesCsv],
  ['raw-readings.json', rawReadingsJson],
  ['compressors.csv', async () => (await compressorFiles()).readings],
  ['compressor-metadata.csv', async () => (await compressorFiles()).metadata],
  ['maintenance-log.json', async () => (await compressorFiles()).maintenance],
])('%s is what its generator writes', async (name, make) => {
  expect(sample(name) === (await make()), 'run `node tests/tools/make-samples.mjs`').toBe(true);
});

test('all samples together stay small enough to load with the page', () => {
  const sent = readdirSync(folder).reduce((sum, name) => sum + gzipSync(readFileSync(join(folder, name))).length, 0);
  expect(sent).toBeLessThan(600_000);
});

describe('sensors.csv has the mess that its notebook speaks of', () => {
  const lines = sample('sensors.csv').trimEnd().split('\n').slice(1);
  const rows = lines.map((line) => line.split(','));
  const whole = rows.filter((row) => row.length === 4 && [row[2], row[3]].every((text) => text === '' || text === 'NaN' || /^-?\d+(\.\d+)?$/.test(text ?? '')));
  const timed = whole.filter((row) => !Number.isNaN(Date.parse(`${row[1] ?? ''}Z`)));

  test('10,256 readings and 7 lines that are none; 6 readings without a time; 10,080 different ones', () => {
    expect([whole.length, lines.length - whole.length, whole.length - timed.length]).toEqual([10_256, 7, 6]);
    expect(new Set(timed.map((row) => `${row[0]} ${row[1]}`)).size).toBe(10_080);
  });

  test('50 faults, at different readings', () => {
    const faults = timed.filter((row) => row[2] === '85.00' || row[2] === '-127.00');
    expect(new Set(faults.map((row) => `${row[0]} ${row[1]}`)).size).toBe(50);
  });
});

test('k-means with k = 2 puts every station of raw-readings.json wholly indoors or outdoors, and the elbow is at 2', () => {
  interface Reading {
    readonly sensor_id: string | null;
    readonly temperature: number | null;
    readonly humidity: number | null;
    readonly pressure: number | null;
  }
  // One JSON object a line, with the fields that its generator gives.
  const readings = sample('raw-readings.json').trimEnd().split('\n').map((line) => JSON.parse(line) as Reading);
  const known = readings.filter(({sensor_id}) => /^SNS-\d{4}$/.test(sensor_id ?? ''));
  expect([readings.length, known.length]).toEqual([1728, 1681]);
  const input = matrix(known.map(({temperature, humidity, pressure}) => [temperature ?? NaN, humidity ?? NaN, pressure ?? NaN]));
  const {columns, facts, tables} = result(kmeans, input, {k: 2, seed: 1, standardize: true, elbow_max: 6});
  expect(facts.rows).toBe(1610);
  const clusters = values(columns, 'cluster');
  const places = new Map<string | null, Set<number>>();
  known.forEach(({sensor_id}, row) => {
    const cluster = clusters[row] ?? NaN;
    if (cluster >= 0) places.set(sensor_id, (places.get(sensor_id) ?? new Set()).add(cluster));
  });
  expect(Object.fromEntries([...places].map(([id, found]) => [id, [...found].join()]))).toEqual({'SNS-1001': '0', 'SNS-1002': '0', 'SNS-1003': '1', 'SNS-1004': '0', 'SNS-1005': '1', 'SNS-1006': '0'});
  expect(facts.silhouette).toBeGreaterThan(0.8);
  const [one = 0, two = 0, three = 0] = values(tables.elbow, 'inertia');
  expect(one - two).toBeGreaterThan(5 * (two - three));
});
