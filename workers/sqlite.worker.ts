import sqlite3InitModule from '@sqlite.org/sqlite-wasm';
import {serve} from './shared/serve.ts';
import {createSqliteService} from './sqlite/service.ts';
import {fileSource} from './sqlite/vfs.ts';

// Files are only read, by a way of our own: none of SQLite's ways to store them is needed, and its workers for them aren't shipped.
Object.assign(globalThis, {
  sqlite3ApiConfig: {
    disable: {vfs: {kvvfs: true, opfs: true, 'opfs-vfs': true, 'opfs-sahpool': true, 'opfs-wl': true}},
  },
});

serve(
  createSqliteService(
    () => sqlite3InitModule(),
    (file) => Promise.resolve(fileSource(file)),
  ),
);
