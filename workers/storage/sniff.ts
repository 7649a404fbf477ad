import {ProblemError, type Problem} from '../../src/lib/problem.ts';
import {
  hasEnding,
  hasMagic,
  signatureList,
  textFormat as formatOfText,
  type FileFormat,
  type Signature,
} from '../../src/sources/signatures.ts';
import {indexOfBytes} from '../shared/bytes.ts';

/** How much of a file's start is looked at and shown as its head. */
export const headBytes = 64 << 10;

const ascii = (text: string): readonly number[] => [...text].map((letter) => letter.charCodeAt(0));
const startsWith = (bytes: Uint8Array, magic: readonly number[], at = 0): boolean =>
  magic.every((byte, i) => bytes[at + i] === byte);

const parquet = ascii('PAR1');
const encryptedParquet = ascii('PARE');

/** Throws what is wrong with a Parquet file as far as its two ends tell. */
async function checkParquet(start: Uint8Array, data: Blob, file: string): Promise<void> {
  const end = new Uint8Array(await data.slice(-8).arrayBuffer());
  const tail = end.subarray(-4);
  if (startsWith(start, encryptedParquet) || startsWith(tail, encryptedParquet)) {
    throw new ProblemError({
      code: 'PARQUET_ENCRYPTED',
      message: `${file} is an encrypted Parquet file, which can’t be read without its key.`,
      hint: 'Write it again without encryption where the key is known.',
      where: {file},
    });
  }
  if (!startsWith(tail, parquet)) {
    throw new ProblemError({
      code: 'PARQUET_TRUNCATED',
      message: `${file} starts as a Parquet file but doesn’t end as one: its end, with the list of columns, is missing.`,
      hint: 'Copy or download the file again; it was cut short on its way.',
      where: {file},
    });
  }
}

/** A main header, then two database headers: https://duckdb.org/docs/stable/internals/storage */
const duckDbHeader = 4096;

/** Throws what is wrong with a DuckDB database as far as its three headers tell. */
function checkDuckDb(start: Uint8Array, {size: bytes}: Blob, file: string): void {
  if (start.length < 3 * duckDbHeader) throw new ProblemError(cutDatabase(file, 'DuckDB'));
  const view = new DataView(start.buffer, start.byteOffset);
  if ((view.getUint8(20) & 1) === 1)
    throw new ProblemError(
      lockedDatabase(
        file,
        'DuckDB',
        'Copy it without a key: ATTACH it with its ENCRYPTION_KEY, and COPY FROM DATABASE into a new file.',
      ),
    );
  const headers = [duckDbHeader, 2 * duckDbHeader].map((at) => ({
    iteration: view.getBigUint64(at + 8, true),
    roots: [view.getBigUint64(at + 16, true), view.getBigUint64(at + 24, true)],
    blockBytes: view.getBigUint64(at + 40, true),
  }));
  // The header that was written last counts.
  const last = headers.reduce((best, header) => (header.iteration > best.iteration ? header : best));
  // The number of blocks counts free ones at the end, which a checkpoint cuts off after it wrote the header.
  const isThere = (root: bigint): boolean =>
    root === 2n ** 64n - 1n ||
    BigInt(bytes) >= BigInt(3 * duckDbHeader) + ((root & (2n ** 56n - 1n)) + 1n) * last.blockBytes;
  if (!last.roots.every(isThere)) throw new ProblemError(cutDatabase(file, 'DuckDB'));
}

/** Throws what is wrong with an SQLite database as far as its header tells (https://sqlite.org/fileformat2.html#the_database_header). */
function checkSqlite(start: Uint8Array, {size: bytes}: Blob, file: string): void {
  if (start.length < 100) throw new ProblemError(cutDatabase(file, 'SQLite'));
  const view = new DataView(start.buffer, start.byteOffset);
  const pageBytes = view.getUint16(16) === 1 ? 65_536 : view.getUint16(16);
  // The number of pages counts where what wrote it last wrote the change counter too.
  const pages = view.getUint32(24) === view.getUint32(92) ? view.getUint32(28) : 1;
  if (bytes < pages * pageBytes) throw new ProblemError(cutDatabase(file, 'SQLite'));
}

/** Looks at the beginning of a file of a format that is told by its bytes, and throws what is wrong with it. */
interface Check {
  /** The program whose database it is. */
  readonly program?: string;
  readonly check: (start: Uint8Array, data: Blob, file: string) => void | Promise<void>;
}

const checks: Readonly<Partial<Record<FileFormat, Check>>> = {
  parquet: {check: checkParquet},
  duckdb: {program: 'DuckDB', check: checkDuckDb},
  sqlite: {program: 'SQLite', check: checkSqlite},
};

/** A format that is told by its bytes. */
type Binary = Signature & Check & {readonly name: FileFormat};

const binaries: readonly Binary[] = signatureList
  .filter(({magic}) => magic.length > 0)
  .map((signature) => ({check: () => undefined, ...signature, ...checks[signature.name]}));

/** The format whose bytes a file starts with. */
export const binaryFormat = (start: Uint8Array): Binary | undefined =>
  binaries.find((binary) => hasMagic(start, binary));

/** The format of this name, where it is told by its bytes. */
export const binaryNamed = (format: FileFormat | undefined): Binary | undefined =>
  binaries.find(({name}) => name === format);

/** Throws for a file whose name says that it is a database, where its bytes say that it isn't. */
export function refuseMisnamed(name: string, head: string): void {
  const isText = looksLikeText(head);
  const claiming = binaries.filter(
    ({program, endings, sharedEndings}) =>
      program !== undefined && (hasEnding(name, endings) || hasEnding(name, sharedEndings)),
  );
  // A text may well have an ending that several programs use.
  if (claiming.length === 0 || (claiming.length > 1 && isText)) return;
  const kind = claiming.map(({program}) => program).join(' or ');
  throw new ProblemError(
    isText
      ? {
          code: 'NOT_DATABASE',
          message: `${name} is text, and no ${kind} database.`,
          hint: 'If it is a table, choose its format (CSV or JSON), or name it so.',
          where: {file: name},
        }
      : {
          code: 'NOT_DATABASE',
          message: `${name} is no ${kind} database that can be read: it is encrypted, as SQLCipher does, or another kind of file.`,
          hint: 'If it is encrypted, write it again without its key: in SQLCipher ATTACH a new file with KEY ’’, and SELECT sqlcipher_export.',
          where: {file: name},
        },
  );
}

const cutDatabase = (file: string, kind: string): Problem => ({
  code: 'DATABASE_TRUNCATED',
  message: `${file} starts as a ${kind} database, but a part of it is missing.`,
  hint: 'Copy or download the file again; it was cut short on its way.',
  where: {file},
});

const lockedDatabase = (file: string, kind: string, todo: string): Problem => ({
  code: 'DATABASE_ENCRYPTED',
  message: `${file} is an encrypted ${kind} database, which can’t be read without its key.`,
  hint: todo,
  where: {file},
});

const decrypt = 'Save it to disk and drop it onto the page: there it can be opened with its passphrase or key.';

/** Files of other kinds by their first bytes (`at` that offset), what they are, and what to do with them. */
const others: readonly {magic: readonly number[]; at?: number; is: string; todo: string}[] = [
  {magic: ascii('age-encryption.org/'), is: 'encrypted with age', todo: decrypt},
  {magic: ascii('-----BEGIN AGE ENCRYPTED FILE-----'), is: 'encrypted with age', todo: decrypt},
  {magic: ascii('fernet pbkdf2-'), is: 'encrypted, a Fernet token', todo: decrypt},
  {magic: ascii('PK\x05\x06'), is: 'an empty ZIP archive', todo: 'Add the file that was meant to be in it.'},
  {magic: ascii('PK\x03\x04'), is: 'a ZIP archive', todo: 'Unpack it and add the files inside.'},
  {
    magic: [0xd0, 0xcf, 0x11, 0xe0],
    is: 'an old Excel workbook or another Office file',
    todo: 'Save it as CSV in Excel and add that file.',
  },
  {
    magic: ascii('PGDMP'),
    is: 'a dump of PostgreSQL in pg_dump’s own format',
    todo: 'Write it as SQL: pg_restore -f dump.sql and its name, or pg_dump without -F.',
  },
  {magic: ascii('ARROW1\0\0'), is: 'an Arrow (Feather) file', todo: 'Save it as Parquet and add that file.'},
  {magic: ascii('Obj\x01'), is: 'an Avro file', todo: 'Save it as Parquet and add that file.'},
  {magic: ascii('ORC'), is: 'an ORC file', todo: 'Save it as Parquet and add that file.'},
  {
    magic: [0x28, 0xb5, 0x2f, 0xfd],
    is: 'compressed with Zstandard',
    todo: 'Unpack it with unzstd, or compress it with gzip instead.',
  },
  {magic: ascii('BZh'), is: 'compressed with bzip2', todo: 'Unpack it with bunzip2, or compress it with gzip instead.'},
  {
    magic: [0xfd, 0x37, 0x7a, 0x58, 0x5a],
    is: 'compressed with xz',
    todo: 'Unpack it with unxz, or compress it with gzip instead.',
  },
  {magic: [0x37, 0x7a, 0xbc, 0xaf, 0x27], is: 'a 7-Zip archive', todo: 'Unpack it and add the files inside.'},
  {magic: ascii('ustar'), at: 257, is: 'a tar archive', todo: 'Unpack it and add the files inside.'},
  {magic: ascii('%PDF-'), is: 'a PDF document', todo: 'Add the table as CSV, JSON or Parquet.'},
  {magic: [0x89, 0x50, 0x4e, 0x47], is: 'a PNG picture', todo: 'Add a table as CSV, JSON or Parquet.'},
];

/** Throws for a file that is known to be no table this app reads. */
export function refuseOthers(start: Uint8Array, file: string): void {
  const other = others.find(({magic, at}) => startsWith(start, magic, at));
  if (other === undefined) return;
  const workbook = startsWith(start, ascii('PK')) && indexOfBytes(start, ascii('[Content_Types].xml')) !== -1;
  const {is, todo} = workbook
    ? {is: 'an Excel workbook or another Office file', todo: 'Save it as CSV in Excel and add that file.'}
    : other;
  throw new ProblemError(unsupported(file, is, todo));
}

const unsupported = (file: string, is: string, todo: string): Problem => ({
  code: 'FORMAT_UNSUPPORTED',
  message: `${file} is ${is}; CSV, JSON, Parquet, databases of DuckDB and SQLite and SQL dumps of PostgreSQL can be read here.`,
  hint: todo,
  where: {file},
});

export const emptyFile = (file: string): Problem => ({
  code: 'EMPTY_FILE',
  message: `${file} is empty: it has no header and no rows.`,
  hint: 'Check that it was saved or downloaded completely, and add it again.',
  where: {file},
});

/** Control characters other than tab, newlines, form feed and escape are no text's. */
function looksLikeText(head: string): boolean {
  const controls = head.match(/[\0-\x08\x0b\x0e-\x1a\x1c-\x1f]/g)?.length ?? 0;
  return controls <= head.length * 0.01 && !head.startsWith('\0');
}

/** The format of a text, by how it starts. Throws when it is no text at all. */
export function textFormat(head: string, file: string): FileFormat {
  if (head.trim() === '') throw new ProblemError(emptyFile(file));
  if (!looksLikeText(head)) {
    throw new ProblemError({
      code: 'NOT_TEXT',
      message: `${file} is neither text nor Parquet: its bytes are no table this app can read.`,
      hint: 'Export the data as CSV, JSON or Parquet; if it is text, choose its encoding.',
      where: {file},
    });
  }
  return formatOfText(head, file);
}
