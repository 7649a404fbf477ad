import * as Comlink from 'comlink';
import type {EngineContract} from '../contract/engine.ts';
import type {Outcome} from '../contract/outcome.ts';
import {serve} from '../shared/serve.ts';

/** Serves an engine over Comlink; what it gives is moved to the caller, not copied. */
export function exposeEngine(engine: EngineContract, endpoint?: Comlink.Endpoint): void {
  serve<EngineContract>(
    {
      start: (urls) => engine.start(urls),
      execute: (job, statements) => engine.execute(job, statements),
      describeTable: (job, table) => engine.describeTable(job, table),
      query: async (job, sql) => moved(await engine.query(job, sql), ({ipc}) => [ipc.buffer]),
      stream: (job, sql, onChunk) =>
        engine.stream(job, sql, (chunk) => onChunk(Comlink.transfer(chunk, [chunk.buffer as ArrayBuffer]))),
      columns: async (job, sql) =>
        moved(await engine.columns(job, sql), ({columns}) => columns.map(({values}) => values.buffer)),
      describe: (job, sql) => engine.describe(job, sql),
      insert: (job, table, ipc, create) => engine.insert(job, table, ipc, create),
      insertColumns: (job, table, columns, create) => engine.insertColumns(job, table, columns, create),
      registerFile: (name, file) => engine.registerFile(name, file),
      dropFile: (name) => engine.dropFile(name),
      cancel: (job) => engine.cancel(job),
      memory: () => engine.memory(),
    },
    endpoint,
  );
}

const moved = <T>(outcome: Outcome<T>, buffersOf: (value: T) => ArrayBufferLike[]): Outcome<T> =>
  // The engine's arrays own plain buffers: it copied them out of wasm memory.
  outcome.ok ? Comlink.transfer(outcome, buffersOf(outcome.value) as ArrayBuffer[]) : outcome;
