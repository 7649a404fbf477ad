import {Int64, Table, tableFromIPC, tableToIPC, Utf8, vectorFromArray} from 'apache-arrow';
import type {StructType} from '../../../src/lake/schema.ts';
import type {At, Committed, LakePort, WriteIntent} from '../../../src/ports/index.ts';

/** Rows of the tables that these tests write: `id BIGINT, sensor VARCHAR`. */
export interface Row {
  readonly id: number;
  readonly sensor: string | null;
}

export const schema: StructType = {
  type: 'struct',
  fields: [
    {name: 'id', type: 'long', nullable: true, metadata: {}},
    {name: 'sensor', type: 'string', nullable: true, metadata: {}},
  ],
};

let hashes = 0;

/** An append of rows that no other write has; `changes` say what is different. */
export const intent = (changes: Partial<WriteIntent> = {}): WriteIntent => ({
  mode: 'append',
  schema,
  mergeSchema: false,
  overwriteSchema: false,
  partitionBy: undefined,
  notNull: [],
  constraints: {},
  comments: {},
  keys: [],
  applies: {self: `${Date.now()}-${Math.random()}-${++hashes}`, before: []},
  notebook: {path: 'test', cell: 'cell'},
  ...changes,
});

export const ids = (from: number, count: number): Row[] =>
  Array.from({length: count}, (_, i) => ({id: from + i, sensor: `s${(from + i) % 7}`}));

/** Rows as DuckDB sends them: an IPC stream. */
export function ipcOf(rows: readonly Row[], withSensor = true): Uint8Array {
  const id = vectorFromArray(
    rows.map((row) => BigInt(row.id)),
    new Int64(),
  );
  const sensor = vectorFromArray(
    rows.map((row) => row.sensor),
    new Utf8(),
  );
  return tableToIPC(withSensor ? new Table({id, sensor}) : new Table({id}), 'stream');
}

/** Writes rows as one file in one commit. */
export async function write(
  lake: LakePort,
  name: string,
  rows: readonly Row[],
  changes: Partial<WriteIntent> = {},
  partition: Readonly<Record<string, string | null>> = {},
): Promise<Committed> {
  const plan = await lake.begin(name, intent(changes));
  if (rows.length > 0) {
    const file = await lake.openFile(plan.transaction, partition);
    const withSensor = plan.columns.some((column) => column.name === 'sensor');
    for (let at = 0; at < rows.length; at += 2000)
      await lake.writeFile(plan.transaction, file, ipcOf(rows.slice(at, at + 2000), withSensor));
    await lake.closeFile(plan.transaction, file, statsOf(rows));
  }
  return lake.commit(plan.transaction, [], {});
}

export const statsOf = (rows: readonly Row[]) => {
  const all = rows.map(({id}) => id);
  return {
    rows: rows.length,
    min: {id: Math.min(...all)},
    max: {id: Math.max(...all)},
    nulls: {id: 0, sensor: rows.filter(({sensor}) => sensor === null).length},
  };
};

/** The ids of a version, ascending. */
export async function readIds(lake: LakePort, name: string, at?: At): Promise<readonly number[]> {
  const plan = await lake.openRead(name, at);
  try {
    const found: number[] = [];
    for (const [i] of plan.files.entries()) {
      await lake.readFile(plan.reader, i, async (ipc) => {
        // The cast: a BIGINT column.
        for (const id of tableFromIPC(ipc).getChild('id') as Iterable<bigint>) found.push(Number(id));
      });
    }
    return found.sort((a, b) => a - b);
  } finally {
    await lake.closeRead(plan.reader);
  }
}
