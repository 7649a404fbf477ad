import duckdbWasm from '@duckdb/duckdb-wasm/dist/duckdb-eh.wasm?url';
import duckdbWorker from '@duckdb/duckdb-wasm/dist/duckdb-browser-eh.worker.js?url';
import {mount} from 'svelte';
import {createApi, type LakebookApi} from './api.ts';
import {createCompute} from './clients/compute.ts';
import {createEngine} from './clients/engine.ts';
import {Session} from './notebook/session.svelte.ts';
import {keepOffline} from './offline.ts';
import {createPostgres} from './clients/postgres.ts';
import {createSqlite} from './clients/sqlite.ts';
import {lastWordsIn} from './clients/last-words.ts';
import {openOwnership} from './clients/ownership.ts';
import {openStorage} from './clients/storage-worker.ts';
import App from './ui/App.svelte';

declare global {
  interface Window {
    lakebook: LakebookApi;
  }
}

const absolute = (url: string): string => new URL(url, document.baseURI).href;

const session: Session = new Session(
  {
    engine: createEngine({
      worker: () => new Worker(new URL('../workers/engine.worker.ts', import.meta.url), {type: 'module'}),
      urls: {wasmUrl: absolute(duckdbWasm), workerUrl: absolute(duckdbWorker)},
    }),
    compute: createCompute(
      () => new Worker(new URL('../workers/compute.worker.ts', import.meta.url), {type: 'module'}),
    ),
    postgres: createPostgres(
      () => new Worker(new URL('../workers/postgres.worker.ts', import.meta.url), {type: 'module'}),
      () => session.owner.isHere,
    ),
    throwAwayPostgres: () =>
      createPostgres(
        () =>
          new Worker(new URL('../workers/postgres.worker.ts', import.meta.url), {type: 'module', name: 'throw-away'}),
      ),
    sqlite: createSqlite(() => new Worker(new URL('../workers/sqlite.worker.ts', import.meta.url), {type: 'module'})),
    ...openStorage(() => new Worker(new URL('../workers/storage.worker.ts', import.meta.url), {type: 'module'})),
  },
  lastWordsIn(() => localStorage),
);

const target = document.getElementById('app');
if (target !== null) mount(App, {target, props: {session}});
window.lakebook = createApi(session, session.start(openOwnership()));
// Once the engine is there: keeping the site's files must not hold up the first result.
void window.lakebook.ready.then(keepOffline, keepOffline);

// A page that goes to the background may never come back.
document.addEventListener('visibilitychange', () => {
  if (document.visibilityState === 'hidden') session.document.leave();
  // The browser's settings, where its data is cleared, are in another tab.
  else void window.lakebook.ready.then(() => session.checkStorage());
});
addEventListener('pagehide', () => session.document.leave());
