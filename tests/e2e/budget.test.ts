import {readdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {expect, test} from 'vitest';
import {initialScripts} from '../tools/budget.mjs';
import {dist} from '../tools/setup.mjs';

test('the scripts of the first paint are at most 250 KB compressed', () => {
  const scripts = initialScripts(dist);
  expect(scripts.length).toBeGreaterThan(0);
  const total = scripts.reduce((sum, script) => sum + script.gzip, 0);
  expect(total, scripts.map(({file, gzip}) => `${file} ${gzip}`).join(', ')).toBeLessThanOrEqual(250_000);
});

test('of SQLite’s package only what reads files is shipped', () => {
  const files = readdirSync(join(dist, 'assets')).filter((file) => file.startsWith('sqlite') && !file.endsWith('.map'));
  // The cell's part of the page, the worker, and the library.
  expect(files.map((file) => file.replace(/-[\w-]{8}(?=\.)/, '')).sort()).toEqual([
    'sqlite.js',
    'sqlite.worker.js',
    'sqlite3.wasm',
  ]);
});

test('no chunk imports a worker’s own file, which WebKit would run a second time', () => {
  const assets = join(dist, 'assets');
  const scripts = readdirSync(assets).filter((file) => file.endsWith('.js'));
  const workers = scripts.filter((file) => /\.worker-[\w-]+\.js$/.test(file));
  expect(workers.length).toBeGreaterThanOrEqual(5);
  const importers = scripts.filter((file) => {
    const text = readFileSync(join(assets, file), 'utf8');
    return workers.some((worker) => new RegExp(`(?:from|import)\\s*\\(?\\s*["'\`][^"'\`]*${worker}["'\`]`).test(text));
  });
  expect(importers).toEqual([]);
});
