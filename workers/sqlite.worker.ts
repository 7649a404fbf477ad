import sqlite3InitModule from '@sqlite.org/sqlite-wasm';
import * as Comlink from 'comlink';
import type {SqliteContract} from './contract/sqlite.ts';
import {createSqliteService} from './sqlite/service.ts';
import {fileSource} from './sqlite/vfs.ts';

Comlink.expose(
  createSqliteService(
    () => sqlite3InitModule(),
    (file) => Promise.resolve(fileSource(file)),
  ) satisfies SqliteContract,
);
