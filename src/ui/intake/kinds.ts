import {deltaTable} from '../../sources/index.ts';
import {hasEnding, hasMagic, signatureList} from '../../sources/signatures.ts';
import type {Folder, Items} from './items.ts';

/** What a file is to the page; a data file, a database and a dump are told apart where they are read. */
export type Kind = 'encrypted' | 'notebook' | 'workspace' | 'delta' | 'data';

/** A file as far as it was looked at. */
export interface Looked {
  readonly name: string;
  /** Its first bytes. */
  readonly start: Uint8Array;
  /** Whether these are those of an encrypted file. */
  readonly isEncrypted: boolean;
  /** The names in it, where it is a zip. */
  readonly inZip: readonly string[] | undefined;
}

/** How much of a file's beginning is looked at. */
export const startBytes = 64;

export const isZipName = (name: string): boolean => hasEnding(name, ['zip']);

/** Whether the names in a zip are those of an exported workspace: it has the file that says so. */
export const isWorkspace = (names: readonly string[]): boolean => names.includes('lakebook.json');

/** What a file is: its first bytes say it before its name does. */
export function kindOf({name, start, isEncrypted, inZip}: Looked): Kind {
  if (signatureList.some((signature) => hasMagic(start, signature))) return 'data';
  if (isEncrypted || hasEnding(name, ['age', 'fernet'])) return 'encrypted';
  if (hasEnding(name, ['md', 'markdown'])) return 'notebook';
  if (inZip === undefined) return 'data';
  return isWorkspace(inZip) ? 'workspace' : 'delta';
}

/** Items by what becomes of them. */
export interface Sorted {
  /** To be opened first, with the rest of the items to wait for them. */
  readonly encrypted: readonly File[];
  readonly rest: Items;
  readonly notebooks: readonly File[];
  readonly workspace: File | undefined;
  /** A Delta table, as a folder or a zip. */
  readonly table: {readonly from: string; readonly source: File | Folder['files']} | undefined;
  readonly data: readonly File[];
}

/** A folder that holds a Delta table is one thing, the files of any other come in one by one. */
export function sorted(items: Items, kinds: ReadonlyMap<File, Kind>): Sorted {
  const holdsTable = ({files}: Folder): boolean => deltaTable.holds(files.map(({path}) => path));
  const tables = items.folders.filter(holdsTable);
  const files = filesOf(items);
  const of = (kind: Kind): File[] => files.filter((file) => kinds.get(file) === kind);
  const [zip] = of('delta');
  const [folder] = tables;
  return {
    encrypted: of('encrypted'),
    rest: {from: items.from, folders: tables, files: files.filter((file) => kinds.get(file) !== 'encrypted')},
    notebooks: of('notebook'),
    workspace: of('workspace')[0],
    table:
      zip !== undefined
        ? {from: zip.name, source: zip}
        : folder !== undefined
          ? {from: folder.name, source: folder.files}
          : undefined,
    data: of('data'),
  };
}

/** All files that aren't a Delta table's. */
export const filesOf = ({files, folders}: Items): readonly File[] => [
  ...files,
  ...folders.flatMap((folder) =>
    deltaTable.holds(folder.files.map(({path}) => path)) ? [] : folder.files.map(({file}) => file),
  ),
];
