import type {Source} from '../sources/define.ts';
import {deltaTable, fileSource, sourceNamed} from '../sources/index.ts';
import {hasEnding} from '../sources/signatures.ts';

const parquet = fileSource('parquet');

/** A file of a run's output by its path, with `/` between folders. */
interface At {
  readonly path: string;
}

/** The rows that a run wrote for a cell, or for what the cell rejected. */
export interface OutputTable<File extends At> {
  /** The cell's name, or that of its rejects. */
  readonly name: string;
  /** A format that Spark writes: one of src/sources. */
  readonly format: string;
  /** The folder, or the one file, as it is called in the output. */
  readonly place: string;
  /** Parquet files by name; of a Delta table all files, with their paths from its folder. */
  readonly files: readonly File[];
}

export interface Output<File extends At> {
  readonly tables: readonly OutputTable<File>[];
  /** Names that several places of the output bear, with these. */
  readonly ambiguous: readonly {readonly name: string; readonly places: readonly string[]}[];
  /** Folders with rows that bear no cell's name. */
  readonly others: readonly string[];
}

/**
 * Finds what a Spark run wrote for each of `names` among the files of a folder or a zip: a folder of Parquet files or a Delta table that is
 * named as the cell, or one Parquet file that is. Markers (`_SUCCESS`) and hidden files don't count. Names match without case.
 */
export function matchOutput<File extends At>(files: readonly File[], names: readonly string[]): Output<File> {
  const byName = new Map(names.map((name) => [name.toLowerCase(), name]));
  const nameOf = (part: string | undefined): string | undefined => byName.get((part ?? '').toLowerCase());
  const roots = deltaTable.roots(files.map(({path}) => path));
  const places = new Map<string, {name: string | undefined; format: string; files: File[]}>();
  const put = (place: string, name: string | undefined, {name: format}: Source, file: File): void => {
    const known = places.get(place);
    if (known === undefined) places.set(place, {name, format, files: [file]});
    else known.files.push(file);
  };
  for (const file of files) {
    const root = roots.find((each) => file.path.startsWith(each));
    if (root !== undefined) {
      const place = root.replace(/\/$/, '');
      put(place, nameOf(place.split('/').at(-1)), deltaTable, {...file, path: file.path.slice(root.length)});
      continue;
    }
    const parts = file.path.split('/');
    const leaf = parts.pop() ?? '';
    if (
      !hasEnding(leaf, parquet.endings) ||
      [...parts, leaf].some((part) => /^[._]/.test(part) && nameOf(part) === undefined)
    )
      continue;
    // Folders by value, as partitionBy makes them.
    while (/^[^=]+=/.test(parts.at(-1) ?? '')) parts.pop();
    const folder = nameOf(parts.at(-1));
    const own = nameOf(leaf.replace(/\..*$/, ''));
    if (folder === undefined && own !== undefined) put(file.path, own, parquet, file);
    else put(parts.join('/'), folder, parquet, file);
  }
  const found = [...places].map(([place, table]) => ({...table, place}));
  const named = names.map((name) => found.filter((table) => table.name === name));
  return {
    tables: named.flatMap(([table, ...more]) =>
      table?.name === undefined || more.length > 0 ? [] : [{...table, name: table.name}],
    ),
    ambiguous: named.flatMap((tables, i) =>
      tables.length > 1 ? [{name: names[i] ?? '', places: tables.map(({place}) => place)}] : [],
    ),
    others: found.flatMap(({name, place}) => (name === undefined && place !== '' ? [place] : [])),
  };
}

/** Whether files look like what a Spark run wrote for some of `names`: parts of tables, in folders that bear these names. */
export const isOutput = (files: readonly At[], names: readonly string[]): boolean =>
  matchOutput(files, names).tables.some(
    ({format, files: parts}) =>
      sourceNamed(format).kind === 'file' && parts.some(({path}) => /(^|\/)part-[^/]*$/.test(path)),
  );
