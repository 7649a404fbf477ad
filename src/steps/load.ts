import {isDatabase} from '../lib/file-format.ts';
import {list} from '../lib/text.ts';
import {p, type Values} from '../params/index.ts';
import {castColumn} from '../pyspark/cast.ts';
import {assign, call, col, py, pyName, type PyValue} from '../pyspark/py.ts';
import {toSparkType} from '../pyspark/types.ts';
import {duckType} from '../sql/cast.ts';
import {parsePattern} from '../sql/datetime.ts';
import {csvTimeFormat, formatOf, shownRead} from '../sql/read-csv.ts';
import {unusedName} from '../sql/rows.ts';
import type {Column} from '../sql/types.ts';
import {
  defineStep,
  type FoundFile,
  type LoadOptions,
  type NotExportable,
  type SparkContext,
  type StepProblem,
} from './define.ts';
import {databaseInSpark} from './load-database.ts';

const params = {
  file: p.files({label: 'Files', help: 'Names of files in the workspace; sensors-*.csv stands for several.'}),
  format: p.choice(['auto', 'csv', 'json', 'parquet', 'duckdb', 'sqlite', 'postgres'], {
    label: 'Format',
    default: 'auto',
  }),
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

const backticked = (name: string): string => `\`${name.replaceAll('`', '``')}\``;
const isGlob = (file: string): boolean => /[*?]/.test(file);

/** A schema as Spark's DDL, in lines of a bearable length. */
function schemaText(columns: readonly Column[]): string {
  const lines = columns.reduce<string[]>((all, {name, type}, i) => {
    const part = `${backticked(name)} ${type}${i < columns.length - 1 ? ', ' : ''}`;
    const last = all.at(-1);
    return last !== undefined && last.length + part.length < 90 ? [...all.slice(0, -1), last + part] : [...all, part];
  }, []);
  return lines.length <= 1 ? py(lines.join('')) : `\n        ${lines.map(py).join('\n        ')}\n    `;
}

/** How Spark is told to read a file: DataFrameReader's options. */
function readerOptions(
  values: LoadValues,
  format: 'csv' | 'json',
  corrupt: string | undefined,
  found?: FoundFile,
): [string, PyValue][] {
  const quote = values.quote === '' ? '"' : values.quote;
  const encoding = values.encoding === 'latin-1' ? 'ISO-8859-1' : values.encoding;
  const given: [string, PyValue | undefined][] =
    format === 'json'
      ? [['multiLine', found?.isWhole === true ? true : undefined]]
      : [
          ['header', values.header !== 'false'],
          ['sep', separator(values)],
          ['quote', quote === '"' ? undefined : quote],
          // A quote in a quoted text is written twice; Spark would expect a backslash before it.
          ['escape', quote],
          [
            'timestampFormat',
            values.timestamp_format === '' || values.timestamp_format.includes('%')
              ? undefined
              : values.timestamp_format,
          ],
        ];
  const all: [string, PyValue | undefined][] = [
    ...given,
    ['encoding', encoding === 'auto' ? undefined : encoding],
    ['columnNameOfCorruptRecord', corrupt],
  ];
  return all.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]));
}

const separator = ({delimiter, file}: LoadValues): string | undefined =>
  delimiter !== '' ? delimiter.replaceAll('\\t', '\t') : /\.tsv(\.gz)?$/i.test(file[0] ?? '') ? '\t' : undefined;

const option = ([name, value]: readonly [string, PyValue]): string => `option(${py(name)}, ${py(value)})`;

/** A file’s address, or a list of all of them: names with * are looked up when the job runs, and read in the order of their names. */
function addresses(
  values: LoadValues,
  file: (name: string) => string,
): {readonly only: string} | {readonly all: string} {
  const [only = ''] = values.file;
  if (values.file.length === 1 && !isGlob(only)) return {only: file(only)};
  const found = (glob: string): string =>
    `[row.path for row in spark.read.format('binaryFile').load(${file(glob)}).select('path').orderBy('path').collect()]`;
  if (values.file.length === 1) return {all: found(only)};
  return {all: `[${values.file.map((name) => (isGlob(name) ? `*${found(name)}` : file(name))).join(', ')}]`};
}

/** The values with what was found out where the user said nothing. */
function completed(values: LoadValues, found: FoundFile | undefined): LoadValues {
  const csv = found?.csv;
  if (found === undefined || csv === undefined) return values;
  return {
    ...values,
    encoding: values.encoding === 'auto' && found.encoding !== 'utf-8' ? found.encoding : values.encoding,
    delimiter: values.delimiter === '' && csv.delimiter !== ',' ? csv.delimiter : values.delimiter,
    quote: values.quote === '' ? csv.quote : values.quote,
    decimal: values.decimal === 'auto' ? csv.decimal : values.decimal,
    header: values.header === 'auto' ? (csv.header ? 'true' : 'false') : values.header,
    skip: values.skip === 0 ? csv.skip : values.skip,
    timestamp_format: values.timestamp_format === '' ? sparkPattern(csv.timestampFormat) : values.timestamp_format,
  };
}

const letters: Readonly<Record<string, string>> = {
  Y: 'yyyy',
  m: 'MM',
  d: 'dd',
  H: 'HH',
  M: 'mm',
  S: 'ss',
  y: 'yy',
  I: 'hh',
  p: 'a',
  b: 'MMM',
  B: 'MMMM',
  f: 'SSSSSS',
  g: 'SSS',
  '-m': 'M',
  '-d': 'd',
  '-H': 'H',
  '-I': 'h',
};

/** A strptime format as a pattern of Spark; '' for what Spark reads by itself, and for what it can't. */
function sparkPattern(format: string | undefined): string {
  if (format === undefined || format.startsWith('%Y-%m-%d')) return '';
  const pattern = format.replace(/%(-?[A-Za-z])|[A-Za-z]+/g, (whole, letter: string | undefined) =>
    letter === undefined ? `'${whole}'` : (letters[letter] ?? '%'),
  );
  return pattern.includes('%') ? '' : pattern;
}

function toPySpark(given: LoadValues, context: SparkContext): string[] | NotExportable {
  const {target, columns, file = py, found: [found] = []} = context;
  const values = completed(given, found);
  const format = unlessAuto(values.format) ?? found?.format ?? formatOf(values.file);
  if (isDatabase(format)) return databaseInSpark(format, values.file, loadOptions(values), context);
  const source = addresses(values, file);
  const known = columns
    .filter((column) => column.name !== 'filename' || !values.filename)
    .map(({name, type}): Column => ({name, type: toSparkType(type)}));
  const named = values.filename ? ["withColumn('filename', F.col('_metadata.file_name'))"] : [];
  if (format === 'parquet') {
    if ('only' in source) return assign(target, 'spark.read', [`parquet(${source.only})`, ...named]);
    return [
      'from functools import reduce',
      `parts = [spark.read.parquet(file)${named.map((call) => `.${call}`).join('')} for file in ${source.all}]`,
      ...assign(target, together('parts'), []),
    ];
  }
  if (known.length === 0) {
    const calls = [
      ...readerOptions(values, format, undefined, found).map(option),
      ...(format === 'csv' ? ["option('inferSchema', True)"] : []),
    ];
    return [
      '# The columns are not known before the notebook has run in Lakebook: Spark finds them out.',
      ...assign(target, 'spark.read', [
        ...calls,
        `${format}(${'only' in source ? source.only : source.all})`,
        ...named,
      ]),
    ];
  }
  const corrupt = unusedName('_corrupt_record', columns);
  const from = unusedName('_file', columns);
  const [texts, casts] = converted(values, format, columns, known);
  const schema = [...texts, {name: corrupt, type: 'string'}];
  const options = readerOptions(values, format, corrupt, found).map(option);
  const filled = values.null_strings.length === 0 || format === 'json' ? [] : nullStrings(values, texts);
  const marked = [`withColumn(${py(from)}, F.col('_metadata.file_name'))`];
  const read =
    'only' in source
      ? [
          ...assign('lines', 'spark.read', [
            `schema(${schemaText(schema)})`,
            ...options,
            `${format}(${source.only})`,
            ...marked,
            ...filled,
            'cache()',
          ]),
        ]
      : severalFiles(source.all, format, texts, {options, calls: [...marked, ...filled], corrupt, values});
  const helpers = casts.map(({name, cast}) => `withColumn(${py(`${name} cast`)}, ${cast})`);
  const failed = [
    `${col(corrupt)}.isNotNull()`,
    ...casts.map(({name}) => `(${col(name)}.isNotNull() & ${col(`${name} cast`)}.isNull())`),
  ].join(' | ');
  const raw =
    casts.length === 0
      ? col(corrupt)
      : `F.coalesce(${col(corrupt)}, F.to_csv(F.struct(${texts.map(({name}) => pyName(name)).join(', ')})${toCsvOptions(values)}))`;
  return [
    ...(values.skip > 0
      ? [`# Spark can’t skip lines: take the first ${values.skip} off the file before it is read.`]
      : []),
    ...(format === 'json' && found === undefined
      ? ["# A file that is one array, or has objects over several lines, needs .option('multiLine', True)."]
      : []),
    ...read,
    ...(helpers.length === 0 ? [] : assign('lines', 'lines', helpers)),
    `failed = ${failed}`,
    '# Spark keeps the text of what it can’t read, but neither its line nor the reason.',
    ...assign(`${target}_rejects`, 'lines', [
      'where(failed)',
      call('select', [
        `${col(from)}.alias('file')`,
        "F.lit(None).cast('bigint').alias('line')",
        "F.lit(None).cast('string').alias('column_name')",
        `${raw}.alias('raw')`,
        "F.lit('it does not fit the schema').alias('reason')",
      ]),
    ]),
    ...assign(target, 'lines', [
      'where(~(failed))',
      call('select', [
        ...known.map(({name}) =>
          casts.some((one) => one.name === name) ? `${col(`${name} cast`)}.alias(${py(name)})` : pyName(name),
        ),
        ...(values.filename ? [`${col(from)}.alias('filename')`] : []),
      ]),
    ]),
  ];
}

/** Columns as Spark is to read them, and those of them that are read as text and cast afterwards. */
function converted(
  values: LoadValues,
  format: 'csv' | 'json',
  columns: readonly Column[],
  known: readonly Column[],
): [readonly Column[], readonly {name: string; cast: string}[]] {
  const isCast = ({type}: Column): boolean =>
    type !== 'string' &&
    (values.null_strings.length > 0 || (values.decimal === ',' && /^(double|float|decimal)/.test(type)));
  const texts = known.map((column) =>
    format === 'csv' && isCast(column) ? {name: column.name, type: 'string'} : column,
  );
  const casts = known
    .filter((column) => format === 'csv' && isCast(column))
    .map(({name}) => {
      const to = columns.find((column) => column.name === name)?.type ?? 'VARCHAR';
      const formats =
        to.startsWith('TIMESTAMP') && values.timestamp_format !== '' && !values.timestamp_format.includes('%')
          ? [values.timestamp_format]
          : [];
      return {
        name,
        cast: castColumn({name, type: 'VARCHAR'}, {to, formats, decimal: values.decimal === ',' ? ',' : '.'}, false),
      };
    });
  return [texts, casts];
}

/** Texts that mean “no value” become NULL; then a text that is empty is one. */
function nullStrings(values: LoadValues, texts: readonly Column[]): string[] {
  const names = py(texts.filter(({type}) => type === 'string').map(({name}) => name));
  const empty = values.null_strings.includes('') ? [] : [`fillna('', subset=${names})`];
  return [...empty, `replace(${py(values.null_strings)}, None, subset=${names})`];
}

const toCsvOptions = (values: LoadValues): string => {
  const sep = separator(values);
  return sep === undefined ? '' : `, {'sep': ${py(sep)}}`;
};

/** Each file with the order of columns that it has, put together by name. */
function severalFiles(
  all: string,
  format: 'csv' | 'json',
  texts: readonly Column[],
  {
    options,
    calls,
    corrupt,
    values,
  }: {options: readonly string[]; calls: readonly string[]; corrupt: string; values: LoadValues},
): string[] {
  const byName = format === 'csv' && values.header !== 'false';
  const header = readerOptions(values, 'csv', undefined).map(option);
  const types = `{${texts.map(({name, type}) => `${py(name)}: ${py(type)}`).join(', ')}}`;
  return [
    'from functools import reduce',
    'parts = []',
    ...(byName ? [`types = ${types}`] : []),
    `for file in ${all}:`,
    ...(byName
      ? [
          `    names = spark.read.${[...header, 'csv(file)'].join('.')}.columns`,
          `    schema = ', '.join(f"\`{name}\` {types.get(name, 'string')}" for name in names) + ${py(`, ${backticked(corrupt)} string`)}`,
        ]
      : [
          `    schema = ${py([...texts, {name: corrupt, type: 'string'}].map(({name, type}) => `${backticked(name)} ${type}`).join(', '))}`,
        ]),
    `    parts.append(spark.read.schema(schema).${[...options, `${format}(file)`, ...calls].join('.')})`,
    ...assign('lines', together('parts'), ['cache()']),
  ];
}

const together = (parts: string): string =>
  `reduce(lambda above, below: above.unionByName(below, allowMissingColumns=True), ${parts})`;

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
  toPySpark,
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
