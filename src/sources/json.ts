import {id, join, lit, sql, typeName, type Sql} from '../sql/sql.ts';
import type {Column} from '../sql/types.ts';
import {defineFiles, type ScriptLoad, type SparkLoad} from './define.ts';
import {readArrowFile} from './shared/arrow.ts';
import {textInSpark} from './shared/spark.ts';
import {filesInScript, shownCall, type Stored} from './shared/sql.ts';

export const json = defineFiles('json', {
  options: ['encoding'],
  read: async (ports, from, to) => ({
    hasRejects: await readArrowFile(ports, from, to),
    isWhole: isWhole(from.sniffed.head),
  }),
  shown: (files, options) => shownCall('read_json', files, options),
  toPySpark: jsonInSpark,
  spark: {packages: []},
  toScript: (load) =>
    filesInScript(
      load,
      (encoding) => encoding === 'utf-8',
      ({name, stored}) => readJson(name, stored, load),
    ),
});

/** Whether the first line of a JSON file is no object of its own. */
function isWhole(head: string): boolean {
  const [line = ''] = head.trimStart().split('\n', 1);
  return line.startsWith('[') || !line.trimEnd().endsWith('}');
}

function jsonInSpark(load: SparkLoad): string[] {
  const [found] = load.found;
  const {encoding} = load.options;
  return textInSpark(load, {
    name: 'json',
    options: [
      ['multiLine', found?.isWhole === true ? true : undefined],
      ['encoding', encoding === 'latin-1' ? 'ISO-8859-1' : encoding],
    ],
    infers: [],
    remarks:
      found === undefined
        ? ["# A file that is one array, or has objects over several lines, needs .option('multiLine', True)."]
        : [],
    namesColumns: false,
    columns: (known) => ({read: known, casts: [], fill: []}),
    toCsv: '',
  });
}

/** Columns as they came out in the page, so that a value decides no type; those that `schema` casts are read as text. */
function readJson(name: string, {compression}: Stored, {files, options, result: made}: ScriptLoad): Sql {
  const {types, filename} = options;
  const result = files.length === 1 ? made : undefined;
  const cast = new Set(Object.keys(types).map((column) => column.toLowerCase()));
  const columns = (result?.columns ?? []).filter((column) => !filename || column.name !== 'filename');
  const typeOf = (column: Column): Sql => (cast.has(column.name.toLowerCase()) ? sql`VARCHAR` : typeName(column.type));
  const pairs = columns.map((column) => sql`${lit(column.name)}: ${lit(typeOf(column))}`);
  const packed = compression === 'gzip' ? [sql`compression = 'gzip'`] : [];
  if (result?.rejects === undefined || pairs.length === 0)
    return sql`read_json(${join([lit(name), ...(pairs.length === 0 ? [] : [sql`columns = {${join(pairs)}}`]), ...packed])})`;
  // With ignore_errors read_json would make a row of NULLs of each line that is no JSON.
  const struct = join(columns.map((column) => sql`${id(column.name)} ${typeOf(column)}`));
  const objects = sql`read_ndjson_objects(${join([lit(name), sql`ignore_errors = true`, ...packed])})`;
  return sql`(SELECT record.* FROM (SELECT TRY_CAST(json AS STRUCT(${struct})) AS record FROM ${objects} WHERE json_type(json) = 'OBJECT'))`;
}
