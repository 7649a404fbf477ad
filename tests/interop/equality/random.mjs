import {join} from 'node:path';
import {writeFileSync} from 'node:fs';
import {openDuckDB, quoted} from './native.mjs';
import {folderOf, markdownOf, sqlCell, stepCell, writeParquet} from './notebooks.mjs';

/**
 * A cell's table while a notebook is made up. `ordered`: its rows have an order in Spark, too, which joins and SQL cells don't keep.
 * @typedef {{name: string, columns: readonly Column[], ordered: boolean, plain: boolean}} Made
 * @typedef {{name: string, type: string}} Column
 */

/** Values that engines are known to differ on: NULL, NaN, ties, zeros of both signs, the hours of clock changes, times before 1970, letters of more than one form. */
const values = /** @type {Record<string, readonly (string | number | null)[]>} */ ({
  VARCHAR: ['s-1', 's-1', 'S-1', 's-2', 's-10', '', ' s-1', 'é', 'é', 'Zoë', 'ß', '😀', "it's", 'a"b', 'a\\b', null],
  DOUBLE: [20, 20, 20.5, 21.25, 0.1, 0.3, -4, 85, -127, 0, '-0.0', 2.5, 3.5, 1e6, 1e-7, 'NaN', null, null],
  FLOAT: [0.1, 0.1, 2.5, -7.25, 100, 'NaN', null],
  INTEGER: [1, 1, 2, 3, 7, -7, 0, 2147483647, null],
  BIGINT: [1, 2, 2, -5, '9007199254740993', 0, null],
  'DECIMAL(10,2)': ['0.05', '0.05', '1.00', '1.01', '-3.35', '2.50', '99999999.99', null],
  BOOLEAN: ['true', 'false', 'true', null],
  DATE: ['2024-02-29', '2024-02-29', '1969-12-31', '1970-01-01', '2024-03-31', '1582-10-15', null],
  TIMESTAMP: [
    '2024-03-31 01:30:00',
    '2024-03-31 02:30:00',
    '2024-10-27 02:30:00',
    '2024-10-27 02:30:00.000001',
    '1969-12-31 23:59:59.999999',
    '1970-01-01 00:00:00',
    '2024-02-29 12:34:56.789012',
    '1900-01-01 00:00:01',
    null,
  ],
});
const texts = ['21.5', ' 7 ', '-4', 'warm', '', '1e3', '12.7', '99999999999', 'NaN', 'true', null];
const lines = [
  'WARN s-7 31.5C',
  'INFO s-12 -4C',
  'INFO s-12 4.0C',
  'rebooted',
  'ERROR é 1C',
  'WARN s-7 31.5C\n',
  '',
  null,
];
const days = [
  '2024-02-29T12:00:00',
  '2023-02-29T12:00:00',
  '1969-07-20T20:17:40',
  '2024-03-31T02:30:00',
  'today',
  '',
  null,
];

/** Names of columns by type; the second of two is a name that needs quotes. */
const named = /** @type {Record<string, [string, string]>} */ ({
  VARCHAR: ['sensor_id', 'Sensor name'],
  DOUBLE: ['temperature', 'rel. humidity'],
  FLOAT: ['voltage', 'U (V)'],
  INTEGER: ['level', 'Größe'],
  BIGINT: ['counter', 'order'],
  'DECIMAL(10,2)': ['price', 'Price, €'],
  BOOLEAN: ['active', 'is "on"'],
  DATE: ['day', 'select'],
  TIMESTAMP: ['read_at', 'read`at'],
});

/** Numbers from a seed: the same ones for the same seed. @param {number} seed */
function dice(seed) {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  return {
    /** @param {number} share */
    chance: (share) => next() < share,
    /** A whole number from 0, below `n`. @param {number} n */
    below: (n) => Math.floor(next() * n),
    /** @template T @param {readonly T[]} from @returns {T} */
    pick: (from) => /** @type {T} */ (from[Math.floor(next() * from.length)]),
    /** Some of them, at least one when there is one. @template T @param {readonly T[]} from @param {number} [most] @returns {T[]} */
    some: (from, most = 2) => {
      const found = from.filter(() => next() < 0.4).slice(0, most);
      return found.length > 0 || from.length === 0
        ? found
        : [/** @type {T} */ (from[Math.floor(next() * from.length)])];
    },
  };
}

/** @typedef {ReturnType<typeof dice>} Dice */

/** @param {Column} column */
const isNumber = ({type}) => /^(DOUBLE|FLOAT|U?(TINY|SMALL|BIG)?INT|INTEGER|BIGINT|DECIMAL)/.test(type);
/** @param {Column} column */
const isTime = ({type}) => type === 'DATE' || type === 'TIMESTAMP';
/** @param {readonly Column[]} columns */
const names = (columns) => columns.map(({name}) => name);

/**
 * Notebooks made up from a seed: loads of one to three small tables, then steps of all kinds on end.
 * @param {number} seed @param {number} count
 */
export async function* randomNotebooks(seed, count) {
  const connection = await openDuckDB();
  for (let i = 0; i < count; i++) yield await randomNotebook(connection, seed + i);
  connection.closeSync();
}

/** @param {import('@duckdb/node-api').DuckDBConnection} connection @param {number} seed */
async function randomNotebook(connection, seed) {
  const roll = dice(seed * 7919 + 13);
  const name = `random notebook ${seed}`;
  /** @type {string[]} */
  const cells = [];
  /** @type {Made[]} */
  const made = [];
  const folder = await folderOf(async (path) => {
    const tables = 1 + roll.below(3);
    for (let t = 0; t < tables; t++) made.push(await base(connection, path, roll, `t${t}`, cells));
  });
  const steps = 2 + roll.below(6);
  let current = /** @type {Made} */ (made[0]);
  for (let n = 0; n < steps; n++) {
    const makers = Object.values(kinds);
    /** @type {{cells: string[], made: Made} | undefined} */
    let next;
    for (let tries = 0; next === undefined && tries < 20; tries++)
      next = roll.pick(makers)({roll, from: current, others: made.filter((table) => table !== current), as: `c${n}`});
    if (next === undefined) break;
    cells.push(...next.cells);
    made.push(next.made);
    current = next.made;
  }
  return {name, markdown: markdownOf(name, cells), folder, isMadeUp: true, mayFail: true};
}

/** A table in a file, and the cell that loads it. @param {import('@duckdb/node-api').DuckDBConnection} connection @param {string} folder @param {Dice} roll @param {string} name @param {string[]} cells @returns {Promise<Made>} */
async function base(connection, folder, roll, name, cells) {
  const plain = roll.chance(0.7);
  const types = [
    'VARCHAR',
    'DOUBLE',
    ...Object.keys(values).filter((type) => type !== 'VARCHAR' && type !== 'DOUBLE' && roll.chance(0.35)),
  ];
  /** @type {(Column & {from: readonly (string | number | null)[]})[]} */
  const columns = types.map((type) => ({name: named[type]?.[plain ? 0 : 1] ?? type, type, from: values[type] ?? []}));
  for (const [column, from] of /** @type {[string, readonly (string | null)[]][]} */ ([
    ['reading', texts],
    ['line', lines],
    ['written', days],
  ]))
    if (roll.chance(0.25)) columns.push({name: column, type: 'VARCHAR', from});
  const rows = Array.from({length: roll.chance(0.08) ? 0 : roll.chance(0.1) ? 1 : 3 + roll.below(15)}, () =>
    columns.map(({from}) => roll.pick(from)),
  );
  const made = {name, columns: columns.map(({name: column, type}) => ({name: column, type})), ordered: true, plain};
  // A line break in a text, and an empty text, are read by each CSV reader in its own way.
  if (plain && roll.chance(0.2)) {
    const kept = columns
      .map((column, i) => ({column, i}))
      .filter(({column}) => !['VARCHAR', 'FLOAT'].includes(column.type) || column.name === 'sensor_id');
    const safe = rows.filter((row) => /^[\w-]+$/.test(String(row[0])) && row[0] !== null && rows.length > 0);
    const text = [kept.map(({column}) => column.name), ...safe.map((row) => kept.map(({i}) => row[i] ?? ''))]
      .map((row) => row.join(','))
      .join('\n');
    writeFileSync(join(folder, `${name}.csv`), `${text}\n`);
    cells.push(
      stepCell(name, 'load', {
        file: `${name}.csv`,
        header: 'true',
        delimiter: ',',
        schema: Object.fromEntries(kept.map(({column}) => [column.name, column.type])),
      }),
    );
    return {...made, columns: kept.map(({column}) => ({name: column.name, type: column.type}))};
  }
  await writeParquet(connection, join(folder, `${name}.parquet`), {
    columns: Object.fromEntries(columns.map((column) => [column.name, column.type])),
    rows,
  });
  cells.push(stepCell(name, 'load', {file: `${name}.parquet`}));
  return made;
}

/**
 * A maker of one step over a table; undefined when the table has no columns for it.
 * @typedef {(given: {roll: Dice, from: Made, others: readonly Made[], as: string}) => {cells: string[], made: Made} | undefined} Maker
 */

/** @param {Made} from @param {string} as @param {string} kind @param {Record<string, unknown>} body @param {Partial<Made>} [changed] */
const step = (from, as, kind, body, changed = {}) => ({
  cells: [stepCell(as, kind, {from: from.name, ...body})],
  made: {...from, ...changed, name: as},
});

/** @param {readonly Column[]} columns @param {readonly Column[]} added */
const withColumns = (columns, added) => [
  ...columns.map((column) => added.find(({name}) => name.toLowerCase() === column.name.toLowerCase()) ?? column),
  ...added.filter(({name}) => !columns.some((column) => column.name.toLowerCase() === name.toLowerCase())),
];

const statistics = ['avg', 'min', 'max', 'stddev', 'count', 'sum', 'median', 'p05', 'p95'];
/** The type of a statistic. @param {string} statistic @param {string} type */
const typeOf = (statistic, type) =>
  statistic === 'count'
    ? 'BIGINT'
    : /^(min|max|first|last)$/.test(statistic)
      ? type
      : statistic === 'sum' && type !== 'DOUBLE'
        ? 'OTHER'
        : 'DOUBLE';

/** Expressions by the type they need, and the type they give. @type {readonly [needs: string, write: (name: string) => string, gives: string][]} */
const expressions = [
  ['DOUBLE', (x) => `${x} * 1.8e0 + 32`, 'DOUBLE'],
  ['DOUBLE', (x) => `coalesce(${x}, 0) / 3`, 'DOUBLE'],
  ['DOUBLE', (x) => `1 / ${x}`, 'DOUBLE'],
  ['DOUBLE', (x) => `round(${x}, 1)`, 'DOUBLE'],
  ['DOUBLE', (x) => `CASE WHEN ${x} > 20 THEN 'hot' WHEN ${x} IS NULL THEN 'none' ELSE 'cold' END`, 'VARCHAR'],
  ['DOUBLE', (x) => `${x} BETWEEN 0 AND 50`, 'BOOLEAN'],
  ['DOUBLE', (x) => `nullif(abs(${x}), 20)`, 'DOUBLE'],
  ['INTEGER', (x) => `${x} / 2`, 'DOUBLE'],
  ['INTEGER', (x) => `${x} // 2`, 'INTEGER'],
  ['INTEGER', (x) => `${x} % 3`, 'INTEGER'],
  ['INTEGER', (x) => `${x}::BIGINT * 2`, 'BIGINT'],
  ['INTEGER', (x) => `10 % ${x}`, 'INTEGER'],
  ['BIGINT', (x) => `${x} + 1`, 'BIGINT'],
  ['BIGINT', (x) => `${x} / 7`, 'DOUBLE'],
  ['DECIMAL(10,2)', (x) => `${x} * 2`, 'OTHER'],
  ['DECIMAL(10,2)', (x) => `${x} / 3`, 'DOUBLE'],
  ['DECIMAL(10,2)', (x) => `${x} + 0.005`, 'OTHER'],
  ['VARCHAR', (x) => `upper(${x})`, 'VARCHAR'],
  ['VARCHAR', (x) => `length(${x})`, 'BIGINT'],
  ['VARCHAR', (x) => `${x} || '-' || coalesce(${x}, 'none')`, 'VARCHAR'],
  ['VARCHAR', (x) => `substr(${x}, 2, 2)`, 'VARCHAR'],
  ['VARCHAR', (x) => `trim(${x}) = 's-1'`, 'BOOLEAN'],
  ['VARCHAR', (x) => `${x} LIKE 's-%'`, 'BOOLEAN'],
  ['VARCHAR', (x) => `replace(${x}, 's', '''')`, 'VARCHAR'],
  ['TIMESTAMP', (x) => `date_trunc('hour', ${x})`, 'TIMESTAMP'],
  ['TIMESTAMP', (x) => `year(${x})`, 'BIGINT'],
  ['TIMESTAMP', (x) => `${x} + INTERVAL 90 MINUTE`, 'TIMESTAMP'],
  ['TIMESTAMP', (x) => `CAST(${x} AS DATE)`, 'DATE'],
  ['DATE', (x) => `month(${x})`, 'BIGINT'],
  ['BOOLEAN', (x) => `NOT ${x}`, 'BOOLEAN'],
];

/** @param {Dice} roll @param {Made} from */
function expressionOver(roll, from) {
  const fitting = expressions.flatMap(([needs, write, gives]) =>
    from.columns.filter(({type}) => type === needs).map((column) => ({text: write(nameIn(column.name)), type: gives})),
  );
  return fitting.length === 0 ? undefined : roll.pick(fitting);
}

/** A name in SQL. @param {string} name */
const nameIn = (name) => (/^[a-z_]+$/.test(name) && name !== 'select' && name !== 'order' ? name : quoted(name));

/** @type {Record<string, Maker>} */
const kinds = {
  cast({roll, from, as}) {
    const targets = from.columns.flatMap(({name, type}) => {
      const to =
        type === 'VARCHAR' && name === 'reading'
          ? ['double', 'int', 'decimal(10,2)', 'bigint']
          : name === 'written'
            ? ['written']
            : ({
                DOUBLE: ['int', 'float', 'bigint'],
                INTEGER: ['double', 'string', 'boolean'],
                BIGINT: ['string', 'double'],
                DATE: ['timestamp', 'string'],
                TIMESTAMP: ['date', 'string'],
                'DECIMAL(10,2)': ['double', 'int'],
                BOOLEAN: ['string', 'int'],
              }[type] ?? []);
      return to.map((target) => ({name, to: target}));
    });
    if (targets.length === 0) return undefined;
    const {name, to} = roll.pick(targets);
    const column = to === 'written' ? {to: 'timestamp', format: "yyyy-MM-dd'T'HH:mm:ss"} : {to};
    const type =
      {
        double: 'DOUBLE',
        int: 'INTEGER',
        float: 'FLOAT',
        bigint: 'BIGINT',
        'decimal(10,2)': 'DECIMAL(10,2)',
        string: 'VARCHAR',
        boolean: 'BOOLEAN',
        timestamp: 'TIMESTAMP',
        written: 'TIMESTAMP',
        date: 'DATE',
      }[to] ?? to;
    return step(
      from,
      as,
      'cast',
      {columns: {[name]: column}, on_failure: roll.pick(['null', 'reject'])},
      {columns: withColumns(from.columns, [{name, type}])},
    );
  },
  derive({roll, from, as}) {
    const [one, two] = [expressionOver(roll, from), expressionOver(roll, from)];
    if (one === undefined || two === undefined) return undefined;
    const replaced = roll.chance(0.2) ? roll.pick(from.columns).name : `${as}_one`;
    const added = [
      {name: replaced, type: one.type},
      {name: `${as}_two`, type: two.type},
    ];
    // The second would read the first's new value.
    if (replaced !== `${as}_one` && two.text.includes(nameIn(replaced))) return undefined;
    return step(
      from,
      as,
      'derive',
      {columns: {[replaced]: one.text, [`${as}_two`]: two.text}},
      {columns: withColumns(from.columns, added)},
    );
  },
  window({roll, from, as}) {
    const number = from.columns.find(isNumber);
    const by = from.columns.find(({type}) => type === 'VARCHAR');
    if (number === undefined || by === undefined || !from.ordered) return undefined;
    const [x, key] = [nameIn(number.name), nameIn(by.name)];
    const call = roll.pick([`lag(${x})`, `max(${x})`, 'count(*)', `first_value(${x})`]);
    // Ties are told apart by nothing, so what is ordered by has to be the value itself.
    const text = `${call} OVER (PARTITION BY ${key} ORDER BY ${x} NULLS LAST)`;
    const type = call.startsWith('count') ? 'BIGINT' : number.type;
    return step(
      from,
      as,
      'derive',
      {columns: {[`${as}_window`]: text}},
      {columns: withColumns(from.columns, [{name: `${as}_window`, type}])},
    );
  },
  filter({roll, from, as}) {
    const conditions = from.columns.flatMap(({name, type}) => {
      const x = nameIn(name);
      return (
        {
          DOUBLE: [`${x} > 0.25`, `${x} < 21 OR ${x} IS NULL`],
          INTEGER: [`${x} IN (1, 2, 7)`, `${x} <> 1`],
          VARCHAR: [`${x} <> 's-1'`, `${x} >= 'a'`],
          TIMESTAMP: [`${x} < TIMESTAMP '2024-01-01'`],
          DATE: [`${x} >= DATE '1970-01-01'`],
          BOOLEAN: [x, `${x} IS NOT TRUE`],
        }[type] ?? []
      );
    });
    return conditions.length === 0 ? undefined : step(from, as, 'filter', {condition: roll.pick(conditions)});
  },
  select({roll, from, as}) {
    const columns = from.columns.filter(() => roll.chance(0.7));
    const made = expressionOver(roll, from);
    if (columns.length === 0 || made === undefined) return undefined;
    return step(
      from,
      as,
      'select',
      {columns: names(columns), expressions: {[`${as}_made`]: made.text}},
      {columns: [...columns, {name: `${as}_made`, type: made.type}]},
    );
  },
  rename({roll, from, as}) {
    const [a, b] = [roll.pick(from.columns), roll.pick(from.columns)];
    const renames = a === b ? {[a.name]: `${as}_name`} : {[a.name]: b.name, [b.name]: a.name};
    return step(
      from,
      as,
      'rename',
      {columns: renames},
      {
        columns: from.columns.map((column) => ({
          ...column,
          name: Object.entries(renames).find(([name]) => name === column.name)?.[1] ?? column.name,
        })),
      },
    );
  },
  extract({from, as}) {
    if (!from.columns.some(({name, type}) => name === 'line' && type === 'VARCHAR')) return undefined;
    const groups = ['grade', 'sender', 'celsius'];
    const pattern = '^(?<grade>[A-Z]+) (?<sender>.+) (?<celsius>-?\\d+(\\.\\d+)?)C$';
    return step(
      from,
      as,
      'extract',
      {column: 'line', pattern},
      {
        columns: withColumns(
          from.columns,
          groups.map((name) => ({name, type: 'VARCHAR'})),
        ),
      },
    );
  },
  mask({roll, from, as}) {
    const columns = from.columns.filter(({type}) => type === 'VARCHAR' || type === 'INTEGER');
    if (columns.length === 0) return undefined;
    const column = roll.pick(columns);
    const method = roll.pick(column.type === 'VARCHAR' ? ['hash', 'redact', 'partial'] : ['hash']);
    return step(
      from,
      as,
      'mask',
      {columns: {[column.name]: {method}}, salt: 'pepper'},
      {columns: withColumns(from.columns, [{name: column.name, type: 'VARCHAR'}])},
    );
  },
  audit_columns: ({from, as}) =>
    from.columns.some(({name}) => name === 'created_at')
      ? undefined
      : step(
          from,
          as,
          'audit_columns',
          {now: '2024-03-31T02:30:00+01:00'},
          {
            columns: withColumns(
              from.columns,
              ['created_at', 'updated_at', 'ingested_at'].map((name) => ({name, type: 'TIMESTAMP'})),
            ),
          },
        ),
  align_schema({roll, from, others, as}) {
    const shape = others.filter(
      (other) =>
        other.columns.every(({type}) => type in values) &&
        other.columns.some(({name}) => names(from.columns).includes(name)),
    );
    if (shape.length === 0) return undefined;
    const other = roll.pick(shape);
    return step(
      from,
      as,
      'align_schema',
      {to: other.name, on_failure: 'null'},
      {columns: other.columns, plain: other.plain},
    );
  },
  validate({roll, from, as}) {
    const rules = roll.some(from.columns, 3).map(({name, type}, i) => {
      const rule = {
        DOUBLE: {min: '-4', max: '50'},
        FLOAT: {max: '0.1'},
        INTEGER: {in: ['1', '2']},
        'DECIMAL(10,2)': {min: '0.05'},
        VARCHAR: {regex: '^s-.$'},
        TIMESTAMP: {min: '1970-01-01'},
      }[type] ?? {not_null: true};
      return {name: `rule ${i}`, column: name, ...rule, ...(roll.chance(0.3) && {not_null: true})};
    });
    const how = roll.pick(['quarantine', 'drop', 'flag']);
    if (how === 'flag' && from.columns.some(({name}) => name === 'is_valid')) return undefined;
    const added = [
      {name: 'is_valid', type: 'BOOLEAN'},
      {name: 'failed_rules', type: 'VARCHAR'},
    ];
    return step(
      from,
      as,
      'validate',
      {rules, on_failure: how},
      how === 'flag' ? {columns: withColumns(from.columns, added)} : {},
    );
  },
  dedup({roll, from, as}) {
    if (roll.chance(0.3)) return step(from, as, 'dedup', {});
    if (!from.ordered) return undefined;
    const order = roll.chance(0.5) ? {order_by: roll.pick(from.columns).name} : {};
    return step(from, as, 'dedup', {
      keys: names(roll.some(from.columns)),
      keep: roll.pick(['first', 'last']),
      ...order,
    });
  },
  drop_nulls({roll, from, as}) {
    const body = roll.pick([
      {columns: names(roll.some(from.columns))},
      {columns: names(roll.some(from.columns, 3)), how: 'all'},
      {thresh: 1 + roll.below(3)},
    ]);
    return step(from, as, 'drop_nulls', body);
  },
  fill({roll, from, as}) {
    const method = roll.pick(['mean', 'median', 'mode', 'constant', 'forward', 'linear']);
    const numeric = from.columns.filter(isNumber);
    const fitting =
      method === 'mode' || method === 'forward'
        ? from.columns
        : method === 'constant'
          ? numeric.filter(({type}) => type !== 'OTHER')
          : numeric;
    if (fitting.length === 0 || ((method === 'forward' || method === 'linear') && !from.ordered)) return undefined;
    const columns = names(roll.some(fitting));
    const by = roll.chance(0.5)
      ? {
          by: names(
            roll.some(
              from.columns.filter(({name}) => !columns.includes(name)),
              2,
            ),
          ),
        }
      : {};
    const times = from.columns.filter(
      (column) => (isTime(column) || column.type === 'INTEGER') && !columns.includes(column.name),
    );
    const order =
      (method === 'forward' || method === 'linear') && times.length > 0 && roll.chance(0.7)
        ? {order_by: roll.pick(times).name}
        : {};
    return step(from, as, 'fill', {
      columns,
      method,
      ...by,
      ...order,
      ...(method === 'constant' && {value: roll.pick(['0', '2.7', '-1'])}),
    });
  },
  outliers({roll, from, as}) {
    const numeric = from.columns.filter(isNumber);
    if (numeric.length === 0) return undefined;
    const columns = roll.some(numeric);
    const by = roll.chance(0.5)
      ? {
          by: names(
            roll.some(
              from.columns.filter(({type}) => type === 'VARCHAR' || type === 'BOOLEAN'),
              1,
            ),
          ),
        }
      : {};
    const action = roll.pick(['remove', 'flag', 'clip', 'null']);
    const added = action === 'flag' ? columns.map(({name}) => ({name: `${name}_outlier`, type: 'BOOLEAN'})) : [];
    if (added.some(({name}) => names(from.columns).includes(name))) return undefined;
    const body = {
      columns: names(columns),
      method: roll.pick(['zscore', 'iqr', 'mad']),
      threshold: roll.pick([0, 1.1, 2.3]),
      action,
      ...by,
    };
    return step(from, as, 'outliers', body, {columns: withColumns(from.columns, added)});
  },
  aggregate({roll, from, as}) {
    const keys = roll.chance(0.8) ? roll.some(from.columns.filter(({type}) => type !== 'OTHER')) : [];
    const times = from.columns.filter((column) => isTime(column) && !keys.includes(column));
    const time =
      times.length > 0 && roll.chance(0.5)
        ? {time: {column: roll.pick(times).name, every: roll.pick(['1h', '15m', '1d', '7d', '90m'])}}
        : {};
    const wanted = roll.some(
      from.columns.filter((column) => isNumber(column) && !keys.includes(column)),
      2,
    );
    const metrics = wanted.map(
      (column) =>
        /** @type {const} */ ([column, roll.some([...statistics, ...(from.ordered ? ['first', 'last'] : [])], 4)]),
    );
    const added = metrics.flatMap(([column, chosen]) =>
      chosen.map((statistic) => ({name: `${column.name}_${statistic}`, type: typeOf(statistic, column.type)})),
    );
    const bucket = 'time' in time ? [{name: /** @type {any} */ (time).time.column, type: 'TIMESTAMP'}] : [];
    const columns = [...keys, ...bucket, ...(added.length > 0 ? added : [{name: 'count', type: 'BIGINT'}])];
    if (new Set(names(columns).map((name) => name.toLowerCase())).size < columns.length) return undefined;
    return step(
      from,
      as,
      'aggregate',
      {
        keys: names(keys),
        ...time,
        metrics: Object.fromEntries(metrics.map(([column, chosen]) => [column.name, chosen])),
      },
      {columns},
    );
  },
  join({roll, from, others, as}) {
    const pairs = others.flatMap((other) =>
      other.columns
        .filter(({name, type}) => from.columns.some((column) => column.name === name && column.type === type))
        .map((column) => ({other, column})),
    );
    if (pairs.length === 0) return undefined;
    const {other, column} = roll.pick(pairs);
    const how = roll.pick(['inner', 'left', 'semi', 'anti']);
    if (how === 'semi' || how === 'anti')
      return step(from, as, 'join', {with: other.name, on: [column.name], how}, {ordered: false});
    const added = other.columns
      .filter((one) => one !== column)
      .map((one) => ({
        ...one,
        name: from.columns.some(({name}) => name.toLowerCase() === one.name.toLowerCase())
          ? `${one.name}_${as}`
          : one.name,
      }));
    if (from.columns.length + added.length > 25) return undefined;
    return step(
      from,
      as,
      'join',
      {with: other.name, on: [column.name], how, suffix: `_${as}`},
      {columns: [...from.columns, ...added], ordered: false, plain: from.plain && other.plain},
    );
  },
  union({roll, from, others, as}) {
    const fitting = others.filter((other) =>
      other.columns.every(({name, type}) =>
        from.columns.every((column) => column.name.toLowerCase() !== name.toLowerCase() || column.type === type),
      ),
    );
    if (fitting.length === 0) return undefined;
    const other = roll.pick(fitting);
    return step(
      from,
      as,
      'union',
      {with: [other.name], allow_missing: true},
      {
        columns:
          withColumns(other.columns, from.columns).length > 0
            ? withColumns(
                from.columns,
                other.columns.filter(({name}) => !names(from.columns).includes(name)),
              )
            : from.columns,
        ordered: from.ordered && other.ordered,
        plain: from.plain && other.plain,
      },
    );
  },
  snapshot({roll, from, as}) {
    // Delta takes no blanks and brackets in names, and a merge needs keys that are one row's own.
    if (!from.plain || from.columns.some(({name, type}) => !/^[a-z0-9_]+$/.test(name) || type === 'OTHER'))
      return undefined;
    const table = `kept_${as}`;
    const key = from.columns.find(({type}) => type === 'VARCHAR');
    const first = stepCell(`${as}_first`, 'snapshot', {from: from.name, table, mode: 'append'});
    const again =
      key !== undefined && roll.chance(0.5)
        ? [
            stepCell(`${as}_keys`, 'drop_nulls', {from: from.name, columns: [key.name]}),
            stepCell(`${as}_max`, 'aggregate', {
              from: `${as}_keys`,
              keys: [key.name],
              metrics: Object.fromEntries(
                from.columns.filter((column) => column !== key).map(({name}) => [name, ['max']]),
              ),
            }),
            stepCell(`${as}_one`, 'rename', {
              from: `${as}_max`,
              columns: Object.fromEntries(
                from.columns.filter((column) => column !== key).map(({name}) => [`${name}_max`, name]),
              ),
            }),
            stepCell(`${as}_merged`, 'snapshot', {from: `${as}_one`, table, mode: 'merge', keys: [key.name]}),
          ]
        : [stepCell(`${as}_second`, 'snapshot', {from: from.name, table, mode: roll.pick(['append', 'overwrite'])})];
    if (again.length > 1 && from.columns.length < 2) return undefined;
    return {cells: [first, ...again, stepCell(as, 'read_table', {table})], made: {...from, name: as, ordered: false}};
  },
  sql({roll, from, as}) {
    const key = from.columns.find(({type}) => type === 'VARCHAR');
    const number = from.columns.find(({type}) => type === 'DOUBLE');
    if (key === undefined || number === undefined) return undefined;
    const [k, x] = [nameIn(key.name), nameIn(number.name)];
    const query = roll.pick([
      `SELECT ${k} AS name, count(*) AS n, min(${x}) AS low, max(${x}) AS high, avg(${x}) AS middle FROM ${from.name} GROUP BY ${k}`,
      `SELECT DISTINCT ${k} AS name, ${x} AS value FROM ${from.name} WHERE ${x} IS NOT NULL`,
      `WITH best AS (SELECT ${k} AS name, max(${x}) AS value FROM ${from.name} GROUP BY ${k} HAVING count(*) > 1)\nSELECT name, value FROM best ORDER BY value DESC NULLS LAST, name NULLS LAST LIMIT 3`,
      `SELECT ${k} AS name, ${x} AS value, rank() OVER (ORDER BY ${x} NULLS LAST) AS place FROM ${from.name}`,
      `SELECT lower(${k}) AS name, sum(${x}) FILTER (WHERE ${x} > 0) AS total FROM ${from.name} GROUP BY lower(${k})`,
    ]);
    const columns = [...query.matchAll(/ AS (name|n|low|high|middle|value|place|total)\b/g)].map(([, name = '']) => ({
      name,
      type: name === 'name' ? 'VARCHAR' : name === 'n' || name === 'place' ? 'BIGINT' : 'DOUBLE',
    }));
    const unique = columns.filter(({name}, i) => columns.findIndex((other) => other.name === name) === i);
    return {cells: [sqlCell(as, query)], made: {name: as, columns: unique, ordered: false, plain: true}};
  },
};
