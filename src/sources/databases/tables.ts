import type {Ports} from '../../ports/index.ts';
import {join, lit, sql, type Sql} from '../../sql/sql.ts';
import type {
  Destination,
  FileSource,
  FoundFile,
  Incoming,
  LoadOptions,
  NotInScript,
  ReadSo,
  ScriptLoad,
  ScriptRows,
} from '../define.ts';
import {byName, selected} from '../shared/sql.ts';
import {attached, attachedNames} from './attach.ts';

type Tables = NonNullable<FileSource['tables']>;
/** Those of files that DuckDB opens by itself. */
export type AttachedTables = Tables & Required<Pick<Tables, 'attach'>>;

/** What stands for a table that isn't named, before the file was looked at. */
const onlyTable: readonly string[] = ['the_only_table'];

/** The schema and name of the table that a load reads: as it was found, or as far as the user said. */
export const tableIn = (tables: Tables, {table}: LoadOptions, found?: FoundFile): readonly string[] =>
  found?.table ?? (table === undefined ? onlyTable : tables.path(table));

/** Reads a table of a database; what opens it loads when such a file is first looked at. */
export async function readTable(tables: Tables, ports: Ports, from: Incoming, to: Destination): Promise<ReadSo> {
  const [{readDatabase}, open] = await Promise.all([import('./read.ts'), tables.open()]);
  return readDatabase(open, ports, from, to);
}

/** What the SQL face prints for files that DuckDB opens. */
export function shownAttached({attach, ...rest}: AttachedTables, files: readonly string[], options: LoadOptions): Sql {
  const path = tableIn(rest, options);
  const tables = files.map((file) => ({file, attach, path}));
  const names = attachedNames(tables);
  const parts = tables.map((one) => ({file: one.file, ...attached(one, names.get(one.file) ?? one.file)}));
  const opened = join(
    parts.map((part) => sql`${part.attach};\n`),
    '',
  );
  const rows = parts.map(
    ({file, relation}) => sql`SELECT *${options.filename ? sql`, ${lit(file)} AS filename` : sql``} FROM ${relation}`,
  );
  return sql`${opened}${byName(rows)}`;
}

/** Files of databases in a script, which DuckDB opens. */
export function attachedInScript(
  tables: AttachedTables,
  {files, options, found, databases}: ScriptLoad,
): ScriptRows | NotInScript {
  const packed = files.find((file) => /\.gz$/i.test(file));
  if (packed !== undefined)
    return {
      why: `${packed} is in gzip, and DuckDB opens no database that is.`,
      instead: 'Unpack it, load that file instead, and export again.',
    };
  const parts = files.map((file) => {
    const name = databases.get(file) ?? file;
    const path = tableIn(
      tables,
      options,
      found.find((one) => one.file === file),
    );
    return {file, name, type: tables.attach.type, ...attached({file, attach: tables.attach, path}, name)};
  });
  return {
    attached: parts,
    rows: byName(parts.map(({file, relation}) => selected(relation, file, options.filename, options.types))),
    rejects: undefined,
  };
}
