import {list} from '../lib/text.ts';
import {p, type Values} from '../params/index.ts';
import {py} from '../pyspark/py.ts';
import {csvTimeFormat} from '../sources/csv/sql.ts';
import type {LoadOptions} from '../sources/define.ts';
import {fileFormats, shownRead, sourceOf} from '../sources/index.ts';
import {duckType} from '../sql/cast.ts';
import {parsePattern} from '../sql/datetime.ts';
import {defineStep, type StepProblem} from './define.ts';

const params = {
  file: p.files({label: 'Files', help: 'Names of files in the workspace; sensors-*.csv stands for several.'}),
  format: p.choice(['auto', ...fileFormats], {label: 'Format', default: 'auto'}),
  table: p.text({
    label: 'Table',
    help: 'Which table or view of a database; a name with a dot in quotes, as in SQL.',
    default: '',
    placeholder: 'the only one',
    later: true,
  }),
  encoding: p.choice(['auto', 'utf-8', 'utf-16', 'latin-1', 'windows-1252'], {label: 'Encoding', default: 'auto'}),
  delimiter: p.text({label: 'Delimiter', help: 'Spark calls it sep.', default: '', placeholder: 'found out'}),
  quote: p.text({label: 'Quote', default: '', placeholder: 'found out'}),
  decimal: p.choice(['auto', '.', ','], {label: 'Decimal mark', default: 'auto'}),
  header: p.choice(['auto', 'true', 'false'], {label: 'First line has names', default: 'auto'}),
  skip: p.number({label: 'Lines to skip', help: 'Lines before the names.', default: 0, min: 0, integer: true}),
  null_strings: p.texts({label: 'Texts that mean “no value”', help: 'Spark calls it nullValue.', default: []}),
  timestamp_format: p.text({
    label: 'Timestamp format',
    help: 'A Spark pattern such as dd/MM/yyyy HH:mm.',
    default: '',
    placeholder: 'found out',
  }),
  schema: p.map(
    'name',
    {type: p.text({label: 'Type', placeholder: 'double'})},
    {label: 'Types', help: 'Column: type, for those that should not be found out.', default: {}, short: 'type'},
  ),
  filename: p.flag({label: 'Add a column with the file’s name', default: false}),
};
type LoadValues = Values<typeof params>;

const unlessAuto = <T extends string>(value: T | 'auto'): T | undefined => (value === 'auto' ? undefined : value);

const loadOptions = (values: LoadValues): LoadOptions => ({
  format: unlessAuto(values.format),
  table: values.table === '' ? undefined : values.table,
  encoding: unlessAuto(values.encoding),
  delimiter: values.delimiter === '' ? undefined : values.delimiter.replaceAll('\\t', '\t'),
  quote: values.quote === '' ? undefined : values.quote,
  decimal: unlessAuto(values.decimal),
  header: values.header === 'auto' ? undefined : values.header === 'true',
  skip: values.skip === 0 ? undefined : values.skip,
  nullStrings: values.null_strings,
  timestampFormat: values.timestamp_format === '' ? undefined : values.timestamp_format,
  types: Object.fromEntries(Object.entries(values.schema).map(([name, {type}]) => [name, duckType(type) ?? 'VARCHAR'])),
  filename: values.filename,
});

function check(values: LoadValues): StepProblem[] {
  const problems: StepProblem[] =
    values.file.length === 0
      ? [
          {
            code: 'NO_FILE',
            message: 'No file is named.',
            hint: 'Drop a file on the page, then choose it here.',
            param: 'file',
          },
        ]
      : [];
  for (const [name, {type}] of Object.entries(values.schema))
    if (duckType(type) === undefined)
      problems.push({
        code: 'TYPE_UNKNOWN',
        message: `There is no type called ${type}, which schema gives ${name}.`,
        hint: 'Write string, boolean, int, bigint, double, decimal(10,2), date or timestamp.',
        param: `schema.${name}`,
      });
  if (values.timestamp_format !== '' && !values.timestamp_format.includes('%')) {
    const pattern = parsePattern(values.timestamp_format);
    if (!pattern.ok)
      problems.push({
        code: pattern.error.code,
        message: pattern.error.message,
        ...(pattern.error.hint === undefined ? {} : {hint: pattern.error.hint}),
        param: 'timestamp_format',
      });
    else if (csvTimeFormat(values.timestamp_format) === undefined)
      problems.push({
        code: 'DATETIME_PATTERN',
        message: `${values.timestamp_format} can be written in more than one way, and a file is read in one.`,
        hint: 'Load the column as string, and turn it into a timestamp with cast.',
        param: 'timestamp_format',
      });
  }
  return problems;
}

export const load = defineStep({
  kind: 'load',
  version: 1,
  group: 'load',
  title: 'Load',
  sentence: ({file, table}) =>
    file.length === 0 ? 'Load a file' : table === '' ? `Load ${list(file)}` : `Load ${table} of ${list(file)}`,
  lesson: {
    what: 'Reads files into a table: CSV, JSON or Parquet, plain or gzipped, or a table of a database: a DuckDB or SQLite file, or a dump of PostgreSQL’s as SQL, which runs in a PostgreSQL of its own. What you don’t say is found out from the first rows: the delimiter, the decimal mark, the types. Rows come in the file’s order.',
    why: 'A CSV file is text and says nothing about itself. Whether `21,4` is one number or two cells, and whether `01/02` is in January or February, is decided here, once, where you can see it. Give `schema` for the columns whose types you know: what doesn’t fit is then refused instead of turning the whole column into text.',
    without:
      'Spark’s reader has every column as a string until you ask for inferSchema or give a schema, and in its PERMISSIVE mode a broken line becomes a row of nulls that nobody notices. Here a line that can’t be read goes to the table NAME_rejects, with its number, its text and the reason. Spark’s job keeps the text of such a line too, but knows neither its number nor the reason; of an SQLite table it has the rows that fit alone.',
  },
  input: 'none',
  effect: 'new',
  touches: ({file}) => file.map((name) => ({kind: 'file', name, param: 'file'})),
  params,
  check: (values) => check(values),
  toSql: (values) => ({
    kind: 'read',
    files: values.file,
    options: loadOptions(values),
    shown: shownRead(values.file, loadOptions(values)),
  }),
  toPySpark: (values, {target, columns, file = py, found = []}) => {
    const options = loadOptions(values);
    const load = {files: values.file, options, target, columns, file, found};
    return sourceOf(values.file, options, found[0]).toPySpark(load);
  },
  examples: [
    {
      name: 'a CSV file as it is',
      params: {file: 'sensors.csv'},
      files: {
        'sensors.csv': 'sensor_id,timestamp,temperature\ns-1,2024-02-01 10:00:00,21.5\ns-2,2024-02-01 10:00:00,\n',
      },
      input: {columns: {}, rows: []},
      expect: {
        columns: {sensor_id: 'VARCHAR', timestamp: 'TIMESTAMP', temperature: 'DOUBLE'},
        rows: [
          ['s-1', '2024-02-01 10:00:00', 21.5],
          ['s-2', '2024-02-01 10:00:00', null],
        ],
      },
    },
    {
      name: 'lines that don’t fit are kept apart',
      params: {file: 'sensors.csv', schema: {sensor_id: 'string', temperature: 'double'}},
      files: {'sensors.csv': 'sensor_id,temperature\ns-1,21.5\ns-2,warm\ns-3\n'},
      input: {columns: {}, rows: []},
      expect: {columns: {sensor_id: 'VARCHAR', temperature: 'DOUBLE'}, rows: [['s-1', 21.5]]},
      rejects: {
        columns: {file: 'VARCHAR', line: 'BIGINT', column_name: 'VARCHAR', raw: 'VARCHAR', reason: 'VARCHAR'},
        rows: [
          [
            'sensors.csv',
            3,
            'temperature',
            's-2,warm',
            `Error when converting column "temperature". Could not convert string "warm" to 'DOUBLE'`,
          ],
          ['sensors.csv', 4, 'temperature', 's-3', 'Expected Number of Columns: 2 Found: 1'],
        ],
      },
    },
    {
      name: 'semicolons, decimal commas and a text for “no value”',
      params: {
        file: 'mess.csv',
        delimiter: ';',
        decimal: ',',
        null_strings: ['n/a'],
        timestamp_format: 'dd.MM.yyyy HH:mm',
        filename: true,
      },
      files: {'mess.csv': 'time;temp;humidity\n01.02.2024 10:00;21,5;40\n01.02.2024 10:10;n/a;41\n'},
      input: {columns: {}, rows: []},
      expect: {
        columns: {time: 'TIMESTAMP', temp: 'DOUBLE', humidity: 'BIGINT', filename: 'VARCHAR'},
        rows: [
          ['2024-02-01 10:00:00', 21.5, 40, 'mess.csv'],
          ['2024-02-01 10:10:00', null, 41, 'mess.csv'],
        ],
      },
    },
    {
      name: 'several files by column name',
      params: {file: ['monday.csv', 'tuesday.csv']},
      files: {'monday.csv': 'sensor_id,temperature\ns-1,21.5\n', 'tuesday.csv': 'temperature,sensor_id\n22.5,s-1\n'},
      input: {columns: {}, rows: []},
      expect: {
        columns: {sensor_id: 'VARCHAR', temperature: 'DOUBLE'},
        rows: [
          ['s-1', 21.5],
          ['s-1', 22.5],
        ],
      },
    },
  ],
});
