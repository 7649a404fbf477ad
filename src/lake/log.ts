import {ProblemError, type Place} from '../lib/problem.ts';
import type {Action} from './actions.ts';
import type {FileStore} from './file-store.ts';

/** A checkpoint whose files are all there; `parts` are paths, one unless it is a multi-part one. */
export interface Checkpoint {
  readonly version: number;
  readonly parts: readonly string[];
}

/** What is in a table's `_delta_log`. Compacted logs, checksums and `_last_checkpoint` are not needed: the listing says it all. */
export interface LogListing {
  readonly root: string;
  /** Versions whose commit is there, ascending. */
  readonly commits: readonly number[];
  /** Ascending by version; of several of one version the last is as good as any. */
  readonly checkpoints: readonly Checkpoint[];
  /** Multi-part checkpoints that lack a part. */
  readonly broken: readonly {readonly version: number; readonly missing: string}[];
}

const digits = (version: number) => String(version).padStart(20, '0');

export const commitName = (version: number): string => `${digits(version)}.json`;
export const logFolder = (root: string): string => `${root}/_delta_log`;
export const commitPath = (root: string, version: number): string => `${logFolder(root)}/${commitName(version)}`;

/** Lists the log of the table in the folder `root`; everything is empty when there is none. */
export async function listLog(store: FileStore, root: string): Promise<LogListing> {
  const commits: number[] = [];
  const checkpoints: Checkpoint[] = [];
  const multipart = new Map<string, Map<number, string>>();
  const folder = logFolder(root);
  for (const name of await store.list(folder)) {
    const [, version, rest = ''] = /^(\d{20})\.(.+)$/.exec(name) ?? [];
    if (version === undefined) continue;
    const [, part, parts] = /^checkpoint\.(\d{10})\.(\d{10})\.parquet$/.exec(rest) ?? [];
    if (rest === 'json') commits.push(Number(version));
    else if (part !== undefined && parts !== undefined) {
      const key = `${version} ${parts}`;
      const known = multipart.get(key) ?? new Map<number, string>();
      multipart.set(key, known.set(Number(part), `${folder}/${name}`));
    } else if (/^checkpoint\.parquet$|^checkpoint\.[0-9a-f-]{36}\.(json|parquet)$/i.test(rest))
      checkpoints.push({version: Number(version), parts: [`${folder}/${name}`]});
  }
  const broken: {version: number; missing: string}[] = [];
  for (const [key, known] of multipart) {
    const [version = '', parts = ''] = key.split(' ');
    const numbers = Array.from({length: Number(parts)}, (_, index) => index + 1);
    const missing = numbers.find((number) => !known.has(number));
    if (missing === undefined)
      checkpoints.push({version: Number(version), parts: numbers.map((number) => known.get(number) ?? '')});
    else
      broken.push({
        version: Number(version),
        missing: `${version}.checkpoint.${String(missing).padStart(10, '0')}.${parts}.parquet`,
      });
  }
  commits.sort((a, b) => a - b);
  checkpoints.sort((a, b) => a.version - b.version);
  return {root, commits, checkpoints, broken};
}

/** Reads a commit, one JSON action a line. An empty one has none. Throws a `ProblemError` that names `file` and the line that is none. */
export function parseCommit(text: string, file: string): Action[] {
  const actions: Action[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue;
    actions.push(parseAction(line, {file, line: index + 1}));
  }
  return actions;
}

/** Reads one line of a commit. */
export function parseAction(line: string, where: Place): Action {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (cause) {
    throw malformed(where, 'is not JSON', cause);
  }
  const action = isRecord(value) ? actionOf(value) : 'is no object';
  if (typeof action === 'string') throw malformed(where, action);
  return action;
}

/** The text of a commit: one JSON action a line. */
export const serializeCommit = (actions: readonly Action[]): string =>
  actions.map(({other, ...known}) => `${JSON.stringify({...known, ...other})}\n`).join('');

export const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

type Check = (value: unknown) => boolean;
const isText: Check = (value) => typeof value === 'string';
const isNumber: Check = (value) => typeof value === 'number';
const isTexts: Check = (value) => Array.isArray(value) && value.every(isText);
const isTextMap: Check = (value) =>
  isRecord(value) && Object.values(value).every((each) => each === null || isText(each));
const isFormat: Check = (value) => isRecord(value) && isText(value['provider']);
const isVector: Check = (value) =>
  isRecord(value) &&
  ['u', 'i', 'p'].includes(String(value['storageType'])) &&
  isText(value['pathOrInlineDv']) &&
  isNumber(value['cardinality']) &&
  isNumber(value['sizeInBytes']);

/** What this reader relies on; a field ending in `?` may be absent. */
const checks: Readonly<Record<string, Readonly<Record<string, Check>>>> = {
  commitInfo: {'timestamp?': isNumber, 'inCommitTimestamp?': isNumber, 'operationParameters?': isRecord},
  protocol: {
    minReaderVersion: isNumber,
    minWriterVersion: isNumber,
    'readerFeatures?': isTexts,
    'writerFeatures?': isTexts,
  },
  metaData: {id: isText, format: isFormat, schemaString: isText, partitionColumns: isTexts, configuration: isTextMap},
  add: {
    path: isText,
    partitionValues: isTextMap,
    size: isNumber,
    modificationTime: isNumber,
    'stats?': isText,
    'deletionVector?': isVector,
  },
  remove: {path: isText, 'deletionTimestamp?': isNumber, 'partitionValues?': isTextMap, 'deletionVector?': isVector},
  txn: {appId: isText, version: isNumber},
  domainMetadata: {domain: isText, configuration: isText, removed: (value) => typeof value === 'boolean'},
};
/** What stands for a field that is absent; a table without a schema has no columns, as in Spark. */
const defaults: Readonly<Record<string, object>> = {
  metaData: {
    partitionColumns: [],
    configuration: {},
    format: {provider: 'parquet', options: {}},
    schemaString: '{"type":"struct","fields":[]}',
  },
  add: {partitionValues: {}},
};

/** The action in an object of a log's line or a checkpoint's row, nulls left out; or what is wrong with it. */
export function actionOf(value: Readonly<Record<string, unknown>>): Action | string {
  const known: Record<string, unknown> = {};
  const other: Record<string, unknown> = {};
  for (const [kind, content] of Object.entries(value)) {
    if (content == null) continue;
    const fields = checks[kind];
    if (fields === undefined) {
      other[kind] = content;
      continue;
    }
    if (!isRecord(content)) return `has ${kind} that is no object`;
    const action: Record<string, unknown> = {...defaults[kind], ...withoutNulls(content)};
    for (const [field, check] of Object.entries(fields)) {
      const name = field.replace('?', '');
      if (!(name in action) && name !== field) continue;
      if (!check(action[name]))
        return `has ${kind} ${name in action ? `with a ${name} that cannot be` : `without ${name}`}`;
    }
    known[kind] = action;
  }
  // What the reader relies on was checked right above.
  return Object.keys(other).length === 0 ? known : {...known, other};
}

const withoutNulls = (value: Readonly<Record<string, unknown>>) =>
  Object.fromEntries(
    Object.entries(value)
      .filter(([, each]) => each != null)
      // A deletion vector's absent offset is null in checkpoints.
      .map(([name, each]) => [
        name,
        name === 'deletionVector' && isRecord(each)
          ? Object.fromEntries(Object.entries(each).filter(([, inner]) => inner != null))
          : each,
      ]),
  );

const malformed = (where: Place, what: string, cause?: unknown) =>
  new ProblemError(
    {
      code: 'DELTA_LOG_MALFORMED',
      message: `${where.line === undefined ? '' : `Line ${where.line} of `}${where.file ?? 'the log'} ${what}.`,
      where,
      hint: 'The log was changed or cut off after it was written: take this table from a copy.',
    },
    {cause},
  );
