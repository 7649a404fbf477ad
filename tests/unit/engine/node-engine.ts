import {createRequire} from 'node:module';
import {dirname, join} from 'node:path';
import {MessageChannel, Worker as NodeWorker} from 'node:worker_threads';
import {AsyncDuckDB, VoidLogger} from '@duckdb/duckdb-wasm';
import {Lifetime} from '../../../src/lib/lifetime.ts';
import type {EnginePort} from '../../../src/ports/index.ts';
import type {WorkerLike} from '../../../src/clients/client.ts';
import {createEngine} from '../../../src/clients/engine.ts';
import {Engine} from '../../../workers/engine/engine.ts';
import {exposeEngine} from '../../../workers/engine/expose.ts';
import {seal, type OpenDuckDB} from '../../../workers/engine/sealed-duckdb.ts';

const dist = dirname(createRequire(import.meta.url).resolve('@duckdb/duckdb-wasm'));
const wasmUrl = join(dist, 'duckdb-eh.wasm');
const workerUrl = join(dist, 'duckdb-node-eh.worker.cjs');

/** A Node thread that looks like a browser's worker to DuckDB and to whoever holds it. */
class WebLikeWorker extends EventTarget {
  readonly #thread = new NodeWorker(
    `const {parentPort} = require('node:worker_threads');
    globalThis.postMessage = (message, transfer) => parentPort.postMessage(message, transfer);
    parentPort.on('message', (data) => globalThis.onmessage({data}));
    (${seal.toString()})(${JSON.stringify(wasmUrl)});
    require(${JSON.stringify(workerUrl)});`,
    {eval: true},
  );

  constructor() {
    super();
    this.#thread.on('message', (data: unknown) => this.dispatchEvent(new MessageEvent('message', {data})));
    this.#thread.on('error', (error) => {
      throw error;
    });
  }

  postMessage(message: unknown, transfer: ArrayBuffer[]): void {
    this.#thread.postMessage(message, transfer);
  }

  terminate(): void {
    void this.#thread.terminate();
  }
}

/** A thread with the wasm in it. */
interface Thread {
  readonly worker: WebLikeWorker;
  readonly db: AsyncDuckDB;
}

/** Threads whose engine was closed in good order: the next one opens a new database there, as compiling the wasm takes seconds. */
const idle: Thread[] = [];

/** DuckDB's own Node build of the wasm that the browser runs, as sealed as there. */
async function openThread(): Promise<Thread> {
  const known = idle.pop();
  if (known !== undefined) {
    await known.db.dropFiles();
    return known;
  }
  const worker = new WebLikeWorker();
  // AsyncDuckDB uses no more of a Worker than this.
  const db = new AsyncDuckDB(new VoidLogger(), worker as unknown as Worker);
  await db.instantiate(wasmUrl);
  return {worker, db};
}

export interface NodeEngine {
  readonly engine: EnginePort;
  /** Registers text or bytes as a file of this name; Node has no file handles for it. */
  readonly file: (name: string, content: string | Uint8Array) => Promise<void>;
  /** How often a worker was started. */
  readonly starts: () => number;
  readonly close: () => void;
}

/** The engine port over the very worker code, on DuckDB-WASM in Node. */
export async function startNodeEngine(): Promise<NodeEngine> {
  let starts = 0;
  let current: Thread | undefined;
  const worker = (): WorkerLike => {
    starts++;
    let ended = false;
    let thread: Thread | undefined;
    const {port1, port2} = new MessageChannel();
    const boot = async (): Promise<OpenDuckDB> => {
      thread = await openThread();
      if (ended) thread.worker.terminate();
      else current = thread;
      return {db: thread.db, life: new Lifetime()};
    };
    // Node's ports are Comlink endpoints but for the type of their events.
    exposeEngine(new Engine(boot), port2 as unknown as WorkerLike);
    return Object.assign(port1 as unknown as WorkerLike, {
      terminate() {
        ended = true;
        if (current === thread) current = undefined;
        thread?.worker.terminate();
        port1.close();
        port2.close();
      },
    });
  };
  const engine = createEngine({worker, urls: {wasmUrl, workerUrl}});
  await engine.memory();
  return {
    engine,
    async file(name, content) {
      const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content.slice();
      await current?.db.dropFile(name);
      await current?.db.registerFileBuffer(name, bytes);
    },
    starts: () => starts,
    close() {
      if (current !== undefined) idle.push(current);
      current = undefined;
    },
  };
}
