import {list} from '../lib/text.ts';
import {p} from '../params/index.ts';
import {assignColumns} from '../pyspark/groups.ts';
import {assign, col, py} from '../pyspark/py.ts';
import {groupNames, javaRegex, re2Regex, regexProblem} from '../sql/regex.ts';
import {unusedName} from '../sql/rows.ts';
import {withColumns} from '../sql/select.ts';
import {id, join, lit, sql} from '../sql/sql.ts';
import {checkFamily, checkNames, columnNamed, inputOf} from './checks.ts';
import {defineStep} from './define.ts';

export const extract = defineStep({
  kind: 'extract',
  version: 1,
  group: 'shape',
  title: 'Extract from text',
  sentence: ({column, pattern}) => `Extract ${list(groupNames(pattern)) || 'fields'} from ${column || 'text'}`,
  lesson: {
    what: 'Takes fields out of a text with a regular expression: each named group `(?<name>…)` becomes a column of that name, as text. Where the pattern finds nothing, all of them are NULL; a group that took no part in a match is an empty text. Rows stay in their order.',
    why: 'Loggers write sentences: `2024-02-01 10:00 WARN s-7 21.4C`. The parts are worth asking about only once they are columns, which cast can then turn into times and numbers.',
    without:
      'Every query searches the text again, slowly, and each a little differently. Spark gives an empty text where nothing was found, which looks like a value; here it is NULL, and the PySpark text makes it so there too. DuckDB’s expressions are RE2’s: no look-ahead and no back-references, and no text that takes forever.',
  },
  input: 'one',
  effect: 'same',
  params: {
    column: p.column({label: 'Column', types: 'text'}),
    pattern: p.text({
      label: 'Pattern',
      help: 'A regular expression with named groups.',
      placeholder: '(?<level>[A-Z]+) (?<sensor>\\S+)',
    }),
  },
  check: ({column, pattern}, inputs) => {
    const problem = regexProblem(pattern, 'pattern');
    const names = groupNames(pattern);
    const unnamed =
      names.length === 0
        ? [
            {
              code: 'NO_GROUPS',
              message: 'The pattern has no named group, so there is nothing to take out.',
              hint: 'Write (?<name>…) around each part.',
              param: 'pattern',
            },
          ]
        : [];
    return [
      ...checkFamily([column], inputOf(inputs), 'column', 'text', 'extract'),
      ...(problem === undefined ? unnamed : [problem]),
      ...checkNames(names, 'pattern'),
    ];
  },
  toSql: ({column, pattern}, inputs) => {
    const input = inputOf(inputs);
    const text = id(columnNamed(column, input.columns).name);
    const names = groupNames(pattern);
    const found = id(unusedName('found', input.columns));
    const regex = lit(re2Regex(pattern));
    const selected = withColumns(
      input.columns,
      names.map((name) => ({name, value: sql`${found}[${lit(name)}]`})),
      [found],
    );
    return {
      kind: 'sql',
      sql: sql`SELECT ${selected}
FROM (
  SELECT *, CASE WHEN regexp_matches(${text}, ${regex}) THEN regexp_extract(${text}, ${regex}, [${join(names.map(lit))}]) END AS ${found}
  FROM ${input.relation}
)`,
      assigned: names.map((name) => columnNamed(name, input.columns).name),
    };
  },
  toPySpark: ({column, pattern}, {target, frames: [frame = 'df'], inputs: [input]}) => {
    const source = col(columnNamed(column, input?.columns ?? []).name);
    const java = javaRegex(pattern);
    const groups = java.groups
      .map((name, i) => ({name, value: `F.when(found, F.regexp_extract(text, pattern, ${i + 1}))`}))
      .filter((group): group is {name: string; value: string} => group.name !== undefined);
    return [
      `pattern = ${py(java.pattern)}`,
      `text = ${source}`,
      `found = text.rlike(pattern)`,
      ...assign(target, frame, [
        assignColumns(groups.map(({name, value}) => [columnNamed(name, input?.columns ?? []).name, value])),
      ]),
    ];
  },
  examples: [
    {
      name: 'a line of a log',
      params: {column: 'line', pattern: '^(?<level>[A-Z]+) (?<sensor_id>s-\\d+) (?<temperature>-?\\d+(\\.\\d+)?)C$'},
      input: {columns: {line: 'VARCHAR'}, rows: [['WARN s-7 31.5C'], ['INFO s-12 -4C'], ['rebooted'], [null]]},
      expect: {
        columns: {line: 'VARCHAR', level: 'VARCHAR', sensor_id: 'VARCHAR', temperature: 'VARCHAR'},
        rows: [
          ['WARN s-7 31.5C', 'WARN', 's-7', '31.5'],
          ['INFO s-12 -4C', 'INFO', 's-12', '-4'],
          ['rebooted', null, null, null],
          [null, null, null, null],
        ],
      },
    },
    {
      name: 'the end of the text is its very end; a dot is no line break',
      params: {column: 'line', pattern: '(?<word>.+)$'},
      input: {columns: {line: 'VARCHAR'}, rows: [['on'], ['on\n'], ['on\noff'], ['on\roff']]},
      expect: {
        columns: {line: 'VARCHAR', word: 'VARCHAR'},
        rows: [
          ['on', 'on'],
          ['on\n', null],
          ['on\noff', 'off'],
          ['on\roff', 'on\roff'],
        ],
      },
    },
    {
      name: 'a group that took no part is an empty text',
      params: {column: 'id', pattern: '(?<site>[a-z]+)-(?<number>\\d+)(?<suffix>[AB])?'},
      input: {
        columns: {id: 'VARCHAR', n: 'INTEGER'},
        rows: [
          ['roof-7B', 1],
          ['roof-8', 2],
        ],
      },
      expect: {
        columns: {id: 'VARCHAR', n: 'INTEGER', site: 'VARCHAR', number: 'VARCHAR', suffix: 'VARCHAR'},
        rows: [
          ['roof-7B', 1, 'roof', '7', 'B'],
          ['roof-8', 2, 'roof', '8', ''],
        ],
      },
    },
  ],
});
