import duckdbWasm from '@duckdb/duckdb-wasm/dist/duckdb-eh.wasm?url';
import duckdbWorker from '@duckdb/duckdb-wasm/dist/duckdb-browser-eh.worker.js?url';
import {createEngine} from '../../src/clients/engine.ts';
import {problemOf, type Problem} from '../../src/lib/problem.ts';
import type {Row} from '../../src/lib/value.ts';
import type {EnginePort} from '../../src/ports/index.ts';
import {query} from '../../src/sql/sql.ts';

declare global {
  interface Window {
    engine: EnginePort;
    rows: (sql: string, signal?: AbortSignal) => Promise<readonly Row[]>;
    /** What a statement fails with, or undefined; it has reached DuckDB before any message that is sent later. */
    problem: (sql: string, signal?: AbortSignal) => Promise<Problem | undefined>;
    startEngine: (wasmUrl: string) => EnginePort;
  }
}

const absolute = (url: string): string => new URL(url, document.baseURI).href;

window.startEngine = (wasmUrl) =>
  createEngine({
    // eslint-disable-next-line no-restricted-syntax -- This page takes the place of src/main.ts.
    worker: () => new Worker(new URL('../../workers/engine.worker.ts', import.meta.url), {type: 'module'}),
    urls: {wasmUrl, workerUrl: absolute(duckdbWorker)},
  });
window.rows = async (sql, signal) => (await window.engine.rows(query(sql), {signal})).rows;
window.problem = (sql, signal) => window.engine.execute([query(sql)], {signal}).then(() => undefined, problemOf);
window.engine = window.startEngine(absolute(duckdbWasm));
