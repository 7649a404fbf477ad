import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {gzipSync} from 'node:zlib';

/**
 * The scripts a browser has to load before the page's own code runs: the entry and everything it imports statically.
 * @param {string} dist the built site
 * @returns {{file: string, gzip: number}[]} largest first; `gzip` in bytes
 */
export function initialScripts(dist) {
  /** @type {Record<string, {file: string, imports?: string[]}>} */
  const manifest = JSON.parse(readFileSync(join(dist, '.vite', 'manifest.json'), 'utf8'));
  const seen = new Set();
  const visit = (/** @type {string} */ key) => {
    const chunk = manifest[key];
    if (!chunk || seen.has(chunk.file)) return;
    seen.add(chunk.file);
    for (const imported of chunk.imports ?? []) visit(imported);
  };
  visit('index.html');
  return [...seen]
    .map((file) => ({file, gzip: gzipSync(readFileSync(join(dist, file)), {level: 9}).length}))
    .sort((a, b) => b.gzip - a.gzip);
}
