import {join, lit, sql, type Sql} from '../sql/sql.ts';
import {csvInSpark} from './csv/spark.ts';
import {readCsv, readCsvAs, rejectedLines, shownCsv} from './csv/sql.ts';
import {defineFiles, type NotInScript, type ScriptLoad, type ScriptRows} from './define.ts';
import {filesInScript} from './shared/sql.ts';

export const csv = defineFiles('csv', {
  options: ['encoding', 'delimiter', 'quote', 'decimal', 'header', 'skip', 'null_strings', 'timestamp_format'],
  read: async (...given) => (await import('./csv/read.ts')).readCsvFile(...given),
  detect: async (...given) => (await import('./csv/read.ts')).detectCsv(...given),
  shown: shownCsv,
  toPySpark: csvInSpark,
  spark: {packages: []},
  toScript: csvInScript,
});

function csvInScript(load: ScriptLoad): ScriptRows | NotInScript {
  const {files, options} = load;
  const found = filesInScript(
    load,
    () => true,
    ({name, stored, found: read}) =>
      read?.csv === undefined
        ? readCsv([name], options, stored)
        : readCsvAs(name, read.csv, {...options, filename: false, decimal: read.csv.decimal}, stored),
    // read_csv has given the columns their types.
    {},
  );
  return 'rows' in found ? {...found, rejects: rejectsOf(files)} : found;
}

/** The lines that DuckDB refused, file by file: it keeps those of all scans in one table. */
function rejectsOf(files: readonly string[]): Sql {
  const [only = ''] = files;
  if (files.length === 1) return rejectedLines(only);
  const errors = (file: string): Sql =>
    sql`(SELECT e.* FROM reject_errors e JOIN reject_scans s USING (scan_id, file_id) WHERE parse_filename(s.file_path) = ${lit(file)})`;
  return join(
    files.map((file) => sql`(${rejectedLines(file, errors(file))})`),
    '\nUNION ALL\n',
  );
}
