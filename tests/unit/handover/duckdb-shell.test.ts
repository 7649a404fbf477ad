import {DuckDBInstance} from '@duckdb/node-api';
import {expect, test} from 'vitest';
import {forShell} from '../../../src/handover/duckdb-shell.ts';

// Each was run by the command line as it stands on the left, where the second line was a command.
test.each([
  ["SELECT e'\\'; \n.shell touch here\n' AS x;", "SELECT ('''; ' || chr(10) || '.shell touch here\n') AS x;"],
  ['SELECT $$a;\n.shell touch here\n$$ AS x;', "SELECT ('a;' || chr(10) || '.shell touch here\n') AS x;"],
  ["SELECT $a$it’s '$$' here$a$ AS x;", "SELECT 'it’s ''$$'' here' AS x;"],
  ['SELECT 1 /* /* */ ;\n.shell touch here\n*/ AS x;', 'SELECT 1   AS x;'],
  ["SELECT t\n.x, \n.5 AS y FROM (SELECT ';' AS x) AS t;", "SELECT t\n .x, \n .5 AS y FROM (SELECT ';' AS x) AS t;"],
  ['SELECT 1 -- /* ; /*\n, 2 /* plain */ AS y;', 'SELECT 1 -- /* ; /*\n, 2 /* plain */ AS y;'],
  ["SELECT '\n.a\r\n#b' AS x;", "SELECT ('' || chr(10) || '.a' || chr(13) || chr(10) || '#b') AS x;"],
])('%j', async (script, expected) => {
  const written = forShell(script);
  expect(written).toBe(expected);
  expect(written).not.toMatch(/^[.#]/m);
  const connection = await (await DuckDBInstance.create(':memory:')).connect();
  const rows = async (sql: string): Promise<unknown> => (await connection.runAndReadAll(sql)).getRowsJson();
  expect(await rows(written)).toEqual(await rows(script));
});
