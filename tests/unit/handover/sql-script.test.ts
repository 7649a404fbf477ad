import {mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {DuckDBInstance, type DuckDBConnection} from '@duckdb/node-api';
import {afterAll, describe, expect, test} from 'vitest';
import {sqlScript} from '../../../src/handover/sql-script.ts';
import {rejectsOf} from '../../../src/notebook/cells.ts';
import {id, lit, sql} from '../../../src/sql/sql.ts';
import {root} from '../../tools/setup.mjs';
import {columnsOf} from '../steps/native.ts';
import {asText, difference, openPage, type Content} from './page.ts';

type Files = Readonly<Record<string, string | Uint8Array>>;

const folders: string[] = [];
afterAll(() => folders.forEach((folder) => rmSync(folder, {recursive: true})));

/** Runs a script as the command line does, on native DuckDB in a folder with these files. */
async function runScript(script: string, files: Files): Promise<{connection: DuckDBConnection; contentOf: (name: string) => Promise<Content>}> {
  const folder = mkdtempSync(join(tmpdir(), 'lakebook-script-'));
  folders.push(folder);
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  const connection = await (await DuckDBInstance.create(':memory:')).connect();
  await connection.run(sql`SET file_search_path = ${lit(folder)}`);
  await connection.run(script);
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
const sampleFiles: Files = Object.fromEntries(readdirSync(samples).map((name) => [name, readFileSync(join(samples, name))]));

/** Every table cell's rows and rejects, in the page and of the script: how many are equal, which differ and how, and what stays out. */
async function compare(markdown: string, files: Files) {
  const page = await openPage(files);
  try {
    const {report, handover, contentOf} = await page.run(markdown);
    const {text, left} = sqlScript(handover);
    const script = await runScript(text, files);
    const differing: string[] = [];
    let equal = 0;
    const out = new Set(left.map(({cell}) => cell));
    for (const ran of report) {
      if (ran.kind === 'chart' || ran.status !== 'ok' || out.has(ran.name)) continue;
      for (const name of [ran.name, ...(ran.rejected > 0 ? [rejectsOf(ran.name)] : [])]) {
        const found = difference(await contentOf(name), await script.contentOf(name));
        if (found === undefined) equal++;
        else differing.push(`${name}: ${found}`);
      }
    }
    return {text, left, differing, equal, script, report};
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
    const markdown = readFileSync(join(root, 'notebooks', `${name}.md`), 'utf8').replace('crash_after: 6\n', 'crash_after: 6\ndisabled: true\n');
    const {differing, equal, left, text} = await compare(markdown, sampleFiles);
    if (process.env['SHOW'] !== undefined) writeFileSync(`/tmp/${name}.sql`, text);
    expect(differing).toEqual([]);
    expect(left.map(({cell}) => cell)).toEqual(out);
    expect(equal).toBe(tables);
  });
});
