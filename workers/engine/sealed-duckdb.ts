import {AsyncDuckDB, VoidLogger} from '@duckdb/duckdb-wasm';
import {Lifetime} from '../../src/lib/lifetime.ts';
import type {EngineUrls} from '../contract/engine.ts';
import {EngineError} from './errors.ts';

/** DuckDB in a worker of its own; `life` ends when that worker breaks down, as no answer comes from it then. */
export interface OpenDuckDB {
  readonly db: AsyncDuckDB;
  readonly life: Lifetime;
}

/**
 * Takes the network away from the global scope it runs in: one download of `wasmUrl` stays possible. DuckDB asks for
 * extensions and `https://` files even with its settings off, always through these. To look for a file is an error; any
 * other request finds nothing, because an error on its way through the wasm breaks DuckDB. Its source text runs in DuckDB's
 * worker, so it may use nothing from outside.
 */
export function seal(wasmUrl: string): void {
  const load = globalThis.fetch;
  const fetchWasm = async (resource: Request | string): Promise<Response> => {
    if ((typeof resource === 'string' ? resource : resource.url) !== wasmUrl)
      throw new TypeError('The engine has no network.');
    const response = await load(resource);
    if (!response.ok) throw new Error(`${wasmUrl} answered ${response.status}`);
    // Some static hosts don't know the type of .wasm files.
    return response.headers.get('content-type') === 'application/wasm'
      ? response
      : new Response(response.body, {headers: {'content-type': 'application/wasm'}});
  };
  const unanswered = class {
    readonly status = 0;
    readonly response = null;
    readonly open = (method: string, url: string): void => {
      if (method === 'HEAD') throw new Error(`No network for '${url}'`);
    };
    readonly send = (): void => undefined;
    readonly setRequestHeader = (): void => undefined;
    readonly getResponseHeader = (): null => null;
  };
  const silent = (): void => undefined;
  Object.assign(globalThis, {
    fetch: fetchWasm,
    XMLHttpRequest: unanswered,
    WebSocket: undefined,
    EventSource: undefined,
    WebTransport: undefined,
    importScripts: undefined,
  });
  // DuckDB's worker prints every error that it also reports.
  Object.assign(console, {log: silent, debug: silent, warn: silent, error: silent});
  // A download that fails would leave the start without an answer; an uncaught error reaches the worker's owner.
  globalThis.addEventListener?.('unhandledrejection', (event) => {
    setTimeout(() => {
      throw event.reason;
    });
  });
}

/** Starts DuckDB in a nested worker without a network. Both addresses are the page's own files. */
export async function openSealedDuckDB({wasmUrl, workerUrl}: EngineUrls): Promise<OpenDuckDB> {
  const absolute = (url: string): string => new URL(url, self.location.href).href;
  const script = `importScripts(${JSON.stringify(absolute(workerUrl))});(${seal.toString()})(${JSON.stringify(absolute(wasmUrl))});`;
  const address = URL.createObjectURL(new Blob([script], {type: 'text/javascript'}));
  try {
    const worker = new Worker(address, {name: 'duckdb'});
    const life = new Lifetime();
    worker.addEventListener('error', (event) => {
      const found = event.message === '' ? `${workerUrl} could not be loaded` : event.message;
      life.end(
        new EngineError({
          code: 'ENGINE_LOST',
          message: `DuckDB’s worker broke down: ${found}.`,
          hint: 'Reload the page; your files and notebook are kept.',
          fatal: true,
        }),
      );
    });
    const db = new AsyncDuckDB(new VoidLogger(), worker);
    await life.during(db.instantiate(absolute(wasmUrl)));
    return {db, life};
  } finally {
    URL.revokeObjectURL(address);
  }
}
