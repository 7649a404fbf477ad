import {mkdirSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {DuckDBInstance} from '@duckdb/node-api';
import {runnerImport} from 'vite';
import {root} from './setup.mjs';

// The simulated files that ship with the app: `node tests/tools/make-samples.mjs` writes them again, byte for byte.

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;

/** Five rooms with a climate of their own. `work` is how many degrees people and machines add in working hours. */
const rooms = [
  {id: 'TH-101', temperature: 20.4, swing: 0.5, work: 1.8, humidity: 42},
  {id: 'TH-102', temperature: 16.2, swing: 1.2, work: 2.6, humidity: 50},
  {id: 'TH-103', temperature: 27.1, swing: 0.2, work: 0.5, humidity: 28},
  {id: 'TH-104', temperature: 4.2, swing: 0.3, work: 0.4, humidity: 78},
  {id: 'TH-105', temperature: 18.5, swing: 4.8, work: 0, humidity: 66},
];
const roomsStart = Date.UTC(2024, 2, 4);
const roomsDays = 14;

/**
 * Two weeks of five room sensors, every ten minutes: 10,080 readings, and the mess of a real logger: 80 lines sent twice, 90
 * replayed from a gateway's buffer, blanks and NaN, 85 °C and −127 °C (what a DS18B20 says when it just got power, or lost
 * its wire), 6 readings before the clock was set, and 7 lines that are no readings at all.
 * @returns {string} CSV
 */
export function sensorsCsv() {
  const random = generator(20240304);
  const steps = (roomsDays * day) / (10 * minute);
  const drift = rooms.map(() => ({temperature: 0, humidity: 0}));
  /** @type {{room: number, time: number, temperature: string, humidity: string}[]} */
  const readings = [];
  for (let step = 0; step < steps; step++) {
    const time = roomsStart + step * 10 * minute;
    rooms.forEach((room, index) => {
      const wander = drift[index];
      wander.temperature = 0.97 * wander.temperature + 0.08 * gauss(random);
      wander.humidity = 0.97 * wander.humidity + 0.35 * gauss(random);
      const sun = Math.sin(((time % day) / day - 0.29) * 2 * Math.PI);
      const temperature =
        room.temperature + room.swing * sun + room.work * atWork(time) + wander.temperature + 0.05 * gauss(random);
      const humidity = room.humidity - 1.4 * (temperature - room.temperature) + wander.humidity;
      readings.push({room: index, time, temperature: temperature.toFixed(2), humidity: humidity.toFixed(1)});
    });
  }

  const spikes = pick(readings.length, 62, random);
  spikes.forEach((at, i) => {
    const reading = readings[at];
    if (i < 38) reading.temperature = '85.00';
    else if (i < 50) reading.temperature = '-127.00';
    else reading.temperature = (Number(reading.temperature) + 7 + 5 * random()).toFixed(2);
  });
  const spiked = new Set(spikes);
  const lose = (
    /** @type {number} */ count,
    /** @type {'temperature' | 'humidity'} */ field,
    /** @type {string} */ text,
  ) => {
    for (const at of pick(readings.length, count, random)) if (!spiked.has(at)) readings[at][field] = text;
  };
  lose(121, 'temperature', '');
  lose(104, 'humidity', '');
  lose(43, 'humidity', 'NaN');

  const lines = readings.map((reading) => [csvLine(reading)]);
  // A logger that misses the acknowledgement sends the line again.
  for (const at of pick(readings.length, 80, random)) lines[at].push(csvLine(readings[at]));
  // A gateway that was offline replays its buffer, which keeps one decimal.
  replay(3, Date.UTC(2024, 2, 10), 6 * hour);
  replay(0, Date.UTC(2024, 2, 13, 22), 9 * hour);
  for (const at of pick(readings.length, 6, random))
    lines[at].push(`${rooms[readings[at].room].id},0000-00-00T00:00:00,85.00,${readings[at].humidity}`);
  const broken = [
    ['2024-03-05T04:40', 2, 'TH-103,2024-03-05T04:4'],
    ['2024-03-06T11:10', 0, 'TH-101,2024-03-06T11:10:00,22.1TH-102,2024-03-06T11:10:00,18.21,48.0'],
    ['2024-03-08T02:20', 3, 'TH-104,2024-03-08T02:20:00,ERR,77.9'],
    ['2024-03-10T06:00', 4, '#### gateway restarted ####'],
    ['2024-03-12T13:30', 4, 'TH-105,2024-03-12T13:30:00,2o.41,64.2'],
    ['2024-03-13T16:50', 1, 'TH-102,2024-03-13T16:50:00,19.02,47.7,OK'],
    ['2024-03-15T09:00', 0, 'TH-101,2024-03-15T09:00:00,21,87,41.2'],
  ];
  for (const [time, room, line] of broken)
    lines[indexOf(Date.parse(`${time}:00Z`), Number(room))].unshift(String(line));
  return `sensor_id,timestamp,temperature,humidity\n${lines.flat().join('\n')}\n`;

  /** @param {number} room @param {number} from @param {number} span */
  function replay(room, from, span) {
    const target = lines[indexOf(from + span, room)];
    for (let time = from; time < from + span; time += 10 * minute) {
      const reading = readings[indexOf(time, room)];
      const rounded = (/** @type {string} */ text) => (text === '' || text === 'NaN' ? text : Number(text).toFixed(1));
      target.push(
        csvLine({...reading, temperature: rounded(reading.temperature), humidity: rounded(reading.humidity)}),
      );
    }
  }
}

/** @param {number} time @param {number} room */
const indexOf = (time, room) => ((time - roomsStart) / (10 * minute)) * rooms.length + room;

/** @param {{room: number, time: number, temperature: string, humidity: string}} reading */
const csvLine = ({room, time, temperature, humidity}) =>
  [rooms[room].id, new Date(time).toISOString().slice(0, 19), temperature, humidity].join(',');

/** How much of a working day goes on: 0 at night and on Saturday and Sunday, 1 from nine to five. @param {number} time */
function atWork(time) {
  const date = new Date(time);
  if (date.getUTCDay() % 6 === 0) return 0;
  const hours = (time % day) / hour;
  return Math.max(0, Math.min(1, (hours - 7.5) / 1.5, (18.5 - hours) / 1.5));
}

/**
 * Where the room sensors are: semicolons, decimal commas and German dates, as a spreadsheet saves them. TH-105 is not in the
 * list yet; TH-099 no longer sends.
 */
export const sitesCsv = () =>
  `${[
    'sensor_id;room;floor;latitude;longitude;installed',
    'TH-099;Archive;-1;52,51631;13,37770;11.05.2019',
    'TH-101;Office;2;52,51640;13,37781;14.01.2023',
    'TH-102;Workshop;0;52,51622;13,37802;14.01.2023',
    'TH-103;Server room;-1;52,51633;13,37765;02.08.2022',
    'TH-104;Cold store;0;52,51615;13,37790;27.11.2023',
  ].join('\n')}\n`;

/** Six stations: four in a house in the valley, two outside on the hill, where the air is colder, wetter and thinner. */
const stations = [
  {id: 'SNS-1001', indoors: true, offset: 0.3},
  {id: 'SNS-1002', indoors: true, offset: -0.6},
  {id: 'SNS-1003', indoors: false, offset: 0.4},
  {id: 'SNS-1004', indoors: true, offset: 0.1},
  {id: 'SNS-1005', indoors: false, offset: -0.5},
  {id: 'SNS-1006', indoors: true, offset: 0.7},
];
const mangledIds = ['SNS-12', '??', '', 'sns-1002', 'SNS-1003 ', 'SNS-10O4', 'test', null];

/**
 * Two days of six weather stations, every ten minutes, one JSON object a line: 1,728 readings, some with an id that no
 * station has, some with a missing value; at SNS-1004 a heater that would not switch off.
 * @returns {string} NDJSON
 */
export function rawReadingsJson() {
  const random = generator(20240501);
  const start = Date.UTC(2024, 4, 1);
  const lines = [];
  for (let time = start; time < start + 2 * day; time += 10 * minute) {
    const sun = Math.sin(((time % day) / day - 0.3) * 2 * Math.PI);
    const weather = 3 * Math.sin((time - start) / (1.7 * day));
    for (const {id, indoors, offset} of stations) {
      const heater = id === 'SNS-1004' && time >= start + 30 * hour && time < start + 35 * hour ? 16 : 0;
      const temperature =
        (indoors ? 21.2 + 0.7 * sun : 8.5 + 4.2 * sun) + offset + heater + (heater ? 1.2 : 0.35) * gauss(random);
      const humidity = (indoors ? 43 : 76 - 6 * sun) - 0.9 * heater + 1.8 * gauss(random);
      const pressure = (indoors ? 1011.5 : 983.2) + weather + 0.3 * gauss(random);
      /** @type {Record<string, string | number | null>} */
      const reading = {
        sensor_id: random() < 0.022 ? mangledIds[Math.floor(random() * mangledIds.length)] : id,
        epoch_ms: time + Math.floor(random() * 4000),
        temperature: Number(temperature.toFixed(2)),
        humidity: Number(humidity.toFixed(1)),
        pressure: Number(pressure.toFixed(1)),
      };
      for (const field of ['temperature', 'humidity', 'pressure']) if (random() < 0.012) reading[field] = null;
      lines.push(JSON.stringify(reading));
    }
  }
  return `${lines.join('\n')}\n`;
}

/**
 * What the simulate step makes of ten compressors, with its default damage, as the files that a historian would leave: their readings with
 * five lines between them that are none, the list of them, and what was done to them.
 * @returns {Promise<{readings: string, metadata: string, maintenance: string}>} CSV, CSV and NDJSON
 */
export async function compressorFiles() {
  const table = (/** @type {string} */ name) => simulated({preset: 'compressors', table: name});
  const [readings, metadata, maintenance] = await Promise.all(['readings', 'metadata', 'maintenance'].map(table));
  const [header, ...lines] = csvLines(readings);
  // Further down first, so that the places of the others stay.
  const broken = [
    [9_120, 'COMP-010,2024-01-07T06:40:00,2.41,188.8,84.1,978.2,1006,6377,68474.3,OK'],
    [6_204, 'COMP-002,2024-01-05T06:10:00,ERR,190.4,83.0,991.3,1098,6902,56521.4'],
    [4_377, 'COMP-009,2024-01-04T00:5'],
    [2_850, '*** historian restarted ***'],
    [
      1_313,
      'COMP-006,2024-01-01T21:40:00,1.94,195.1,8COMP-007,2024-01-01T21:40:00,1.95,197.0,82.2,996.4,1105,6913,83116.8',
    ],
  ];
  for (const [place, line] of broken) lines.splice(Number(place), 0, String(line));
  const log = maintenance.rows.map((row) =>
    JSON.stringify(Object.fromEntries(maintenance.columns.map((name, i) => [name, row[i]]))),
  );
  return {
    readings: `${[header, ...lines].join('\n')}\n`,
    metadata: `${csvLines(metadata).join('\n')}\n`,
    maintenance: `${log.join('\n')}\n`,
  };
}

/** @param {{columns: string[], rows: (string | number | null)[][]}} table */
const csvLines = ({columns, rows}) => [
  columns.join(','),
  ...rows.map((row) =>
    row.map((value) => (String(value ?? '').includes(',') ? `"${value}"` : (value ?? ''))).join(','),
  ),
];

/** The rows of a simulate step; dates as text. @param {Record<string, unknown>} body */
async function simulated(body) {
  const [{module: step}, {module: params}] = await Promise.all([
    /** @type {Promise<{module: typeof import('../../src/steps/simulate.ts')}>} */ (
      runnerImport(join(root, 'src/steps/simulate.ts'))
    ),
    /** @type {Promise<{module: typeof import('../../src/params/index.ts')}>} */ (
      runnerImport(join(root, 'src/params/index.ts'))
    ),
  ]);
  const values = params.readParams(step.simulate.params, body);
  const program = values.ok ? step.simulate.toSql(values.value, []) : undefined;
  if (program?.kind !== 'sql') throw new Error(`simulate takes no ${JSON.stringify(body)}`);
  return withDuckDB(async (connection) => {
    const reader = await connection.runAndReadAll(program.sql);
    const rows = reader
      .getRowsJS()
      .map((row) => row.map((value) => (value instanceof Date ? value.toISOString().slice(0, 10) : value)));
    return {columns: reader.columnNames(), rows: /** @type {(string | number | null)[][]} */ (rows)};
  });
}

/** @template T @param {(connection: import('@duckdb/node-api').DuckDBConnection) => Promise<T>} use @returns {Promise<T>} */
async function withDuckDB(use) {
  const instance = await DuckDBInstance.create(':memory:', {threads: '1'});
  const connection = await instance.connect();
  try {
    return await use(connection);
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

/** `sensors.csv` with its types, lines that are no readings left out, as Parquet. @param {string} csv @param {string} parquet */
const writeReadings = (csv, parquet) =>
  withDuckDB((connection) =>
    connection.run(`
    COPY (
      FROM read_csv('${csv}', header = true, ignore_errors = true, auto_detect = false, delim = ',', quote = '"', new_line = '\\n',
        columns = {sensor_id: 'VARCHAR', timestamp: 'TIMESTAMP', temperature: 'DOUBLE', humidity: 'DOUBLE'})
    ) TO '${parquet}' (FORMAT parquet, COMPRESSION zstd)`),
  );

/** `count` different indexes below `length`, in no order. @param {number} length @param {number} count @param {() => number} random */
function pick(length, count, random) {
  /** @type {Set<number>} */
  const picked = new Set();
  while (picked.size < count) picked.add(Math.floor(random() * length));
  return [...picked];
}

/** @param {() => number} random */
const gauss = (random) => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());

/** Mulberry32: small, seeded, good enough for sample data. @param {number} seed */
function generator(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

if (import.meta.filename === process.argv[1]) {
  const folder = join(root, 'public', 'samples');
  mkdirSync(folder, {recursive: true});
  writeFileSync(join(folder, 'sensors.csv'), sensorsCsv());
  writeFileSync(join(folder, 'sites.csv'), sitesCsv());
  writeFileSync(join(folder, 'raw-readings.json'), rawReadingsJson());
  await writeReadings(join(folder, 'sensors.csv'), join(folder, 'readings.parquet'));
  const compressors = await compressorFiles();
  writeFileSync(join(folder, 'compressors.csv'), compressors.readings);
  writeFileSync(join(folder, 'compressor-metadata.csv'), compressors.metadata);
  writeFileSync(join(folder, 'maintenance-log.json'), compressors.maintenance);
}
