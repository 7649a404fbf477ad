import * as Comlink from 'comlink';
import type {EngineContract, Outcome} from '../contract/engine.ts';

/** Serves an engine over Comlink; what it gives is moved to the caller, not copied. */
export function exposeEngine(engine: EngineContract, endpoint?: Comlink.Endpoint): void {
  const served = {
    start: (urls) => engine.start(urls),
    execute: (job, statements) => engine.execute(job, statements),
    describeTable: (job, table) => engine.describeTable(job, table),
    query: async (job, sql) => moved(await engine.query(job, sql), ({ipc}) => [ipc.buffer]),
    async stream(job, sql, onChunk) {
      // Comlink makes a proxy of the callback, whose channel stays open until it is let go.
      const remote = onChunk as Comlink.Remote<typeof onChunk>;
      try {
        return await engine.stream(job, sql, (chunk) => remote(Comlink.transfer(chunk, [chunk.buffer])));
      } finally {
        remote[Comlink.releaseProxy]();
      }
    },
    columns: async (job, sql) =>
      moved(await engine.columns(job, sql), ({columns}) => columns.map(({values}) => values.buffer)),
    describe: (job, sql) => engine.describe(job, sql),
    insert: (job, table, ipc, create) => engine.insert(job, table, ipc, create),
    insertColumns: (job, table, columns, create) => engine.insertColumns(job, table, columns, create),
    registerFile: (name, file) => engine.registerFile(name, file),
    dropFile: (name) => engine.dropFile(name),
    cancel: (job) => engine.cancel(job),
    memory: () => engine.memory(),
  } satisfies EngineContract;
  Comlink.expose(served, endpoint);
}

const moved = <T>(outcome: Outcome<T>, buffersOf: (value: T) => ArrayBufferLike[]): Outcome<T> =>
  // The engine's arrays own plain buffers: it copied them out of wasm memory.
  outcome.ok ? Comlink.transfer(outcome, buffersOf(outcome.value) as ArrayBuffer[]) : outcome;
