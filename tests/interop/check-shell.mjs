import {spawnSync} from 'node:child_process';
import {mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {readyApp, runNotebook} from '../bench/lib/page.mjs';
import {same} from './compare.mjs';
import {environmentOf, work} from './environment.mjs';

/** Texts that DuckDB's command line would cut in two, with a command of its own after the cut. */
const texts = [
  "SELECT e'\\'; \n.shell touch came-out\n' AS x",
  'SELECT $$a;\n.shell touch came-out\n$$ AS x',
  "SELECT 'a;\n.shell touch came-out\n' AS x",
  "SELECT ['a]b;c\n.shell touch came-out\n'] AS x",
  'SELECT 1 /* /* */ ;\n.shell touch came-out\n*/ AS x',
  'SELECT "a;\n.shell touch came-out\n" AS x FROM (SELECT 1 AS "a;\n.shell touch came-out\n")',
  "SELECT 1 AS x -- it's;\n, 2 AS y",
];

/**
 * A notebook's script in DuckDB's own command line: every text of a cell stays a text, and the first failure ends the script.
 * @param {import('./compare.mjs').Checks} checks
 */
export async function scriptInShell(checks) {
  const folder = join(work, 'shell');
  rmSync(folder, {recursive: true, force: true});
  mkdirSync(folder, {recursive: true});
  const shell = join(dirname(environmentOf('duckdb').python), 'duckdb');
  const notebook = texts.map((text, i) => `\`\`\`sql t${i}\n${text}\n\`\`\`\n`).join('\n');
  const app = await readyApp();
  try {
    await runNotebook(app.page, notebook);
    writeFileSync(join(folder, 'script.sql'), await app.page.evaluate(() => window.lakebook.handover('sql')));
    const run = (/** @type {string} */ file) =>
      spawnSync(shell, ['script.duckdb'], {cwd: folder, input: readFileSync(join(folder, file)), encoding: 'utf8'});
    await checks.check('DuckDB’s command line runs a script whose texts look like commands', () => {
      const {status, stderr} = run('script.sql');
      same('what it says', {status, stderr}, {status: 0, stderr: ''});
      same('files that appeared', readdirSync(folder).sort(), ['script.duckdb', 'script.sql']);
    });
    for (const [i, text] of texts.entries())
      await checks.check(`its rows are those of the page: ${text.split('\n')[0]}`, async () => {
        const query = `SELECT t::VARCHAR AS row FROM t${i} t`;
        const there = spawnSync(shell, ['-json', 'script.duckdb', query], {cwd: folder, encoding: 'utf8'});
        const here = await app.page.evaluate((sql) => window.lakebook.query(sql), query);
        same(
          'rows',
          JSON.parse(there.stdout).map((/** @type {{row: string}} */ {row}) => row),
          here.rows.map(([row]) => row),
        );
      });
    await checks.check('a script stops at its first failure', () => {
      writeFileSync(
        join(folder, 'failing.sql'),
        '.bail on\nSELECT * FROM nothing;\nCREATE TABLE after_it AS SELECT 1;\n',
      );
      same('status', run('failing.sql').status === 0, false);
      const left = spawnSync(shell, ['script.duckdb', 'FROM after_it'], {cwd: folder, encoding: 'utf8'});
      same('what follows was run', left.status === 0, false);
    });
  } finally {
    await app.close();
  }
}
