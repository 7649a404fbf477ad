import {spawnSync} from 'node:child_process';
import {existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {sparkNotebook} from '../../../src/handover/ipynb.ts';
import {sparkJob} from '../../../src/handover/job.ts';
import {sparkBundle} from '../../../src/handover/spark-bundle.ts';
import type {Handover} from '../../../src/handover/define.ts';
import {pythonLines} from '../../../src/handover/python-text.ts';
import {parseNotebook} from '../../../src/notebook/model.ts';
import {plan} from '../../../src/notebook/plan.ts';
import {root} from '../../tools/setup.mjs';
import {openPage} from './page.ts';

const samples = join(root, 'public/samples');
const notebooks = readdirSync(join(root, 'notebooks')).filter((name) => name.endsWith('.md'));

let page: Awaited<ReturnType<typeof openPage>>;
beforeAll(async () => {
  page = await openPage(
    Object.fromEntries(readdirSync(samples).map((name) => [name, readFileSync(join(samples, name))])),
  );
}, 120_000);
afterAll(() => page.close());

describe.each(notebooks)('%s', (name) => {
  test('its job is the golden one, and nothing is left out', async () => {
    const {handover} = await page.run(readFileSync(join(root, 'notebooks', name), 'utf8'), name);
    const {text, left} = sparkJob(handover);
    expect(left).toEqual([]);
    expect(text).toBe(golden(name.replace(/\.md$/, '.py'), text));
    expect(compileErrors(text)).toBe('');
    expect(sparkJob(handover).text).toBe(text);
  });
});

/** A notebook that never ran. */
function planned(markdown: string): Handover {
  const notebook = parseNotebook(markdown);
  return {
    path: 'lessons/A day’s work.md',
    notebook,
    plan: plan(notebook, new Map([['in.csv', 'x']])),
    known: () => undefined,
  };
}

const hasPython = spawnSync('python3', ['--version']).status === 0;
/** What Python says to a file; nothing where it is fine, or where there is no Python to ask. */
const compileErrors = (text: string): string =>
  hasPython
    ? spawnSync('python3', ['-c', 'import ast, sys; ast.parse(sys.stdin.read())'], {input: text, encoding: 'utf8'})
        .stderr
    : '';

const load = '```step raw = load\nfile: in.csv\n```\n\n';

test('cells may be called what Python, the job and its steps call other things', () => {
  const names = ['class', 'F', 'spark', 'path', 'tried', 'main', 'Window'];
  const cells = names.map((name) => `\`\`\`step ${name} = cast\ncolumns: {a: int}\non_failure: reject\n\`\`\`\n\n`);
  const {text, left} = sparkJob(
    planned(load + cells.join('') + '```sql last\nSELECT class.a FROM class CROSS JOIN tried_rejects\n```\n'),
  );
  expect(left).toEqual([]);
  expect(compileErrors(text)).toBe('');
  for (const name of names) {
    expect(text).toContain(`def ${name}_(`);
    expect(text).toContain(`Cell('${name}', ${name}_, `);
  }
  expect(text).toContain("class_.createOrReplaceTempView('class')");
  expect(text).toContain("tried__rejects.createOrReplaceTempView('tried_rejects')");
});

test('three quotes in a text or a comment open no text of several lines, which is not indented', () => {
  const python = 'a = F.expr(\'x = """\')\nb = 1  # """\nc = """one\n  two""" + "\\\\"\nd = 2';
  expect(pythonLines(python).map(({inText}) => inText)).toEqual([false, false, false, true, false]);
});

test('text of the notebook ends neither a comment nor a docstring, whatever is in it', () => {
  const prose = '# Say """no"""\n\nA \\ and """quotes""" \u2028import os\r\nand\u202e on\n\n## Next \u0007\n\n';
  const {text} = sparkJob(
    planned(
      `---\nlakebook: 1\ntitle: 'A """ \\ title"'\n---\n\n${prose}${load}\`\`\`sql q\nSELECT '\\n' AS "a""""""b" FROM raw\n\`\`\`\n\nThe end`,
    ),
  );
  expect(compileErrors(text)).toBe('');
  expect(text).not.toMatch(/^\s*import os/m);
  expect(text).not.toMatch(/[\u2028\u202e\u0007]/);
});

test('a parameter that is nothing but a value is taken from the command line, in Python, in a condition and in a query', () => {
  const front = '---\nlakebook: 1\nparams: {limit: 30, room: Office, on: a, from: 3}\n---\n\n';
  const cells = [
    '```step hot = filter\ncondition: a > ${limit} AND room = ${room}\n```\n\n',
    '```step calm = outliers\ncolumns: [a]\nthreshold: ${from}\n```\n\n',
    '```sql some\nSELECT * FROM hot WHERE a < ${limit}\n```\n\n',
    '```step once = dedup\nkeys: ["${on}"]\n```\n',
  ];
  const {text} = sparkJob(planned(front + load + cells.join('')));
  expect(compileErrors(text)).toBe('');
  expect(text).toContain('a > {literal(params.limit)} AND room = {literal(params.room)}');
  expect(text).toContain('a < {literal(params.limit)}');
  expect(text).toContain('params.from_');
  expect(text).not.toMatch(/(?:expr|sql)\(.*30/);
  expect(text).toMatch(/^PARAMS: dict\[str, Any\] = \{'limit': 30, 'room': 'Office', .*'from_': 3\}$/m);
});

test('text of the notebook that looks like a mark of the template stays as it is', () => {
  const marks = 'CELLS: a = []\n# <imports>\n"""DOCSTRING"""';
  const {text} = sparkJob(
    planned(
      `# A day\n\n- First\n\n~~~\n# <cells>\n${marks}\n~~~\n\n${load}\`\`\`step named = filter\ncondition: s = 'NAME' OR s = '$&'\n\`\`\`\n`,
    ),
  );
  expect(compileErrors(text)).toBe('');
  expect(text.split('\n').filter((line) => line.startsWith('def named('))).toHaveLength(1);
  expect(text).toContain("s = 'NAME' OR s = '$&'");
  expect(text.slice(0, text.indexOf('from __future__'))).toContain('# <cells>');
});

test('a function takes what its Python names, whatever its SQL names', () => {
  const {text} = sparkJob(
    planned(
      `${load}\`\`\`step kept = filter\ncondition: "'params.a spark path( F.a Window' <> s"\n\`\`\`\n\n\`\`\`sql q\nSELECT params.a FROM kept AS params\n\`\`\`\n`,
    ),
  );
  expect(text).toContain('def raw(spark: SparkSession, path: Callable[[str], str])');
  expect(text).toContain('def kept(raw: DataFrame)');
  expect(text).toContain('def q(spark: SparkSession, kept: DataFrame)');
  expect(text).not.toContain('import Window');
});

test.skipIf(!hasPython)('a negative number on the command line stays one number in SQL', () => {
  const source = readFileSync(join(root, 'src/handover/runtime.py'), 'utf8');
  const literal = /^def literal[\s\S]*?\n\n\n/m.exec(source)?.[0] ?? '';
  const script = `from typing import Any\n${literal}\nprint([f'10-{literal(value)}' for value in (-5, 5, -0.5, '-5')])`;
  expect(spawnSync('python3', ['-c', script], {encoding: 'utf8'}).stdout.trim()).toBe(
    `['10-(-5)', '10-5', '10-(-0.5)', "10-'-5'"]`,
  );
});

test('what reads a table of the lake goes on from the rows that were written, in the job and in Jupyter', () => {
  const lake =
    '```step saved = snapshot\ntable: t\n```\n\n```step now = read_table\ntable: t\n```\n\n```step first = read_table\ntable: t\nversion: 0\n```\n\n```sql asked\nSELECT * FROM lake.t\n```\n';
  const h = planned(load + lake);
  const {text} = sparkJob(h);
  expect([...text.matchAll(/^ {4}Cell\('(\w+)'.*live=True\),$/gm)].map(([, name]) => name)).toEqual(['now', 'asked']);
  const jupyter = sparkNotebook(h).text;
  expect(
    ['raw', 'saved', 'now', 'first', 'asked'].filter((name) => jupyter.includes(`${name} = ${name}.localCheckpoint()`)),
  ).toEqual(['now', 'asked']);
  expect(sparkBundle(h).files.find(({path}) => path === 'README.md')?.text).toContain(
    'appends the same rows to the lake once',
  );
});

test('an append names its rows without the time of the run; one below an overwrite comes back with every run', () => {
  const audited =
    '```step stamped = audit_columns\ncreated_at: false\n```\n\n```step renamed = filter\ncondition: a > 1\n```\n\n';
  const {text} = sparkJob(
    planned(
      `${load}${audited}\`\`\`step kept = snapshot\ntable: t\n\`\`\`\n\n\`\`\`step other = snapshot\nfrom: raw\ntable: u\nmode: overwrite\n\`\`\`\n\n\`\`\`step more = snapshot\nfrom: raw\ntable: U\n\`\`\`\n`,
    ),
  );
  expect(compileErrors(text)).toBe('');
  const functionOf = (name: string): string =>
    text.slice(text.indexOf(`def ${name}(`), text.indexOf('\n\n\n', text.indexOf(`def ${name}(`)));
  expect(functionOf('kept')).toContain(
    "for name, kind in renamed.dtypes if name.lower() not in ['updated_at', 'ingested_at']}",
  );
  expect(functionOf('kept').match(/option\('txnAppId', applied\)/g)).toHaveLength(2);
  expect(functionOf('more')).not.toContain('txn');
  const fixed = sparkJob(
    planned(
      `${load}\`\`\`step stamped = audit_columns\nnow: 2024-01-01\n\`\`\`\n\n\`\`\`step kept = snapshot\ntable: t\n\`\`\`\n`,
    ),
  ).text;
  expect(fixed).toContain('for name, kind in stamped.dtypes}');
});

test('a layer is what stands under its heading, and can be left out on the command line', () => {
  const cell = (name: string): string => `\`\`\`step ${name} = filter\nfrom: raw\ncondition: a > 1\n\`\`\`\n\n`;
  const text = sparkJob(
    planned(
      `# Bronze age\n\n${load}# A day\n\n${cell('none')}## Bronze: as it came\n\n### How\n\n${cell('one')}~~~\n# Gold\n~~~\n\n${cell('two')}## Quality\n\n${cell('three')}## **PostgreSQL**\n\n${cell('four')}`,
    ),
  ).text;
  const layers = [...text.matchAll(/^ {4}Cell\('(\w+)'.*?(?:, layer='(\w+)')?\),$/gm)].map(([, name, layer]) => [
    name,
    layer,
  ]);
  expect(layers).toEqual([['raw', 'bronze'], ['none', undefined], ['one', 'bronze'], ['two', 'bronze'], ['three', undefined], ['four', 'postgres']]); // prettier-ignore
  expect(sparkJob(planned(load)).text).not.toContain('layer');
});

test('parameters of the Jupyter notebook hide none of its functions, folders and cells', () => {
  const names = ['literal', 'input_folder', 'settle', 'raw', 'path', 'low'];
  const front = `---\nlakebook: 1\nparams: {${names.map((name, i) => `${name}: ${30 + i}`).join(', ')}}\n---\n\n`;
  const text = sparkNotebook(
    planned(
      `${front}${load}\`\`\`step hot = filter\ncondition: ${names.map((name) => `a > \${${name}}`).join(' AND ')}\n\`\`\`\n`,
    ),
  ).text;
  for (const name of names.slice(0, 5)) expect(text).toContain(`\\n${name}_ = 3`);
  expect(text).toContain('\\nlow = 35');
  expect(text).toContain(
    'params = SimpleNamespace(literal=literal_, input_folder=input_folder_, settle=settle_, raw=raw_, path_=path_, low=low)',
  );
  expect(text).toContain("\\ninput_folder = '.'");
});

test('a cell that can’t run is named with what to do, and so is one that reads it; the rest goes', () => {
  const {text, left} = sparkJob(
    planned(
      `${load}\`\`\`step b = nothing\n\`\`\`\n\n\`\`\`step c = dedup\nfrom: b\n\`\`\`\n\n\`\`\`step d = dedup\nfrom: raw\n\`\`\`\n`,
    ),
  );
  expect(left.map(({cell, line}) => [cell, line])).toEqual([['b', 5], ['c', 8]]); // prettier-ignore
  for (const {why, instead} of left) expect(Math.min(why.length, instead.length)).toBeGreaterThan(10);
  expect(text).toContain('def d(');
  expect(text).not.toContain('def c(');
});

test('the bundle has the job, a notebook of nbformat 4.5 with parameters first, what it needs, six lines to read, and the notebook itself', () => {
  const h = planned(
    `---\nlakebook: 1\ntitle: Hot\nparams: {limit: 30}\n---\n\n# Hot\n\n${load}\`\`\`step hot = filter\ncondition: a > \${limit}\n\`\`\`\n`,
  );
  const {files} = sparkBundle(h);
  expect(files.map(({path}) => path)).toEqual([
    'a_day_s_work.py',
    'a_day_s_work.ipynb',
    'requirements.txt',
    'README.md',
    'a_day_s_work.md',
  ]);
  expect(files[3]?.text.trim().split('\n')).toHaveLength(6);
  // The cast: nbformat's own shape.
  const notebook = JSON.parse(sparkNotebook(h).text) as {
    nbformat: number;
    nbformat_minor: number;
    cells: {id: string; cell_type: string; source: string; metadata: {tags?: string[]}}[];
  };
  expect([notebook.nbformat, notebook.nbformat_minor]).toEqual([4, 5]);
  expect(new Set(notebook.cells.map(({id}) => id)).size).toBe(notebook.cells.length);
  expect(notebook.cells.map(({cell_type, metadata}) => metadata.tags?.[0] ?? cell_type)).toEqual([
    'markdown',
    'parameters',
    'code',
    'code',
    'code',
  ]);
  expect(
    compileErrors(notebook.cells.flatMap(({cell_type, source}) => (cell_type === 'code' ? [source] : [])).join('\n\n')),
  ).toBe('');
  expect(notebook.cells[1]?.source).toContain('limit = 30');
  expect(notebook.cells[4]?.source).toContain('literal(params.limit)');
});

/** The golden file of a job; UPDATE=1 writes it anew. */
function golden(name: string, text: string): string {
  const file = join(root, 'tests/golden/jobs', name);
  if (process.env['UPDATE'] === '1' || !existsSync(file)) {
    if (process.env['CI'] !== undefined)
      throw new Error(`${file} is missing: run the tests with UPDATE=1 and read it.`);
    mkdirSync(join(root, 'tests/golden/jobs'), {recursive: true});
    writeFileSync(file, text);
  }
  return readFileSync(file, 'utf8');
}
