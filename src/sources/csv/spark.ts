import {castColumn} from '../../pyspark/cast.ts';
import {py} from '../../pyspark/py.ts';
import type {Column} from '../../sql/types.ts';
import type {FoundFile, LoadOptions, SparkLoad} from '../define.ts';
import {textInSpark} from '../shared/spark.ts';

/** CSV files as Spark reads them. */
export function csvInSpark(load: SparkLoad): string[] {
  const options = completed(load.options, load.found[0]);
  const {encoding, header, timestampFormat, nullStrings} = options;
  const separator = options.delimiter ?? (/\.tsv(\.gz)?$/i.test(load.files[0] ?? '') ? '\t' : undefined);
  const quote = options.quote || '"';
  return textInSpark(load, {
    name: 'csv',
    options: [
      ['header', header !== false],
      ['sep', separator],
      ['quote', quote === '"' ? undefined : quote],
      // A quote in a quoted text is written twice; Spark would expect a backslash before it.
      ['escape', quote],
      ['timestampFormat', timestampFormat?.includes('%') === true ? undefined : timestampFormat],
      ['encoding', encoding === 'latin-1' ? 'ISO-8859-1' : encoding],
    ],
    infers: [['inferSchema', true]],
    remarks:
      options.skip === undefined || options.skip === 0
        ? []
        : [`# Spark can’t skip lines: take the first ${options.skip} off the file before it is read.`],
    namesColumns: header !== false,
    columns(known) {
      const read = known.map((column) => (isCast(column, options) ? {name: column.name, type: 'string'} : column));
      return {
        read,
        casts: castsOf(known, load.columns, options),
        fill: nullStrings.length === 0 ? [] : nullCalls(nullStrings, read),
      };
    },
    toCsv: separator === undefined ? '' : `, {'sep': ${py(separator)}}`,
  });
}

/** The options with what was found out where the user said nothing. */
function completed(options: LoadOptions, found: FoundFile | undefined): LoadOptions {
  const csv = found?.csv;
  if (found === undefined || csv === undefined) return options;
  return {
    ...options,
    encoding: options.encoding ?? (found.encoding === 'utf-8' ? undefined : found.encoding),
    delimiter: options.delimiter ?? (csv.delimiter === ',' ? undefined : csv.delimiter),
    quote: options.quote ?? csv.quote,
    decimal: options.decimal ?? csv.decimal,
    header: options.header ?? csv.header,
    skip: options.skip ?? csv.skip,
    timestampFormat: options.timestampFormat ?? sparkPattern(csv.timestampFormat),
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

/** A strptime format as a pattern of Spark; undefined for what Spark reads by itself, and for what it can't. */
function sparkPattern(format: string | undefined): string | undefined {
  if (format === undefined || format.startsWith('%Y-%m-%d')) return undefined;
  const pattern = format.replace(/%(-?[A-Za-z])|[A-Za-z]+/g, (whole, letter: string | undefined) =>
    letter === undefined ? `'${whole}'` : (letters[letter] ?? '%'),
  );
  return pattern.includes('%') ? undefined : pattern;
}

/** Whether Spark reads a column as text, to be cast afterwards. */
const isCast = ({type}: Column, {nullStrings, decimal}: LoadOptions): boolean =>
  type !== 'string' && (nullStrings.length > 0 || (decimal === ',' && /^(double|float|decimal)/.test(type)));

function castsOf(
  known: readonly Column[],
  columns: readonly Column[],
  options: LoadOptions,
): {name: string; cast: string}[] {
  const {timestampFormat, decimal} = options;
  return known
    .filter((column) => isCast(column, options))
    .map(({name}) => {
      const to = columns.find((column) => column.name === name)?.type ?? 'VARCHAR';
      const formats =
        to.startsWith('TIMESTAMP') && timestampFormat !== undefined && !timestampFormat.includes('%')
          ? [timestampFormat]
          : [];
      return {
        name,
        cast: castColumn({name, type: 'VARCHAR'}, {to, formats, decimal: decimal === ',' ? ',' : '.'}, false),
      };
    });
}

/** Texts that mean “no value” become NULL; then a text that is empty is one. */
function nullCalls(nullStrings: readonly string[], read: readonly Column[]): string[] {
  const names = py(read.filter(({type}) => type === 'string').map(({name}) => name));
  const empty = nullStrings.includes('') ? [] : [`fillna('', subset=${names})`];
  return [...empty, `replace(${py(nullStrings)}, None, subset=${names})`];
}
