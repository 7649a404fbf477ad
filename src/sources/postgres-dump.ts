import {assign, col, py} from '../pyspark/py.ts';
import {toSparkType} from '../pyspark/types.ts';
import {join, quotedId, sql} from '../sql/sql.ts';
import type {Column} from '../sql/types.ts';
import {schemaAndName} from './databases/attach.ts';
import {notInSpark} from './databases/jdbc.ts';
import {readTable, tableIn} from './databases/tables.ts';
import {defineFiles, type FileSource, type SparkLoad} from './define.ts';

const tables = {
  open: async () => (await import('./databases/postgres.ts')).openPostgresDump,
  path: schemaAndName,
} as const satisfies FileSource['tables'];

export const postgresDump = defineFiles('postgres', {
  options: ['table'],
  tables,
  read: (...given) => readTable(tables, ...given),
  shown: (_, options) =>
    sql`-- in PostgreSQL, once psql -f has loaded the file\nSELECT * FROM ${join(tableIn(tables, options).map(quotedId), '.')}`,
  toPySpark: (load) => notInSpark(load) ?? dumpInSpark(load),
  spark: {packages: [], postgres: true},
  toScript: ({files}) => ({
    why: `${files.join(', ')} is a dump of PostgreSQL’s, which DuckDB doesn’t read.`,
    instead: 'Export its rows as Parquet in the page, lay the file beside the script, and take the marks off.',
  }),
});

/** A table of a dump in Spark: by JDBC from the database that the dump was loaded into. */
function dumpInSpark({files: [file = ''], options, target, columns, found}: SparkLoad): string[] {
  const path = join(tableIn(tables, options, found[0]).map(quotedId), '.');
  const known = columns.filter(({name}) => !options.filename || name !== 'filename');
  const chosen = new Set(Object.keys(options.types).map((name) => name.toLowerCase()));
  const isChosen = ({name}: Column): boolean => chosen.has(name.toLowerCase());
  const decimals = Object.fromEntries(
    known.flatMap((column) =>
      column.type.startsWith('DECIMAL') && !isChosen(column) ? [[column.name, column.type.toLowerCase()] as const] : [],
    ),
  );
  const cast = known
    .filter(isChosen)
    .map(({name, type}) => `withColumn(${py(name)}, ${col(name)}.try_cast(${py(toSparkType(type))}))`);
  return [
    `# Load the dump into the database first, with psql -f ${file.replace(/\s+/g, ' ')}`,
    ...assign(target, `read_postgres(spark, ${py(sql`SELECT * FROM ${path}`)}, ${py(decimals)})`, [
      ...cast,
      ...(options.filename ? [`withColumn('filename', F.lit(${py(file)}))`] : []),
    ]),
  ];
}
