import {existsSync, readdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {describe, expect, test} from 'vitest';
import {parseNotebook, serializeNotebook} from '../../../src/notebook/model.ts';
import {plan} from '../../../src/notebook/plan.ts';
import {root} from '../../tools/setup.mjs';

const folder = join(root, 'notebooks');
const names = readdirSync(folder).filter((name) => name.endsWith('.md'));
const samples = new Map(readdirSync(join(root, 'public/samples')).map((name) => [name, 'sample']));

test('the notebooks of the first course are there', () => {
  expect(names).toEqual(expect.arrayContaining(['clean-a-sensor-file.md', 'sensors-from-raw-to-insight.md', 'convert-files.md', 'acid-and-time-travel.md']));
});

describe.each(names)('%s', (name) => {
  const text = readFileSync(join(folder, name), 'utf8');
  const notebook = parseNotebook(text);
  const cells = plan(notebook, samples);

  test('is read without a problem, and written back byte for byte', () => {
    expect(notebook.problems).toEqual([]);
    expect(serializeNotebook(notebook)).toBe(text);
    expect(notebook.title).not.toBe('');
  });

  test('every cell can run: steps take their parameters, and inputs are above', () => {
    expect(cells.flatMap((cell) => (cell.ready ? [] : cell.problems.map(({message, hint}) => `${cell.name}: ${message} ${hint ?? ''}`)))).toEqual([]);
  });

  test('the files it loads ship with the app', () => {
    const files = cells.flatMap((cell) => (cell.ready && cell.work.type === 'step' ? cell.work.files : []));
    expect(files.length).toBeGreaterThan(0);
    for (const file of files) expect(existsSync(join(root, 'public/samples', file)), file).toBe(true);
  });

  test('prose stands before every cell but the second of a pair', () => {
    const runs = notebook.cells.map((cell) => (cell.type === 'text' ? ' ' : 'x')).join('');
    expect(runs.split(' ').filter((run) => run.length > 2)).toEqual([]);
  });

  test('every parameter of the notebook is used', () => {
    for (const param of Object.keys(notebook.params)) expect(text.includes(`\${${param}}`), param).toBe(true);
  });
});
