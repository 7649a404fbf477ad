import {RecordBatch, RecordBatchStreamWriter, Schema} from 'apache-arrow';
import {ProblemError} from '../../../src/lib/problem.ts';
import {count} from '../../../src/lib/text.ts';
import type {Reject} from '../../contract/storage.ts';
import {StructBuilder} from './columns.ts';
import {parseForTypes, parseJson, type Json} from './parse.ts';
import {emptyShape, widen, type Shape} from './shape.ts';
import {JsonSplitter, type RawRecord} from './split.ts';

/** Rows after which a batch is given, and characters of JSON after which one of long rows is given sooner. */
const batchRows = 50_000;
const batchChars = 32 << 20;
const maxColumns = 10_000;
/** Whole floats (`21.0`) are looked for in the first records, then in some: a column that has none there but only whole numbers is BIGINT. */
const carefulRecords = 10_000;
const carefulEvery = 64;
/** A file isn't JSON when none of its first records, this many, can be read. */
const maxBroken = 10_000;
/** How much of a rejected record is kept. */
const maxRaw = 1 << 20;

interface Source {
  readonly file: string;
  /** Opens the text from its start: the first reading finds the schema, the second the rows. */
  readonly text: () => AsyncIterable<string>;
}

/**
 * Reads the records of JSON text (an array, NDJSON, or objects that follow one another) into Arrow IPC streams of one
 * schema, which the whole file decides: types widen BIGINT → DECIMAL(38,0) → DOUBLE, other conflicts become text, a missing
 * key is null. Where no record is an object, they make a column `value`. No batch is given when there are no rows. Returns
 * what can't be read.
 */
export async function readJson(
  source: Source,
  onBatch: (ipc: Uint8Array) => Promise<void>,
): Promise<readonly Reject[]> {
  const {fields, ofObjects} = await findFields(source);
  const rows = new StructBuilder(fields);
  const schema = new Schema(rows.type.children);
  const rejects: Reject[] = [];
  let pending = 0;
  let chars = 0;
  const flush = async (): Promise<void> => {
    const batch = new RecordBatch(schema, rows.finish());
    pending = 0;
    chars = 0;
    await onBatch(RecordBatchStreamWriter.writeAll([batch]).toUint8Array(true));
  };
  for await (const records of recordChunks(source)) {
    for (const record of records) {
      const read = readRecord(record, parseJson);
      if ('reason' in read) rejects.push(rejected(record, read.reason));
      else if (ofObjects && !isObject(read.value))
        rejects.push(rejected(record, 'The other records are objects, and this is none.'));
      else {
        rows.append(ofObjects ? read.value : {value: read.value});
        pending++;
        chars += record.text.length;
      }
    }
    if (fields.size > 0 && (pending >= batchRows || chars > batchChars)) await flush();
  }
  if (fields.size > 0 && pending > 0) await flush();
  return rejects;
}

/** The columns that all records together have. */
async function findFields(source: Source): Promise<{fields: ReadonlyMap<string, Shape>; ofObjects: boolean}> {
  const objects: Shape = {kind: 'struct', fields: new Map()};
  const others = emptyShape();
  let anyOther = false;
  let seen = 0;
  let broken = 0;
  for await (const records of recordChunks(source)) {
    for (const record of records) {
      const careful = seen < carefulRecords || seen % carefulEvery === 0;
      seen++;
      const read = readRecord(record, careful ? parseForTypes : parseJson);
      if ('reason' in read) {
        if (++broken > maxBroken && broken === seen)
          throw new ProblemError(notJson(source.file, rejected(record, read.reason)));
        continue;
      }
      if (isObject(read.value)) widen(objects, read.value);
      else {
        anyOther = true;
        widen(others, read.value);
      }
    }
    if ((objects.fields?.size ?? 0) > maxColumns) throw new ProblemError(tooManyKeys(source.file));
  }
  const fields = objects.fields ?? new Map<string, Shape>();
  if (fields.size > 0 || !anyOther) return {fields, ofObjects: true};
  return {fields: new Map([['value', others]]), ofObjects: false};
}

/** The records of each chunk of text in turn. */
async function* recordChunks({file, text}: Source): AsyncGenerator<Iterable<RawRecord>> {
  const splitter = new JsonSplitter(file);
  for await (const chunk of text()) yield splitter.push(chunk);
  yield splitter.end();
}

function readRecord(
  record: RawRecord,
  parse: (text: string) => Json,
): {readonly value: Json} | {readonly reason: string} {
  if (record.broken !== undefined) return {reason: record.broken};
  try {
    return {value: parse(record.text)};
  } catch (thrown) {
    return {reason: `Not valid JSON: ${thrown instanceof Error ? thrown.message : String(thrown)}`};
  }
}

const isObject = (value: Json): boolean => typeof value === 'object' && value !== null && !Array.isArray(value);

/** A copy of the record's text, as a slice would keep the whole chunk in memory. */
const rejected = ({line, text}: RawRecord, reason: string): Reject => ({
  line,
  column: null,
  raw: JSON.parse(JSON.stringify(text.slice(0, maxRaw))) as string,
  reason,
});

const notJson = (file: string, {line, reason}: Reject) => ({
  code: 'NOT_JSON',
  message: `None of the first ${count(maxBroken)} records of ${file} is JSON. Line ${count(line)}: ${reason}`,
  hint: 'Let the format be found out, or choose CSV.',
  where: {file, line},
});

const tooManyKeys = (file: string) => ({
  code: 'JSON_TOO_MANY_KEYS',
  message: `The records of ${file} have more than ${count(maxColumns)} different keys, too many for columns.`,
  hint: 'Keys that are data (ids, dates) belong into a field of their own: {"id": …, "value": …}.',
  where: {file},
});
