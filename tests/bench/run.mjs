import {mkdirSync, readdirSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {isSmoke} from './lib/size.mjs';
import {firstLine, tellTotal} from '../tools/total.mjs';
import {checkNode, ensureBuilt, ensureInstalled, root} from '../tools/setup.mjs';

/** @typedef {{title: string, columns: string[], rows: (string | number)[][], note?: string}} Figures */

checkNode();
ensureInstalled();
await ensureBuilt();

const order = ['visit', 'scripts', 'pipeline', 'edit', 'large-file', 'kmeans'];
const wanted = process.argv.slice(2).filter((word) => !word.startsWith('--'));
const names = readdirSync(import.meta.dirname)
  .filter((file) => file.endsWith('.mjs') && file !== 'run.mjs')
  .map((file) => file.slice(0, -'.mjs'.length))
  .filter((name) => wanted.length === 0 || wanted.some((prefix) => name.startsWith(prefix)))
  .sort((a, b) => rank(a) - rank(b) || a.localeCompare(b));

/** Parts that failed, a line each. @type {string[]} */
const failures = [];
let passed = 0;
const parts = [`# Benchmarks\n\n${await machine()}`];
for (const name of names) {
  const {default: measure} = await import(`./${name}.mjs`);
  if (typeof measure !== 'function') continue;
  console.error(`${name} …`);
  try {
    /** @type {Figures | Figures[]} */
    const figures = [await measure()].flat();
    if (figures.every(({rows}) => rows.length === 0)) throw new Error('it gave no figure');
    parts.push(...figures.map(markdown));
    passed++;
  } catch (error) {
    console.error(error);
    const reason = firstLine(error instanceof Error ? error.message : String(error));
    parts.push(`## ${name}\n\nFailed: ${reason}`);
    failures.push(`bench ${name}: ${reason}`);
  }
}
if (parts.length === 1) {
  console.error(`No benchmark is called ${wanted.join(', ')}. There are: ${order.join(', ')}.`);
  process.exit(1);
}
const text = `${parts.join('\n\n')}\n`;
// On a small size the figures mean nothing.
if (!isSmoke) {
  mkdirSync(join(root, 'out'), {recursive: true});
  writeFileSync(join(root, 'out', 'bench.md'), text);
  console.log(`\n${text}\nWritten to out/bench.md.`);
}
tellTotal(passed, failures.length, failures);

/** @param {string} name */
function rank(name) {
  const index = order.findIndex((prefix) => name.startsWith(prefix));
  return index === -1 ? order.length : index;
}

async function machine() {
  const {cpus, release, totalmem, type} = await import('node:os');
  const {findBrowser} = await import('../tools/browser.mjs');
  const {spawnSync} = await import('node:child_process');
  const browser = await findBrowser();
  const version =
    browser === undefined ? 'no browser' : spawnSync(browser, ['--version'], {encoding: 'utf8'}).stdout.trim();
  const processors = cpus();
  return `Measured on ${processors.length} × ${processors[0]?.model.trim() ?? 'unknown processor'}, ${Math.round(totalmem() / 2 ** 30)} GB, ${type()} ${release()}; ${version}; Node ${process.versions.node}.`;
}

/** @param {Figures} figures */
function markdown({title, columns, rows, note}) {
  const line = (/** @type {(string | number)[]} */ cells) => `| ${cells.join(' | ')} |`;
  const numeric = columns.map((_, index) => rows.every((row) => /^[\d(<]|^−/.test(String(row[index]))));
  return [
    `## ${title}`,
    '',
    line(columns),
    line(numeric.map((right) => (right ? '---:' : '---'))),
    ...rows.map(line),
    ...(note === undefined ? [] : ['', note]),
  ].join('\n');
}
