import {mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {gzipSync} from 'node:zlib';
import {DuckDBInstance, type DuckDBConnection} from '@duckdb/node-api';
import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {stringify} from 'yaml';
import {sqlScript} from '../../../src/handover/sql-script.ts';
import {rejectsOf} from '../../../src/run/define.ts';
import {parseNotebook} from '../../../src/notebook/model.ts';
import {plan} from '../../../src/notebook/plan.ts';
import {id, lit, sql} from '../../../src/sql/sql.ts';
import type {Example} from '../../../src/steps/define.ts';
import {steps, type AnyStep} from '../../../src/steps/index.ts';
import {root} from '../../tools/setup.mjs';
import {columnsOf, tableSql} from '../steps/native.ts';
import {asText, difference, openPage, type Content} from './page.ts';

type Files = Readonly<Record<string, string | Uint8Array>>;
type Page = Awaited<ReturnType<typeof openPage>>;

const folders: string[] = [];
afterAll(() => folders.forEach((folder) => rmSync(folder, {recursive: true})));

/** Runs a script as the command line does, on native DuckDB in a folder with these files. */
async function runScript(
  script: string,
  files: Files,
): Promise<{connection: DuckDBConnection; contentOf: (name: string) => Promise<Content>}> {
  const folder = mkdtempSync(join(tmpdir(), 'lakebook-script-'));
  folders.push(folder);
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  const connection = await (await DuckDBInstance.create(':memory:')).connect();
  await connection.run(sql`SET file_search_path = ${lit(folder)}`);
  await connection.run(script.replace(/^\.bail on\n/, ''));
  return {
    connection,
    contentOf: async (name) => ({
      columns: await columnsOf(connection, sql`FROM ${id(name)}`),
      // All columns are text.
      rows: (await connection.runAndReadAll(asText(id(name)))).getRowsJS() as Content['rows'],
    }),
  };
}

const samples = join(root, 'public/samples');
const sampleFiles: Files = Object.fromEntries(
  readdirSync(samples).map((name) => [name, readFileSync(join(samples, name))]),
);

/** Every table cell's rows and rejects, in the page and of the script: how many are equal, which differ and how, and what stays out. */
async function compare(page: Page, markdown: string, files: Files = {}) {
  const {report, handover, contentOf} = await page.run(markdown);
  const {text, left} = sqlScript(handover);
  const script = await runScript(text, files);
  const differing: string[] = [];
  let equal = 0;
  const out = new Set(left.map(({cell}) => cell));
  for (const ran of report) {
    if (ran.kind === 'chart' || ran.status !== 'ok' || out.has(ran.name)) continue;
    for (const name of [ran.name, ...(ran.rejected > 0 ? [rejectsOf(ran.name)] : [])]) {
      if (!text.includes(`CREATE OR REPLACE TABLE ${id(name)} AS`)) {
        differing.push(`${name} is not in the script`);
        continue;
      }
      const found = difference(await contentOf(name), await script.contentOf(name));
      if (found === undefined) equal++;
      else differing.push(`${name}: ${found}`);
    }
  }
  return {
    text,
    left,
    differing,
    equal,
    script,
    failed: report.filter(({status}) => status === 'failed' || status === 'broken'),
  };
}

/** `compare` in a page of its own. */
async function compareAlone(markdown: string, files: Files = {}) {
  const page = await openPage(files);
  try {
    return await compare(page, markdown, files);
  } finally {
    page.close();
  }
}

describe('the script of a shipped notebook gives the page’s rows on native DuckDB', () => {
  test.each([
    ['clean-a-sensor-file', 14, []],
    ['convert-files', 11, []],
    ['sensors-from-raw-to-insight', 9, ['clustered', 'by_sensor']],
    ['acid-and-time-travel', 15, []],
  ])('%s: %i tables', async (name, tables, out) => {
    // A crash needs a storage that outlives it.
    const markdown = readFileSync(join(root, 'notebooks', `${name}.md`), 'utf8').replace(
      'crash_after: 6\n',
      'crash_after: 6\ndisabled: true\n',
    );
    const {differing, equal, left} = await compareAlone(markdown, sampleFiles);
    expect(differing).toEqual([]);
    expect(left.map(({cell}) => cell)).toEqual(out);
    expect(equal).toBe(tables);
  });
});

const sqlCell = (name: string, query: string): string => `\`\`\`sql ${name}\n${query}\n\`\`\`\n\n`;
const stepCell = (name: string, kind: string, body: Readonly<Record<string, unknown>>): string =>
  `\`\`\`step ${name} = ${kind}\n${stringify(body, {lineWidth: 0})}\`\`\`\n\n`;

/** A step's example as a notebook: its tables are SQL cells, and those of the lake are written first. */
function exampleNotebook(step: AnyStep, example: Example): string {
  const lake = Object.entries(example.lake ?? {}).map(
    ([name, table]) =>
      sqlCell(`rows_of_${name}`, tableSql(table)) + stepCell(`write_${name}`, 'snapshot', {table: name}),
  );
  const others = Object.entries(example.others ?? {}).map(([name, table]) => sqlCell(name, tableSql(table)));
  const input = step.input === 'one' ? sqlCell('input', tableSql(example.input)) : '';
  return [
    ...lake,
    ...others,
    input,
    stepCell('result', step.kind, {...(step.input === 'one' ? {from: 'input'} : {}), ...example.params}),
  ].join('');
}

describe('the script of an example gives the page’s rows', () => {
  let shared: Page;
  beforeAll(async () => {
    shared = await openPage({});
  });
  afterAll(() => shared.close());

  const examples = steps.flatMap((step) =>
    step.examples.map((example): [string, string, AnyStep, Example] => [step.kind, example.name, step, example]),
  );
  test.each(examples)('%s: %s', async (kind, _name, step, example) => {
    const markdown = exampleNotebook(step, example);
    const {files = {}, lake} = example;
    const isAlone = Object.keys(files).length > 0 || lake !== undefined || kind === 'snapshot';
    const {differing, equal, left, failed} = isAlone
      ? await compareAlone(markdown, files)
      : await compare(shared, markdown);
    expect(failed).toEqual([]);
    expect(differing).toEqual([]);
    // DuckDB has no k-means; of a postgres cell the script has the rows, and says how they get to the server.
    expect(left.map(({cell}) => cell)).toEqual(kind === 'kmeans' || kind === 'postgres' ? ['result'] : []);
    expect(equal).toBeGreaterThan(0);
  });
});

/** Rows as DuckDB writes them, a line each. */
const lines = async (content: Promise<Content>): Promise<string[]> =>
  (await content).rows.map((row) => row.join(' | '));

describe('files as they were read in the page', () => {
  test('several files with odd names, refused lines and their file’s name in a column', async () => {
    const files = {
      "it's [1].csv": 'sensor_id;temp\ns-1;21,5\ns-2;warm;4\n',
      'b*.csv': 'temp;sensor_id\n22,5;s-1\n',
      'packed.csv.gz': gzipSync('sensor_id;temp\ns-9;1,5\nbroken\n'),
    };
    const body = {file: Object.keys(files), schema: {temp: 'double'}, decimal: ',', filename: true};
    const {differing, equal, left, script} = await compareAlone(stepCell('raw', 'load', body), files);
    expect({differing, left, equal}).toEqual({differing: [], left: [], equal: 2});
    expect(await lines(script.contentOf('raw'))).toEqual([
      "s-1 | 21.5 | it's [1].csv",
      's-1 | 22.5 | b*.csv',
      's-9 | 1.5 | packed.csv.gz',
    ]);
    expect((await lines(script.contentOf('raw_rejects'))).map((line) => line.slice(0, 40))).toEqual([
      expect.stringContaining("it's [1].csv | 3"),
      expect.stringContaining('packed.csv.gz | 3 '),
    ]);
  });

  test('a delimiter, a decimal comma, an encoding and a quote further down that the page found out', async () => {
    const text = `name;temp\n${'Zoë;21,5\n'.repeat(3000)}"a;b";22,5\n`;
    const files = {'latin.csv': Buffer.from(text, 'latin1'), 'wide.csv': Buffer.from(`\ufeff${text}`, 'utf16le')};
    for (const encoding of ['latin-1', 'utf-16']) {
      const {differing, equal, script} = await compareAlone(
        stepCell('raw', 'load', {file: encoding === 'utf-16' ? 'wide.csv' : 'latin.csv', encoding}),
        files,
      );
      expect({differing, equal}).toEqual({differing: [], equal: 1});
      expect((await lines(script.contentOf('raw'))).slice(-2)).toEqual(['Zoë | 21.5', 'a;b | 22.5']);
    }
  });

  test('JSON with broken lines and values of other types, and Parquet', async () => {
    const files = {
      'mixed.json': '{"a": 1, "b": {"c": [1, 2]}, "d": "x"}\nbroken\n{"a": 2.25, "b": null, "d": 7}\n',
      'readings.parquet': sampleFiles['readings.parquet'] ?? '',
    };
    const markdown =
      stepCell('raw', 'load', {file: 'mixed.json', schema: {a: 'int'}}) +
      sqlCell('why', 'SELECT reason FROM raw_rejects') +
      stepCell('rows', 'load', {file: 'readings.parquet', filename: true});
    const {differing, equal, left} = await compareAlone(markdown, files);
    expect(differing).toEqual(['raw_rejects is not in the script']);
    expect(left).toEqual([expect.objectContaining({cell: 'why', why: 'It reads raw_rejects, which is left out.'})]);
    expect(equal).toBe(2);
  });

  test('an encoding that DuckDB doesn’t know is named with the way to mend it, and what reads the file waits', async () => {
    const markdown =
      stepCell('raw', 'load', {file: 'w.csv', encoding: 'windows-1252'}) +
      stepCell('once', 'dedup', {}) +
      sqlCell('other', 'SELECT 1 AS one');
    const {left, text, script, differing} = await compareAlone(markdown, {
      'w.csv': Buffer.from('price\n5 \x80\n', 'latin1'),
    });
    expect(left.map(({cell, instead}) => [cell, instead])).toEqual([
      ['raw', 'Turn it into UTF-8 with iconv -f windows-1252 -t utf-8, load that file instead, and export again.'],
      ['once', 'Once raw is there, take the marks off.'],
    ]);
    expect(text).toContain('-- CREATE OR REPLACE TABLE once AS\n-- SELECT');
    expect(differing).toEqual([]);
    expect(await lines(script.contentOf('other'))).toEqual(['1']);
  });
});

describe('the lake', () => {
  const one = sqlCell('one', "SELECT 1 AS id, 'a' AS name");
  const two = sqlCell('two', "SELECT 2 AS id, 'b' AS name");
  const write = (name: string, from: string, body: Readonly<Record<string, unknown>> = {}): string =>
    stepCell(name, 'snapshot', {from, table: 'Things', ...body});

  test('rows that another notebook wrote are not in the script, and what would read them says how to bring them', async () => {
    const page = await openPage({});
    try {
      await page.run(one + write('before', 'one'), 'other.md');
      const {left, text} = await compare(
        page,
        two +
          write('added', 'two') +
          sqlCell('all_things', 'SELECT count(*) AS n FROM lake.things') +
          stepCell('first', 'read_table', {table: 'things', version: 0}),
      );
      expect(left.map(({cell, why}) => [cell, why])).toEqual([
        ['added', 'It adds to lake.Things, which has rows that this notebook didn’t write.'],
        ['all_things', 'lake.Things has rows that this notebook didn’t write.'],
        ['first', 'It reads version 0 of lake.Things, which no cell of the script makes.'],
      ]);
      expect(text).toContain(`-- CREATE TABLE IF NOT EXISTS lake."Things" AS FROM delta_scan('Things');`);
      expect(text).toContain('-- CREATE OR REPLACE TABLE all_things AS\n-- SELECT count(*) AS n FROM lake.things;');
      // An overwrite leaves none of theirs.
      const whole = await compare(
        page,
        two +
          write('all', 'two', {mode: 'overwrite'}) +
          sqlCell('all_things', 'FROM lake.things') +
          sqlCell('next', "SELECT 3 AS id, 'c' AS name") +
          write('more', 'next') +
          sqlCell('both', 'FROM lake.things ORDER BY id'),
      );
      expect({differing: whole.differing, left: whole.left}).toEqual({differing: [], left: []});
      expect(await lines(whole.script.contentOf('both'))).toEqual(['2 | b', '3 | c']);
    } finally {
      page.close();
    }
  });

  test('versions by number are those that cells made; one by its time is left out', async () => {
    const {left, differing, script} = await compareAlone(
      one +
        write('v0', 'one') +
        two +
        write('v1', 'two', {mode: 'merge', keys: ['id']}) +
        sqlCell(
          'history',
          'SELECT count(*) AS n, 0 AS version FROM lake.things VERSION AS OF 0 UNION ALL SELECT count(things.id), 1 FROM lake.things',
        ) +
        sqlCell('then', "FROM lake.things AT (TIMESTAMP => '2030-01-01')"),
    );
    expect(differing).toEqual([]);
    expect(await lines(script.contentOf('history'))).toEqual(['1 | 0', '2 | 1']);
    expect(left.map(({cell}) => cell)).toEqual(['then']);
  });

  test('a commit that dies halfway leaves nothing, one that dies afterwards is there', async () => {
    // A private window has no storage that outlives a crash, so these cells fail in the page.
    const rowsAfter = async (step: number) => {
      const {script} = await compareAlone(
        one +
          write('v0', 'one') +
          two +
          write('crashed', 'two', {crash_after: step}) +
          sqlCell('things_now', 'SELECT id FROM lake.things'),
      );
      return lines(script.contentOf('things_now'));
    };
    expect(await rowsAfter(6)).toEqual(['1']);
    expect(await rowsAfter(7)).toEqual(['1', '2']);
  });

  test('what a cell that is left out would have written is not read', async () => {
    const {left} = await compareAlone(
      stepCell('raw', 'load', {file: 'w.csv', encoding: 'windows-1252'}) +
        write('kept', 'raw') +
        sqlCell('read', 'FROM lake.things'),
      {
        'w.csv': 'id\n1\n',
      },
    );
    expect(left.map(({cell, why}) => [cell, why])).toEqual([
      ['raw', expect.stringContaining('windows-1252')],
      ['kept', 'It reads raw, which is left out.'],
      ['read', 'It reads lake.Things, which kept writes.'],
    ]);
  });
});

describe('the script as a text', () => {
  test('what a notebook says is never run: prose, titles, names and values stay what they are', async () => {
    const evil = '\r\nDROP TABLE one;\rDROP TABLE one;\u2028DROP TABLE one; --';
    const markdown = `---\nlakebook: 1\ntitle: ${JSON.stringify(`Title${evil}`)}\nparams: {p: ${JSON.stringify(`x${evil}`)}}\n---\n\n# Prose${evil}\n*/ '; DROP TABLE one; --\n\n${sqlCell('one', 'SELECT ${p} AS a, 1 AS "we""ird" -- the end')}${stepCell('Select', 'derive', {columns: {"it's": '"we""ird" + 1 -- more'}})}`;
    const {differing, equal, script, left} = await compareAlone(markdown);
    expect({differing, equal, left}).toEqual({differing: [], equal: 2, left: []});
    expect((await script.contentOf('Select')).columns.map(({name}) => name)).toEqual(['a', 'we"ird', "it's"]);
  });

  test('switched off cells let their rows through where they are missed; broken ones are named with what they break', async () => {
    const markdown =
      sqlCell('one', 'SELECT 1 AS id UNION ALL SELECT 1') +
      stepCell('once', 'dedup', {disabled: true}) +
      sqlCell('seen', 'SELECT count(*) AS n FROM once') +
      stepCell('more', 'derive', {from: 'once', columns: {two: 'id * 2'}}) +
      stepCell('odd', 'dedupe', {}) +
      stepCell('after', 'dedup', {from: 'odd'});
    const {left, differing, script, text} = await compareAlone(markdown);
    expect(differing).toEqual([]);
    expect(await lines(script.contentOf('seen'))).toEqual(['2']);
    expect(left.map(({cell, instead}) => [cell, instead])).toEqual([
      ['odd', 'Did you mean dedup?'],
      ['after', 'Mend odd first.'],
    ]);
    expect(text).toContain('-- once is switched off, and lets its rows through.');
  });

  test('a notebook that never ran gives what needs no columns, and says what to do', () => {
    const notebook = parseNotebook(
      stepCell('raw', 'load', {file: 'a.csv', delimiter: ';'}) +
        sqlCell('n', 'SELECT count(*) AS n FROM raw') +
        stepCell('once', 'dedup', {from: 'raw'}),
    );
    const {text, left} = sqlScript({
      path: 'lessons/My notebook.md',
      notebook,
      plan: plan(notebook, new Map([['a.csv', 'x']])),
      known: () => undefined,
    });
    expect(left).toEqual([
      {
        cell: 'once',
        line: 10,
        why: 'The columns of raw aren’t known, since it has not run.',
        instead: 'Run the notebook, then export it again.',
      },
    ]);
    expect(text).toContain("SELECT * FROM read_csv(['a.csv'], delim = ';'");
    expect(text).toContain("duckdb 'My notebook.duckdb' < 'My notebook.sql'");
    expect(text).toContain('CREATE OR REPLACE TABLE n AS\nSELECT count(*) AS n FROM raw;');
  });
});
