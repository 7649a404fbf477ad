import {assign, call, col, py, pyName, type PyValue} from '../../pyspark/py.ts';
import {toSparkType} from '../../pyspark/types.ts';
import {unusedName} from '../../sql/rows.ts';
import type {Column} from '../../sql/types.ts';
import type {SparkLoad} from '../define.ts';

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

export type ReaderOption = readonly [name: string, value: PyValue | undefined];

const written = (options: readonly ReaderOption[]): string[] =>
  options.flatMap(([name, value]) => (value === undefined ? [] : [`option(${py(name)}, ${py(value)})`]));

/** A file’s address, or a list of all of them: names with * are looked up when the job runs, and read in the order of their names. */
function addresses({files, file}: SparkLoad): {readonly only: string} | {readonly all: string} {
  const [only = ''] = files;
  if (files.length === 1 && !isGlob(only)) return {only: file(only)};
  const found = (glob: string): string =>
    `[row.path for row in spark.read.format('binaryFile').load(${file(glob)}).select('path').orderBy('path').collect()]`;
  if (files.length === 1) return {all: found(only)};
  return {all: `[${files.map((name) => (isGlob(name) ? `*${found(name)}` : file(name))).join(', ')}]`};
}

const together = (parts: string): string =>
  `reduce(lambda above, below: above.unionByName(below, allowMissingColumns=True), ${parts})`;

const nameColumn = (options: SparkLoad['options']): string[] =>
  options.filename ? ["withColumn('filename', F.col('_metadata.file_name'))"] : [];

/** The result's columns that are in the files. */
const ownColumns = ({columns, options}: SparkLoad): readonly Column[] =>
  columns.filter((column) => column.name !== 'filename' || !options.filename);

/** Files whose types Spark knows, as one table. */
export function typedInSpark(load: SparkLoad, reader: string): string[] {
  const named = nameColumn(load.options);
  const source = addresses(load);
  if ('only' in source) return assign(load.target, 'spark.read', [`${reader}(${source.only})`, ...named]);
  return [
    'from functools import reduce',
    `parts = [spark.read.${reader}(file)${named.map((one) => `.${one}`).join('')} for file in ${source.all}]`,
    ...assign(load.target, together('parts'), []),
  ];
}

/** How Spark reads a kind of text. */
export interface TextReader {
  /** DataFrameReader's method. */
  readonly name: string;
  readonly options: readonly ReaderOption[];
  /** Those that find the types out, where the columns aren't known. */
  readonly infers: readonly ReaderOption[];
  /** What is to be said before. */
  readonly remarks: readonly string[];
  /** Whether each file names its columns, in an order of its own. */
  readonly namesColumns: boolean;
  /** Columns with Spark's types as they are read, and those of them that are cast afterwards. */
  columns(known: readonly Column[]): {
    readonly read: readonly Column[];
    readonly casts: readonly {readonly name: string; readonly cast: string}[];
    /** What makes “no value” of some texts. */
    readonly fill: readonly string[];
  };
  /** Options of to_csv for the text of a line whose casts fail. */
  readonly toCsv: string;
}

/** Text files as one table, beside a table of the lines that don't fit. */
export function textInSpark(load: SparkLoad, reader: TextReader): string[] {
  const {target, columns, options} = load;
  const source = addresses(load);
  const known = ownColumns(load).map(({name, type}): Column => ({name, type: toSparkType(type)}));
  if (known.length === 0)
    return [
      '# The columns are not known before the notebook has run in Lakebook: Spark finds them out.',
      ...assign(target, 'spark.read', [
        ...written([...reader.options, ...reader.infers]),
        `${reader.name}(${'only' in source ? source.only : source.all})`,
        ...nameColumn(options),
      ]),
    ];
  const corrupt = unusedName('_corrupt_record', columns);
  const from = unusedName('_file', columns);
  const {read: texts, casts, fill} = reader.columns(known);
  const given = written([...reader.options, ['columnNameOfCorruptRecord', corrupt]]);
  const calls = [`withColumn(${py(from)}, F.col('_metadata.file_name'))`, ...fill];
  const read =
    'only' in source
      ? assign('lines', 'spark.read', [
          `schema(${schemaText([...texts, {name: corrupt, type: 'string'}])})`,
          ...given,
          `${reader.name}(${source.only})`,
          ...calls,
          'cache()',
        ])
      : severalFiles(source.all, reader, texts, corrupt, {given, calls});
  const helpers = casts.map(({name, cast}) => `withColumn(${py(`${name} cast`)}, ${cast})`);
  const failed = [
    `${col(corrupt)}.isNotNull()`,
    ...casts.map(({name}) => `(${col(name)}.isNotNull() & ${col(`${name} cast`)}.isNull())`),
  ].join(' | ');
  const raw =
    casts.length === 0
      ? col(corrupt)
      : `F.coalesce(${col(corrupt)}, F.to_csv(F.struct(${texts.map(({name}) => pyName(name)).join(', ')})${reader.toCsv}))`;
  return [
    ...reader.remarks,
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
        ...(options.filename ? [`${col(from)}.alias('filename')`] : []),
      ]),
    ]),
  ];
}

/** Each file with the order of columns that it has, put together by name. */
function severalFiles(
  all: string,
  reader: TextReader,
  texts: readonly Column[],
  corrupt: string,
  {given, calls}: {readonly given: readonly string[]; readonly calls: readonly string[]},
): string[] {
  const types = `{${texts.map(({name, type}) => `${py(name)}: ${py(type)}`).join(', ')}}`;
  return [
    'from functools import reduce',
    'parts = []',
    ...(reader.namesColumns ? [`types = ${types}`] : []),
    `for file in ${all}:`,
    ...(reader.namesColumns
      ? [
          `    names = spark.read.${[...written(reader.options), `${reader.name}(file)`].join('.')}.columns`,
          `    schema = ', '.join(f"\`{name}\` {types.get(name, 'string')}" for name in names) + ${py(`, ${backticked(corrupt)} string`)}`,
        ]
      : [
          `    schema = ${py([...texts, {name: corrupt, type: 'string'}].map(({name, type}) => `${backticked(name)} ${type}`).join(', '))}`,
        ]),
    `    parts.append(spark.read.schema(schema).${[...given, `${reader.name}(file)`, ...calls].join('.')})`,
    ...assign('lines', together('parts'), ['cache()']),
  ];
}
