import {mkdirSync, readFileSync, writeFileSync} from 'node:fs';
import {join, relative} from 'node:path';
import {checkNode, ensureBuilt, ensureInstalled, root} from './setup.mjs';

checkNode();
ensureInstalled();
await ensureBuilt();
// These need the packages.
const {ensureBrowser} = await import('./browser.mjs');
process.env.CHROME_PATH = await ensureBrowser();
const {addFileFromDisk, exportCell, openApp} = await import('./app.mjs');

const notebook = readFileSync(join(root, 'notebooks/clean-a-sensor-file.md'), 'utf8');
const exported = 'cleaned';
const target = join(root, 'out', 'cleaned.parquet');

const app = await openApp({base: '/some/path/'});
try {
  const {page} = app;
  await page.waitForFunction(() => 'lakebook' in window);
  await page.evaluate(() => window.lakebook.ready);
  const sample = /^file: *(\S+)$/m.exec(notebook)?.[1];
  if (sample) await addFileFromDisk(page, sample, join(root, 'public/samples', sample));
  const issues = await page.evaluate((markdown) => window.lakebook.open(markdown), notebook);
  for (const issue of issues) console.error(`${issue.where?.cell ?? 'notebook'}: ${issue.message}`);
  const report = await page.evaluate(() => window.lakebook.run());

  table(
    ['cell', 'rows in', 'rows out', 'ms'],
    report.cells.map(({name, rowsIn, rowsOut, ms}) => [name, count(rowsIn), count(rowsOut), ms.toFixed(0)]),
  );
  for (const {name, error} of report.cells) if (error) console.error(`\n${name}: ${error.message} ${error.hint ?? ''}`);
  if (!report.ok) process.exitCode = 1;
  else {
    const bytes = await exportCell(page, exported, 'parquet', {compression: 'zstd'});
    mkdirSync(join(root, 'out'), {recursive: true});
    writeFileSync(target, bytes);
    console.log(
      `\n${relative(root, target)}: ${bytes.length.toLocaleString('en-US')} bytes, finished in ${report.ms.toFixed(0)} ms`,
    );
  }
} finally {
  await app.close();
}

/** @param {number | null | undefined} rows */
function count(rows) {
  return rows === null || rows === undefined ? '–' : rows.toLocaleString('en-US');
}

/** The first column to the left, the others to the right. @param {string[]} head @param {string[][]} rows */
function table(head, rows) {
  const widths = head.map((title, index) => Math.max(title.length, ...rows.map((row) => row[index]?.length ?? 0)));
  const line = (/** @type {string[]} */ cells) =>
    cells
      .map((cell, index) => (index === 0 ? cell.padEnd(widths[index] ?? 0) : cell.padStart(widths[index] ?? 0)))
      .join('  ');
  console.log([line(head), widths.map((width) => '─'.repeat(width)).join('  '), ...rows.map(line)].join('\n'));
}
