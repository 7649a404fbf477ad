import {id, join, lit, sql, typeName, type Sql} from '../../sql/sql.ts';
import type {FileRead, LoadOptions, NotInScript, ScriptLoad, ScriptRows} from '../define.ts';

/** An argument of a function of DuckDB's that reads files; undefined leaves it out. */
export type Argument = readonly [name: string, value: Sql | undefined];

export const written = (args: readonly Argument[]): Sql[] =>
  args.flatMap(([name, value]) => (value === undefined ? [] : [sql`${id(name)} = ${value}`]));

export const said = (value: string | number | boolean | undefined): Sql | undefined =>
  value === undefined ? undefined : lit(value);

export const listed = (texts: readonly string[]): Sql => sql`[${join(texts.map(lit))}]`;

/** How a file lies where it is read: packed or not (undefined: as its name says), and in UTF-8 unless it says otherwise. */
export interface Stored {
  readonly compression: 'none' | 'gzip' | undefined;
  readonly encoding?: 'utf-16' | 'latin-1' | undefined;
}

/** A function of DuckDB's over files by their own names, as the SQL face of a load prints it. */
export function shownCall(
  name: string,
  files: readonly string[],
  {filename}: LoadOptions,
  own: readonly Argument[] = [],
): Sql {
  const [only] = files;
  const names = files.length === 1 && only !== undefined ? lit(only) : listed(files);
  const args: Argument[] = [
    ...own,
    ['filename', filename ? sql`true` : undefined],
    ['union_by_name', files.length > 1 ? sql`true` : undefined],
  ];
  return sql`SELECT * FROM ${id(name)}(${join([names, ...written(args)])})`;
}

/** A file in a script: its name as a pattern that it alone fits, how it lies there, and how it was read. */
interface InScript {
  readonly name: string;
  readonly stored: Stored;
  readonly found: FileRead | undefined;
}

/** Files in a script, one by one; `reads` stands in FROM. */
export function filesInScript(
  {files, options, found}: ScriptLoad,
  takesEncoding: (encoding: FileRead['encoding']) => boolean,
  reads: (file: InScript) => Sql,
  casts = options.types,
): ScriptRows | NotInScript {
  const parts: Sql[] = [];
  for (const file of files) {
    const read = found.find((one) => one.file === file);
    const encoding = read?.encoding ?? options.encoding;
    if (encoding !== undefined && (encoding === 'windows-1252' || !takesEncoding(encoding)))
      return {
        why: `${file} is written in ${encoding}, which DuckDB doesn’t read.`,
        instead: `Turn it into UTF-8 with iconv -f ${encoding} -t utf-8, load that file instead, and export again.`,
      };
    const stored: Stored = {
      compression: read === undefined ? undefined : read.gzip ? 'gzip' : 'none',
      encoding: encoding === 'utf-8' ? undefined : encoding,
    };
    parts.push(selected(reads({name: globbed(file), stored, found: read}), file, options.filename, casts));
  }
  return {rows: byName(parts), rejects: undefined, attached: []};
}

/** Rows of several files, put together by the names of their columns. */
export const byName = (parts: readonly Sql[]): Sql => join(parts, '\nUNION ALL BY NAME\n');

/** A file's name where DuckDB would take it for a pattern. */
const globbed = (name: string): string => name.replace(/[[*?]/g, '[$&]');

/** The rows of a file, with the types that the user chose (Column → DuckDB type), and its name. */
export function selected(source: Sql, file: string, filename: boolean, types: LoadOptions['types']): Sql {
  const casts = Object.entries(types).map(
    ([name, type]) => sql`TRY_CAST(${id(name)} AS ${typeName(type)}) AS ${id(name)}`,
  );
  const replaced = casts.length === 0 ? sql`` : sql` REPLACE (${join(casts)})`;
  return sql`SELECT *${replaced}${filename ? sql`, ${lit(file)} AS filename` : sql``} FROM ${source}`;
}
