import {join} from 'node:path';
import {openDuckDB} from './native.mjs';
import {folderOf, markdownOf, sqlCell, stepCell, writeParquet} from './notebooks.mjs';

/** @typedef {import('./notebooks.mjs').Notebook} Notebook */

const columns = {
  id: 'INTEGER',
  sensor_id: 'VARCHAR',
  'rel. humidity': 'DOUBLE',
  temperature: 'DOUBLE',
  voltage: 'FLOAT',
  level: 'INTEGER',
  counter: 'BIGINT',
  price: 'DECIMAL(10,2)',
  active: 'BOOLEAN',
  day: 'DATE',
  read_at: 'TIMESTAMP',
  line: 'VARCHAR',
};

/** NULL, NaN, infinities, zeros of both signs, ties, clock changes, times before 1970, microseconds, letters in two forms, groups of one row. @type {(string | number | boolean | null)[][]} */
const rows = [
  [1, 's-1', 40.5, 20, 0.1, 1, 1, '0.05', true, '2024-02-29', '2024-03-31 01:30:00', 'WARN s-7 31.5C'],
  [2, 's-1', 40.5, 20, 0.1, 1, 1, '0.05', true, '2024-02-29', '2024-03-31 01:30:00', 'WARN s-7 31.5C'],
  [3, 's-1', null, 'NaN', 2.5, 2, 2, '1.00', false, '2024-03-31', '2024-03-31 02:30:00', 'INFO s-12 -4C'],
  [4, 's-1', 41, 21.5, null, 3, -7, '1.01', null, '2024-03-31', '2024-03-31 03:00:00', 'INFO s-12 -4C\n'],
  [5, 'S-1', 0, '-0.0', 'NaN', -7, '9007199254740993', '-3.35', true, '1969-12-31', '1969-12-31 23:59:59.999999', ''],
  [6, 's-2', 55.25, 85, -7.25, 7, '-9007199254740993', '99999999.99', false, '1970-01-01', '1970-01-01 00:00:00', null],
  [7, 's-2', 55.25, -127, 100, null, null, null, null, null, null, 'rebooted'],
  [8, 's-2', 56, 0.1, 0.3, 2, 5, '2.50', true, '1582-10-15', '1900-01-01 00:00:01', 'ERROR é 1.0C'],
  [9, 's-2', 'NaN', 0.2, 0.2, 2, 5, '2.51', true, '2024-10-27', '2024-10-27 00:59:59.5', 'ERROR x 1C\nERROR y 2C'],
  [10, 's-2', 57, 0.3, 0.1, 4, 6, '2.55', false, '2024-10-27', '2024-10-27 02:30:00.000001', 'error x 1C'],
  [11, 'é', 1e-7, 2.5, 0, 10, 10, '10.00', true, '2000-01-01', '2000-01-01 00:00:00', 'WARN ß 1.C'],
  [12, 'é', 1e6, 3.5, 1, 11, 11, '11.00', true, '2000-01-01', '2000-01-01 00:14:59.999999', 'WARN  2C'],
  [13, '', null, null, null, null, null, null, null, null, null, null],
  [14, null, 30, 19, 0.25, 5, 8, '7.77', false, '2024-02-29', '2024-02-29 12:34:56.789012', 'WARN 😀 7C'],
  [15, null, null, 'NaN', null, 6, 9, '7.78', null, null, '2024-02-29 12:34:56.789013', 'WARN\ts 7C'],
  [16, ' s-1', 31, 19, 0.25, 2147483647, 0, '0.00', false, '9999-12-31', '2024-02-29 12:00:00', 'ſ'],
  [17, '😀', 32, 18.875, 0.5, -2147483648, 3, '-0.01', true, '0001-02-01', '2024-12-31 23:59:59.999999', "it's"],
];
const infinite = [
  [18, 's-3', 'Infinity', 1, 'Infinity', 1, 1, '1.00', true, '2024-01-01', '2024-01-01 00:00:00', 'a\\b'],
  [19, 's-3', 2, 'Infinity', 1, 2, 2, '2.00', true, '2024-01-02', '2024-01-01 12:00:00', '%_'],
  [20, 's-3', 3, 3, 2, 4, 4, '4.00', true, '2024-01-03', '2024-01-02 00:00:00', 'a%b'],
];

/** Every table that a step is tried on. @type {Record<string, import('./notebooks.mjs').ExampleTable>} */
const tables = {
  nasty: {columns, rows},
  infinite: {columns, rows: [...rows.slice(0, 4), ...infinite]},
  one: {columns, rows: rows.slice(13, 14)},
  blank: {columns, rows: rows.slice(12, 13)},
  empty: {columns, rows: []},
};

const numbers = ['rel. humidity', 'temperature', 'voltage', 'level', 'counter', 'price'];
const everything = Object.keys(columns);
const all = ['avg', 'min', 'max', 'stddev', 'count', 'sum', 'median', 'p05', 'p25', 'p75', 'p95', 'first', 'last'];
/** @param {readonly string[]} names @param {readonly string[]} statistics */
const metrics = (names, statistics) => Object.fromEntries(names.map((name) => [name, statistics]));

const allRolling = ['mean', 'std', 'min', 'max', 'slope', 'count'];
const allTimeFeatures =
  'hour_of_day day_of_week is_weekend day_of_month day_of_year week_of_year month quarter year minute_of_hour hour_sin hour_cos'.split(
    ' ',
  );

/** What each step is tried with, on every table. @type {Record<string, readonly Record<string, unknown>[]>} */
const bodies = {
  aggregate: [
    {metrics: metrics(numbers, all)},
    {keys: ['sensor_id'], metrics: metrics(numbers, all)},
    {
      keys: ['active', 'sensor_id'],
      metrics: metrics(['sensor_id', 'day', 'read_at', 'active', 'line'], ['min', 'max', 'count', 'first', 'last']),
    },
    {time: {column: 'read_at', every: '1h'}, metrics: metrics(['temperature'], ['avg', 'count'])},
    {keys: ['SENSOR_ID'], time: {column: 'day', every: '7d'}, metrics: {Temperature: ['max', 'stddev']}},
    {time: {column: 'read_at', every: '90m'}},
    {time: {column: 'read_at', every: '1s'}},
    {keys: ['temperature', 'voltage']},
    {keys: ['price', 'day']},
    {},
  ],
  alerts: [
    {by: ['sensor_id'], time: 'read_at', rules: {temperature: {warning: 1, critical: 21}, Voltage: {critical: 0.1}}},
    {
      by: ['Sensor_ID', 'active'],
      time: 'read_at',
      rules: {temperature: {warning: 20, clear: 0.5}, 'rel. humidity': {warning: 40.5, direction: 'below'}},
      readings: 2,
      out_of: 3,
    },
    {
      time: 'read_at',
      rules: {
        counter: {warning: 5, clear: 2},
        price: {critical: 1.01},
        level: {warning: 3, critical: -1, direction: 'below', clear: 4},
      },
      readings: 2,
      cooldown: '1d',
    },
    {
      time: 'day',
      rules: {level: {critical: 3}, temperature: {warning: 2.5}},
      readings: 1,
      out_of: 4,
      cooldown: '1000d',
    },
    {by: ['day', 'counter'], time: 'read_at', rules: {level: {warning: 0}}},
  ],
  quality: [
    {
      time: 'read_at',
      now: '2024-03-31 03:00:00',
      schema: {
        id: 'int',
        sensor_id: 'string',
        temperature: 'double',
        price: 'decimal(10,2)',
        level: 'bigint',
        gone: 'double',
      },
      missing: {'rel. humidity': 20, level: 0},
      ranges: {
        temperature: {min: -0.5, max: 60},
        'rel. humidity': {min: 0, max: 100},
        price: {min: 0.05},
        counter: {max: '9007199254740993'},
        voltage: {min: 0.1, max: 2.5},
        day: {min: '1970-01-01'},
        sensor_id: {max: 's'},
        gone: {min: 0},
      },
      keys: ['sensor_id', 'rel. humidity'],
      conditions: [{name: 'odd', expression: 'temperature < voltage OR active'}],
    },
    {
      time: 'day',
      freshness: '30d',
      by: ['sensor_id', 'active'],
      now: '2024-03-31',
      keys: ['temperature'],
      missing_percent: 100,
    },
    {time: 'READ_AT', by: ['voltage'], now: '2024-12-31T23:59:59.999Z', keys: ['price'], skip: ['validity']},
    {skip: ['completeness'], now: '2024-03-31', keys: ['day', 'voltage', 'line']},
    {time: 'read_at', in_order: true, by: ['sensor_id'], now: '2024-03-31', skip: ['completeness']},
    {time: 'read_at', in_order: true, now: '2099-01-01', freshness: '30d', keys: ['voltage'], missing_percent: 30},
    {time: 'day', in_order: true, by: ['active', 'voltage'], now: '2024-03-31', skip: ['freshness', 'completeness']},
    {time: 'Day', in_order: true, schema: {day: 'timestamp'}, now: '2024-03-31', skip: ['completeness']},
  ],
  dedup: [
    {},
    {keys: ['sensor_id']},
    {keys: ['Sensor_ID', 'active'], keep: 'last'},
    {keys: ['temperature'], keep: 'last', order_by: 'read_at'},
    {keys: ['voltage', 'active'], order_by: 'rel. humidity'},
    {keys: ['day'], keep: 'last', order_by: 'temperature'},
    {keys: ['rel. humidity'], order_by: 'line'},
  ],
  drop_nulls: [
    {},
    {how: 'all'},
    {thresh: 11},
    {columns: ['rel. humidity', 'Voltage']},
    {columns: ['day', 'temperature'], how: 'all'},
    {columns: numbers, thresh: 5},
  ],
  fill: [
    {columns: numbers},
    {columns: numbers, by: ['sensor_id']},
    {columns: numbers, method: 'median'},
    {columns: numbers, method: 'median', by: ['active', 'sensor_id']},
    {columns: everything.slice(1), method: 'mode'},
    {columns: everything.slice(3), method: 'mode', by: ['sensor_id']},
    {columns: ['temperature', 'voltage', 'level', 'counter', 'price'], method: 'constant', value: '2.75'},
    {columns: ['counter'], method: 'constant', value: '9007199254740993'},
    {columns: ['sensor_id', 'line'], method: 'constant', value: "it's \\ “none”"},
    {columns: ['day', 'read_at'], method: 'constant', value: '2024-02-29'},
    {columns: everything.slice(1), method: 'forward'},
    {columns: ['Rel. Humidity', 'line'], method: 'forward', by: ['sensor_id'], order_by: 'read_at'},
    {columns: numbers, method: 'linear'},
    {columns: numbers.slice(0, 3), method: 'linear', by: ['sensor_id'], order_by: 'read_at'},
    {columns: ['level', 'price', 'temperature'], method: 'linear', order_by: 'day'},
    {columns: ['level', 'counter', 'price'], method: 'linear', order_by: 'temperature'},
  ],
  outliers: ['zscore', 'iqr', 'mad'].flatMap((method) => [
    {columns: numbers, method, threshold: 1.1},
    {columns: numbers, method, threshold: 0.9, action: 'flag'},
    {columns: numbers, method, threshold: 1.1, action: 'clip', by: ['sensor_id']},
    {columns: ['Rel. humidity', 'Level', 'price'], method, action: 'null', by: ['active', 'temperature']},
  ]),
  extract: [
    {column: 'line', pattern: '^(?<grade>[A-Z]+) (?<sender>.+) (?<celsius>-?\\d+(\\.\\d+)?)C$'},
    {column: 'line', pattern: '(?i)(?<word>[a-zß]+) (?<rest>.*)'},
    {column: 'line', pattern: '(?<line>\\S+)\\s(?<id>\\S+)|(?<empty>^$)'},
    {column: 'sensor_id', pattern: '(?<letter>\\w)[.$-]?(?<digit>[0-9$.])?$'},
  ],
  rename: [
    {columns: {SENSOR_ID: 'name', 'rel. humidity': 'humidity'}},
    {columns: {id: 'level', level: 'counter', counter: 'id'}},
    {columns: {temperature: 'rel. temperature', 'rel. humidity': 'x`y'}},
  ],
  select: [
    {columns: ['Price', 'rel. humidity', 'ID']},
    {columns: ['id'], expressions: {upper: 'upper(sensor_id)', sum: 'level::BIGINT + counter', half: 'level / 2'}},
    {
      columns: ['id'],
      expressions: {
        before: 'lag(temperature) OVER (ORDER BY id)',
        place: 'row_number() OVER (PARTITION BY sensor_id ORDER BY id DESC)',
      },
    },
  ],
  filter: [
    {condition: 'temperature > 20'},
    {condition: '"rel. humidity" IS NULL OR NOT active'},
    {condition: "sensor_id >= 's-1' AND day < DATE '2024-03-01'"},
    {condition: "read_at >= TIMESTAMP '1970-01-01'"},
  ],
  derive: [
    {columns: {fahrenheit: 'temperature * 1.8 + 32', hot: 'fahrenheit > 80', TEMPERATURE: 'round(temperature, 1)'}},
    {
      columns: {
        half: 'level / 2',
        whole: 'level // 2',
        rest: 'level % 3',
        share: 'price / 3',
        inverse: '1 / level',
        none: 'level % 0',
      },
    },
    {
      columns: {
        hour: "date_trunc('hour', read_at)",
        year: 'year(read_at)',
        later: 'read_at + INTERVAL 1 HOUR',
        date: 'CAST(read_at AS DATE)',
      },
    },
    {
      columns: {
        running: 'sum(level::BIGINT) OVER (PARTITION BY active ORDER BY id)',
        last: 'lead(line) OVER (ORDER BY id)',
      },
    },
    {
      columns: {
        text: "coalesce(sensor_id, 'none') || '!'",
        n: 'length(line)',
        low: 'lower(line)',
        same: "trim(sensor_id) = 's-1'",
      },
    },
  ],
  validate: ['quarantine', 'drop', 'flag'].flatMap((on_failure) => [
    {
      on_failure,
      rules: [
        {column: 'sensor_id', regex: '^s-.$'},
        {column: 'Temperature', min: -100, max: 50.5, not_null: true},
        {name: 'as a float', column: 'voltage', min: 0.1, max: 0.3},
        {name: 'short', column: 'rel. humidity', in: ['40.5', '41', '0']},
      ],
    },
    {
      on_failure,
      rules: [
        {column: 'price', min: '0.05', max: '2.5'},
        {column: 'counter', max: '9007199254740992'},
        {name: 'span', column: 'read_at', min: '1970-01-01', max: '2024-03-31 02:30:00'},
        {column: 'day', in: ['2024-02-29', '1969-12-31']},
        {name: 'it’s “so”', expression: 'temperature < "rel. humidity" OR active'},
        {column: 'line', in: ['rebooted', "it's", 'a\\b', '']},
      ],
    },
  ]),
  cast: [
    {
      columns: {
        temperature: {to: 'int'},
        voltage: {to: 'double'},
        level: {to: 'double'},
        counter: {to: 'double'},
        price: {to: 'int'},
        active: {to: 'int'},
      },
    },
    {columns: {temperature: {to: 'int'}, level: {to: 'smallint'}, price: {to: 'decimal(6,1)'}}, on_failure: 'reject'},
    {
      columns: {
        day: {to: 'timestamp'},
        read_at: {to: 'date'},
        level: {to: 'string'},
        counter: {to: 'string'},
        price: {to: 'string'},
        active: {to: 'string'},
      },
    },
    {columns: {day: {to: 'string'}, read_at: {to: 'string'}, line: {to: 'double'}}, on_failure: 'reject'},
    {columns: {read_at: {to: 'string', format: 'yyyy-MM-dd HH:mm'}, counter: {to: 'timestamp', epoch: 's'}}},
    {
      columns: {
        temperature: {to: 'boolean'},
        'rel. humidity': {to: 'decimal(6,1)'},
        level: {to: 'timestamp', epoch: 'ms'},
        counter: {to: 'date', epoch: 'us'},
        price: {to: 'float'},
      },
    },
    {columns: {read_at: {to: 'bigint', epoch: 'ms'}, day: {to: 'double'}}},
    {columns: {temperature: {to: 'string'}, voltage: {to: 'string'}}},
  ],
  mask: [
    {
      columns: {
        sensor_id: {method: 'hash'},
        level: {method: 'hash'},
        price: {method: 'hash'},
        day: {method: 'hash'},
        read_at: {method: 'hash'},
        active: {method: 'hash'},
      },
      salt: 'pepper',
    },
    {columns: {line: {method: 'partial', first: 2, last: 1}, sensor_id: {method: 'redact'}, level: {method: 'redact'}}},
  ],
  rolling: [
    {
      columns: ['Rel. Humidity', 'temperature'],
      time: 'READ_AT',
      by: ['Sensor_id'],
      windows: ['1h', '90m'],
      statistics: allRolling,
    },
    {columns: ['level', 'price', 'voltage'], time: 'day', windows: ['30d'], statistics: allRolling},
    {columns: ['id'], time: 'read_at', by: ['active', 'temperature']},
  ],
  rate_of_change: [
    {columns: numbers, time: 'read_at'},
    {columns: ['Rel. Humidity', 'temperature', 'voltage'], time: 'READ_AT', by: ['Sensor_id']},
    {columns: ['counter', 'price'], time: 'day', by: ['active', 'temperature']},
  ],
  thresholds: [
    {
      rules: {
        'Rel. humidity': {warning: 40.5, critical: 55.25},
        temperature: {warning: 0.1, critical: -127, direction: 'below'},
        voltage: {warning: 0.1, critical: 0.2},
        level: {critical: 2.5},
        counter: {warning: 9007199254740992},
        price: {warning: 2.51, critical: 1e9},
      },
    },
  ],
  time_features: [
    {time: 'read_at', features: allTimeFeatures},
    {time: 'Day', features: allTimeFeatures},
    {time: 'read_at'},
  ],
  audit_columns: [{now: '2024-03-31T02:30:00+01:00', source_file: 'line'}],
};

/** A second table for joins, unions and alignment: keys twice, NULL, in another order and of other widths. @type {import('./notebooks.mjs').ExampleTable} */
const second = {
  columns: {
    level: 'BIGINT',
    SENSOR_ID: 'VARCHAR',
    room: 'VARCHAR',
    temperature: 'DOUBLE',
    day: 'TIMESTAMP',
    price: 'DECIMAL(12,4)',
  },
  rows: [
    [1, 's-1', 'Office', 20, '2024-02-29 00:00:00', '0.0500'],
    [2, 's-1', 'Office', 'NaN', '2024-03-31 00:00:00', '1.0100'],
    [3, 'é', 'Hall', 0, '1969-12-31 00:00:00', '1.0000'],
    [4, null, 'none', null, null, null],
    [null, '😀', null, 0.1, '2024-01-01 00:00:01', '2.5001'],
  ],
};
const paired = [
  ...['inner', 'left', 'semi', 'anti'].flatMap((how) => [
    {kind: 'join', body: {on: ['sensor_id'], how}},
    {kind: 'join', body: {on: ['temperature'], how}},
    {kind: 'join', body: {on: ['level', 'Sensor_id'], how}},
    {kind: 'join', body: {on: ['day'], how}},
    {kind: 'join', body: {on: ['price', 'level'], how, suffix: ' of 2.'}},
  ]),
  {kind: 'union', body: {allow_missing: true}},
  {kind: 'align_schema', body: {on_failure: 'null'}},
  {kind: 'align_schema', body: {on_failure: 'reject'}},
];

/** Every step over tables that engines are known to differ on: a notebook for each step and table. @returns {Promise<Notebook[]>} */
export async function dataNotebooks() {
  const connection = await openDuckDB();
  /** @type {Notebook[]} */
  const notebooks = [];
  const add = async (/** @type {string} */ name, /** @type {string} */ table, /** @type {string[]} */ cells) => {
    const folder = await folderOf(async (path) => {
      await writeParquet(connection, join(path, 'rows.parquet'), tables[table] ?? second);
      await writeParquet(connection, join(path, 'second.parquet'), second);
    });
    notebooks.push({
      name: `${name} over ${table} rows`,
      markdown: markdownOf(name, [stepCell('rows', 'load', {file: 'rows.parquet'}), ...cells]),
      folder,
      isMadeUp: true,
    });
  };
  for (const table of Object.keys(tables)) {
    for (const [kind, list] of Object.entries(bodies))
      await add(
        kind,
        table,
        list.map((body, i) => stepCell(`${kind}_${i + 1}`, kind, {from: 'rows', ...body})),
      );
    await add('join, union and align_schema', table, [
      stepCell('second', 'load', {file: 'second.parquet'}),
      ...paired.map(({kind, body}, i) =>
        stepCell(`${kind}_${i + 1}`, kind, {
          from: 'rows',
          [{join: 'with', union: 'with', align_schema: 'to'}[kind] ?? '']: 'second',
          ...body,
        }),
      ),
      sqlCell('both', 'SELECT sensor_id, count(*) AS n FROM rows GROUP BY sensor_id HAVING count(*) > 1'),
    ]);
  }
  // Sines, rounded: enough of them that one which falls between two numbers would show.
  await add('simulate', 'one', [
    stepCell('week', 'simulate', {preset: 'compressors'}),
    stepCell('fleet', 'simulate', {
      preset: 'compressors',
      compressors: 1200,
      days: 0.25,
      interval: '15m',
      start: '2023-12-31T23:59:30',
      seed: -3,
      failing: ['COMP-1200'],
    }),
    stepCell('list', 'simulate', {preset: 'compressors', table: 'metadata', compressors: 1200, start: '2024-02-29'}),
    stepCell('log', 'simulate', {preset: 'compressors', table: 'maintenance', compressors: 300, failing: [], seed: 9}),
  ]);
  // What was read before a write stays what it was.
  await add('reading a table before it is appended to', 'one', [
    stepCell('saved', 'snapshot', {from: 'rows', table: 'appended_to', mode: 'overwrite'}),
    stepCell('before', 'read_table', {table: 'appended_to'}),
    sqlCell('counted', 'SELECT count(*) AS n FROM lake.appended_to'),
    stepCell('appended', 'snapshot', {from: 'rows', table: 'appended_to', mode: 'append'}),
    sqlCell(
      'both',
      'SELECT (SELECT count(*) FROM before) AS rows_before, (SELECT max(n) FROM counted) AS counted_before, count(*) AS rows_after FROM lake.appended_to',
    ),
  ]);
  connection.closeSync();
  return notebooks;
}
