import {list} from '../lib/text.ts';
import {p, type Values} from '../params/index.ts';
import {assign, col, py} from '../pyspark/py.ts';
import {toSparkType} from '../pyspark/types.ts';
import {withColumns} from '../sql/select.ts';
import {id, join, lit, sql, typeName, type Sql} from '../sql/sql.ts';
import {isText, type Column} from '../sql/types.ts';
import {checkColumns, checkSome, columnNamed, findColumn, inputOf, isWritable} from './checks.ts';
import {defineStep, type Input, type StepProblem} from './define.ts';

const params = {
  columns: p.map(
    'column',
    {
      method: p.choice(['hash', 'partial', 'redact'], {label: 'How', default: 'hash'}),
      first: p.number({
        label: 'First characters kept',
        default: 1,
        min: 0,
        integer: true,
        when: {param: 'method', is: ['partial']},
      }),
      last: p.number({
        label: 'Last characters kept',
        default: 1,
        min: 0,
        integer: true,
        when: {param: 'method', is: ['partial']},
      }),
      text: p.text({
        label: 'Text instead',
        help: 'A column that is no text becomes NULL.',
        default: '***',
        when: {param: 'method', is: ['redact']},
      }),
    },
    {label: 'Columns', help: 'Column: hash, partial or redact.', short: 'method'},
  ),
  salt: p.text({
    label: 'Salt',
    help: 'Put before each value that is hashed; ${salt} takes it from the notebook’s parameters.',
    default: '',
  }),
  algorithm: p.choice(['sha256', 'md5'], {
    label: 'Hash',
    help: 'MD5 is shorter, and broken: only for joining with what has it already.',
    default: 'sha256',
  }),
};
type MaskValues = Values<typeof params>;
type Masking = MaskValues['columns'][string];

const maskings = (values: MaskValues, input: Pick<Input, 'columns'>): (Masking & {readonly column: Column})[] =>
  Object.entries(values.columns).map(([name, masking]) => ({...masking, column: columnNamed(name, input.columns)}));

function check(values: MaskValues, input: Input): StepProblem[] {
  const names = Object.keys(values.columns);
  return [
    ...checkSome(names, 'columns', 'No column is named.', 'Write column: hash.'),
    ...checkColumns(names, input, 'columns'),
    ...maskings(values, input)
      .filter(
        ({method, column}) =>
          method !== 'redact' && findColumn(column.name, input.columns) !== undefined && !isWritable(column.type),
      )
      .map(({column}) => ({
        code: 'COLUMN_TYPE',
        message: `${column.name} is ${column.type}, whose values DuckDB and Spark write in different characters.`,
        hint: `Cast ${column.name} to string before, or redact it.`,
        param: `columns.${column.name}`,
        column: column.name,
      })),
  ];
}

function masked(
  {method, first, last, text, column}: Masking & {readonly column: Column},
  {salt, algorithm}: MaskValues,
): Sql {
  const value = isText(column.type) ? id(column.name) : sql`${id(column.name)}::VARCHAR`;
  switch (method) {
    case 'hash': {
      const salted = salt === '' ? value : sql`${lit(salt)} || ${value}`;
      return algorithm === 'md5' ? sql`md5(${salted})` : sql`sha256(${salted})`;
    }
    case 'partial': {
      const stars = sql`repeat('*', length(${value}))`;
      const kept = first + last;
      if (kept === 0) return stars;
      const parts = [
        ...(first > 0 ? [sql`left(${value}, ${lit(first)})`] : []),
        sql`repeat('*', length(${value}) - ${lit(kept)})`,
        ...(last > 0 ? [sql`right(${value}, ${lit(last)})`] : []),
      ];
      return sql`CASE WHEN length(${value}) > ${lit(kept)} THEN ${join(parts, ' || ')} ELSE ${stars} END`;
    }
    case 'redact':
      return isText(column.type) || column.type === '' ? lit(text) : sql`NULL::${typeName(column.type)}`;
  }
}

function sparkMasked(
  {method, first, last, text, column}: Masking & {readonly column: Column},
  {salt, algorithm}: MaskValues,
): string {
  const value = isText(column.type) ? col(column.name) : `${col(column.name)}.cast('string')`;
  switch (method) {
    case 'hash': {
      const salted = salt === '' ? value : `F.concat(F.lit(${py(salt)}), ${value})`;
      return algorithm === 'md5' ? `F.md5(${salted})` : `F.sha2(${salted}, 256)`;
    }
    case 'partial': {
      const length = `F.length(${value})`;
      const stars = `F.repeat(F.lit('*'), ${length})`;
      const kept = first + last;
      if (kept === 0) return stars;
      const parts = [
        ...(first > 0 ? [`F.substring(${value}, 1, ${first})`] : []),
        `F.repeat(F.lit('*'), ${length} - ${kept})`,
        ...(last > 0 ? [`F.substring(${value}, -${last}, ${last})`] : []),
      ];
      return `F.when(${length} > ${kept}, F.concat(${parts.join(', ')})).otherwise(${stars})`;
    }
    case 'redact':
      return isText(column.type) || column.type === ''
        ? `F.lit(${py(text)})`
        : `F.lit(None).cast(${py(toSparkType(column.type))})`;
  }
}

export const mask = defineStep({
  kind: 'mask',
  version: 1,
  group: 'shape',
  title: 'Mask',
  sentence: ({columns}) =>
    `Mask ${list(Object.entries(columns).map(([name, {method}]) => `${name} (${method})`)) || 'columns'}`,
  lesson: {
    what: 'Puts something else in the place of values that must not leave. `hash` gives SHA-256 of the salt and the value, in hexadecimal: equal values give equal hashes, so the column can still be counted, grouped and joined. `partial` keeps the first and last characters and writes * for the others; a value too short for that becomes * altogether. `redact` writes one text in every row, or NULL where the column is no text. In the first two NULL stays NULL. In Spark these are sha2, substring and repeat.',
    why: 'A table that goes to a colleague, a customer or a cluster takes its names, serial numbers and phone numbers along, and nobody can call it back. Mask what the receiver doesn’t need before you export; redact what nobody needs, hash what tables are joined by, and use one salt for all tables that belong together.',
    without:
      'Somebody deletes the column of names by hand, in the wrong copy of the file. Mind what masking is not. A hash is a pseudonym: whoever knows the salt can hash every phone number there is and compare, and without a salt anybody can. A salt that is written in the notebook goes wherever the notebook goes, so give it as a parameter, `${salt}`, and set it only where it runs. And a row without a name may still be the only one with that postcode and that birthday: pseudonymous is not anonymous.',
  },
  input: 'one',
  effect: 'same',
  params,
  check: (values, inputs) => check(values, inputOf(inputs)),
  toSql: (values, inputs) => {
    const input = inputOf(inputs);
    const assignments = maskings(values, input).map((masking) => ({
      name: masking.column.name,
      value: masked(masking, values),
    }));
    return {
      kind: 'sql',
      sql: sql`SELECT ${withColumns(input.columns, assignments)}\nFROM ${input.relation}`,
      assigned: assignments.map(({name}) => name),
    };
  },
  toPySpark: (values, {target, frames: [frame = 'df'], inputs}) => {
    const made = maskings(values, inputOf(inputs)).map(
      (masking) => `${py(masking.column.name)}: ${sparkMasked(masking, values)}`,
    );
    return made.length === 1
      ? assign(target, frame, [`withColumns({${made.join('')}})`])
      : [`${target} = ${frame}.withColumns(`, '    {', ...made.map((line) => `        ${line},`), '    }', ')'];
  },
  examples: [
    {
      name: 'names become pseudonyms: equal ones stay equal, NULL stays NULL',
      params: {columns: {owner: 'hash'}, salt: 'pepper & salt'},
      input: {
        columns: {owner: 'VARCHAR', room: 'VARCHAR'},
        rows: [
          ['Zoë Müller', 'a'],
          ['李雷', 'b'],
          ['Zoë Müller', 'c'],
          ['', 'd'],
          [null, 'e'],
        ],
      },
      expect: {
        columns: {owner: 'VARCHAR', room: 'VARCHAR'},
        rows: [
          ['1f7f630d7a39826d431362cfddee33a0add8b17c5595c2d4c37090eed5552ede', 'a'],
          ['12c0cdacefc085ce373944662c8f5f71195d9275428b3d9706c687b7e731eb00', 'b'],
          ['1f7f630d7a39826d431362cfddee33a0add8b17c5595c2d4c37090eed5552ede', 'c'],
          ['b6dccbf4dbc8f9cffb28eacef333d6ba50e9b2f378c3b2fe5fb8f92e214ee855', 'd'],
          [null, 'e'],
        ],
      },
    },
    {
      name: 'the ends of a number are kept; what is too short is masked whole',
      params: {
        columns: {
          phone: {method: 'partial', first: 3, last: 2},
          name: 'partial',
          pin: {method: 'partial', first: 0, last: 0},
        },
      },
      input: {
        columns: {phone: 'VARCHAR', name: 'VARCHAR', pin: 'INTEGER'},
        rows: [
          ['+49 30 1234567', 'Zoë', 1234],
          ['12345', 'Jo', -7],
          ['', '李雷雷', null],
          [null, '🦆é', 0],
        ],
      },
      expect: {
        columns: {phone: 'VARCHAR', name: 'VARCHAR', pin: 'VARCHAR'},
        rows: [
          ['+49*********67', 'Z*ë', '****'],
          ['*****', '**', '**'],
          ['', '李*雷', null],
          [null, '**', '*'],
        ],
      },
    },
    {
      name: 'numbers, times and truth values are hashed as they are written, with MD5 where another table has it',
      params: {columns: {serial: 'hash', price: 'hash', built: 'hash', seen: 'hash', active: 'hash'}, algorithm: 'md5'},
      input: {
        columns: {serial: 'BIGINT', price: 'DECIMAL(10,2)', built: 'DATE', seen: 'TIMESTAMP', active: 'BOOLEAN'},
        rows: [
          ['9007199254740993', '10.50', '2024-02-29', '2024-02-29 10:00:00.120', true],
          [null, null, null, null, null],
        ],
      },
      expect: {
        columns: {serial: 'VARCHAR', price: 'VARCHAR', built: 'VARCHAR', seen: 'VARCHAR', active: 'VARCHAR'},
        rows: [
          [
            '322d1e02970a2deaaf671adaf4e026c7',
            '1c515e70ce24e56a29cf57a6219a4d6e',
            'd8ee23aa5ffa8f08568918e00a31d3ff',
            '398a25a4a78221ac60c07cf9ceeef080',
            'b326b5062b2f0e69046810717534cb09',
          ],
          [null, null, null, null, null],
        ],
      },
    },
    {
      name: 'redacted: one text in every row, and NULL in a column of numbers',
      params: {columns: {owner: {method: 'redact', text: '[removed]'}, salary: 'redact'}},
      input: {
        columns: {owner: 'VARCHAR', salary: 'DOUBLE', room: 'VARCHAR'},
        rows: [
          ['Zoë', 4200.5, 'a'],
          [null, 'NaN', 'b'],
        ],
      },
      expect: {
        columns: {owner: 'VARCHAR', salary: 'DOUBLE', room: 'VARCHAR'},
        rows: [
          ['[removed]', null, 'a'],
          ['[removed]', null, 'b'],
        ],
      },
    },
    {
      name: 'no rows',
      params: {columns: {owner: 'hash'}},
      input: {columns: {owner: 'VARCHAR'}, rows: []},
      expect: {columns: {owner: 'VARCHAR'}, rows: []},
    },
  ],
});
