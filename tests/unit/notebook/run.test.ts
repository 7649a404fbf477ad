import {beforeEach, describe, expect, test} from 'vitest';
import {ProblemError} from '../../../src/lib/problem.ts';
import {parseNotebook} from '../../../src/notebook/model.ts';
import {plan, type PlannedCell} from '../../../src/notebook/plan.ts';
import {Runner} from '../../../src/run/runner.ts';
import type {RanCell} from '../../../src/run/define.ts';
import {expression, id, join, sql} from '../../../src/sql/sql.ts';
import {engineAlone, nativeEngine} from './native-engine.ts';

const cell = (header: string, body = ''): string => `\`\`\`${header}\n${body}${body === '' ? '' : '\n'}\`\`\`\n\n`;
const readings = cell(
  'sql readings',
  `SELECT * FROM (VALUES ('a', 1.0), ('a', 1.0), ('b', NULL), ('c', 30.0)) t(sensor, value)`,
);
const notebook =
  readings +
  cell('step unique_readings = dedup') +
  cell('step filled = fill', 'columns: [value]\nmethod: mean') +
  cell('sql hot', 'SELECT sensor FROM filled WHERE value > 20');

let native: Awaited<ReturnType<typeof nativeEngine>>;
let runner: Runner;

beforeEach(async () => {
  native = await nativeEngine();
  runner = new Runner(engineAlone(native.engine));
});

const planOf = (text: string): PlannedCell[] => plan(parseNotebook(text), new Map());
async function run(text: string, target?: string, signal = new AbortController().signal): Promise<RanCell[]> {
  runner.usePlan(planOf(text));
  return runner.run(target, {}, signal);
}
const statuses = (report: readonly RanCell[]): Record<string, string> =>
  Object.fromEntries(report.map((ran) => [ran.name, ran.status]));
const made = (): number => native.statements.splice(0).length;

describe('lineage and cache', () => {
  test('every cell makes one table, with rows in and out', async () => {
    const report = await run(notebook);
    expect(report.map(({name, status, rowsIn, rowsOut}) => [name, status, rowsIn, rowsOut])).toEqual([
      ['readings', 'ok', null, 4],
      ['unique_readings', 'ok', 4, 3],
      ['filled', 'ok', 3, 3],
      ['hot', 'ok', 3, 1],
    ]);
    expect(made()).toBe(4);
  });

  test('a second run makes nothing', async () => {
    await run(notebook);
    made();
    expect(Object.values(statuses(await run(notebook)))).toEqual(['cached', 'cached', 'cached', 'cached']);
    expect(made()).toBe(0);
  });

  test('an edit runs the cell and what depends on it, nothing else', async () => {
    await run(notebook);
    made();
    const report = await run(notebook.replace('method: mean', 'method: median'));
    expect(statuses(report)).toEqual({readings: 'cached', unique_readings: 'cached', filled: 'ok', hot: 'ok'});
    expect(made()).toBe(2);
  });

  test('undoing an edit finds the old results', async () => {
    await run(notebook);
    await run(notebook.replace('method: mean', 'method: median'));
    made();
    await run(notebook);
    expect(made()).toBe(0);
  });

  test('prose, comments and a new name cost nothing', async () => {
    await run(notebook);
    made();
    await run(
      `# A title\n\n${notebook.replace('method: mean', '# a comment\nmethod: mean').replace('sql hot', 'sql hottest')}`,
    );
    expect(made()).toBe(0);
  });

  test('a target runs only what it reads', async () => {
    const aside = notebook + cell('sql aside', 'SELECT 1 AS one');
    expect(statuses(await run(aside, 'unique_readings'))).toEqual({readings: 'ok', unique_readings: 'ok'});
    expect(made()).toBe(2);
  });

  test('an expression finds no other cell’s table by its name', async () => {
    const aside = `${notebook}${cell('sql secret', 'SELECT 42 AS code')}${cell('sql shown', 'FROM secret')}${cell('step nosy = filter', 'from: filled\ncondition: value < (SELECT max(code) FROM secret)')}`;
    const report = await run(aside);
    expect(statuses(report)).toMatchObject({shown: 'ok', nosy: 'failed'});
    expect(report.at(-1)?.error?.message).toContain('secret');
  });

  test('a notebook that is left alone with the engine finds no rows of another one, and its own are still there', async () => {
    await run(cell('sql secret', 'SELECT 42 AS code') + cell('sql shown', 'FROM secret'));
    const nosy =
      cell('sql own', 'SELECT 1 AS one') +
      cell(
        'sql tables',
        `SELECT table_name FROM duckdb_tables() UNION ALL SELECT view_name FROM duckdb_views() WHERE NOT internal`,
      );
    runner.usePlan(planOf(nosy));
    await runner.leaveOnly();
    const [own, tables] = planOf(nosy);
    await run(nosy);
    const rows = await runner.query(['tables'], [], async () => (await native.engine.rows(sql`FROM tables`)).rows);
    if (own?.ready !== true || tables?.ready !== true) throw new Error('not planned');
    expect(new Set(rows.flat())).toEqual(new Set([`result_${own.hash}`, `result_${tables.hash}`]));
    await runner.leaveOnly();
    made();
    expect(Object.values(statuses(await run(nosy)))).toEqual(['cached', 'cached']);
    expect((await native.engine.rows(sql`FROM ${id(`result_${own.hash}`)}`)).rows).toEqual([[1]]);
    expect(made()).toBe(0);
  });

  test('a disabled step lets its input through', async () => {
    await run(notebook);
    made();
    const report = await run(notebook.replace('method: mean', 'method: mean\ndisabled: true'));
    expect(statuses(report)).toMatchObject({filled: 'disabled', hot: 'ok'});
    expect(report.at(-1)?.rowsOut).toBe(1);
  });

  test('after a restart results come back from their lineage when they are asked for', async () => {
    await run(notebook);
    await native.restart();
    made();
    expect((await run(notebook, 'hot')).at(-1)).toMatchObject({status: 'ok', rowsOut: 1});
    expect(made()).toBe(4);
  });

  test('a cell that finds no room gets that of the tables it doesn’t read, and is tried once more', async () => {
    native.memory.used = 1;
    const execute = native.engine.execute.bind(native.engine);
    let refused = 0;
    native.engine.execute = async (statements, call) => {
      const tables = (await native.engine.rows(sql`SELECT count(*) FROM duckdb_tables()`)).rows;
      if (/GROUP BY sensor/.test(statements.join()) && Number(tables[0]?.[0]) > 1) {
        refused++;
        throw new ProblemError({code: 'OUT_OF_MEMORY', message: 'This needs more memory than the engine has.'});
      }
      return execute(statements, call);
    };
    const big = notebook + cell('sql big', 'SELECT sensor, count(*) AS n FROM hot GROUP BY sensor');
    expect(statuses(await run(big))).toEqual({
      readings: 'ok',
      unique_readings: 'ok',
      filled: 'ok',
      hot: 'ok',
      big: 'ok',
    });
    expect(refused).toBe(1);
    const alone =
      big + cell('sql again', 'SELECT sensor, count(*) AS m FROM readings, hot GROUP BY sensor, hot.sensor');
    expect(statuses(await run(alone))).toMatchObject({again: 'failed'});
    expect(refused).toBe(3);
  });

  test('the least recently used table goes when memory runs short, and is computed again', async () => {
    await run(notebook);
    native.memory.used = native.memory.limit;
    await run(notebook + cell('sql more', 'SELECT * FROM hot'));
    native.memory.used = 0;
    made();
    await run(notebook, 'readings');
    expect(made()).toBe(1);
  });
});

describe('a cell that only adds or changes columns', () => {
  const rows = async (name: string): Promise<unknown> =>
    runner.withResult(name, 'look', async ({relation}) => (await native.engine.rows(sql`FROM ${relation}`)).rows);
  const columnsOf = async (hash: string): Promise<string[]> =>
    (await native.engine.describe(sql`FROM ${id(`result_${hash}`)}`)).map(({name}) => name);
  const text =
    notebook +
    cell('step doubled = derive', 'from: filled\ncolumns: {twice: value * 2}') +
    cell('step judged = thresholds', 'from: doubled\nrules: {twice: {warning: 40}}') +
    cell(
      'step ordered = derive',
      'from: judged\ncolumns: {before: lag(value) OVER (ORDER BY sensor DESC), VALUE: value + 1}',
    );

  test('keeps those alone, beside its input’s', async () => {
    await run(text);
    const kept = planOf(text).flatMap((each) =>
      each.ready && ['filled', 'doubled', 'judged', 'ordered'].includes(each.name) ? [columnsOf(each.hash)] : [],
    );
    expect(await Promise.all(kept)).toEqual([['value'], ['twice'], ['twice_status'], ['before', 'value']]);
    expect(await rows('ordered')).toEqual([
      ['a', 2, 2, 'normal', 15.5],
      ['b', 16.5, 31, 'normal', 30],
      ['c', 31, 60, 'warning', null],
    ]);
  });

  test('goes with its input when memory runs short, and comes back with it', async () => {
    await run(text);
    const before = await rows('ordered');
    native.memory.used = native.memory.limit;
    await run(text + cell('sql more', 'SELECT 1 AS one'));
    native.memory.used = 0;
    const {rows: tables} = await native.engine.rows(sql`SELECT table_name FROM duckdb_tables()`);
    expect(tables).toHaveLength(1);
    made();
    await expect(
      runner.ifPresent('ordered', 'study', ({rows: counted}) => Promise.resolve(counted)),
    ).rejects.toMatchObject({problem: {code: 'EVICTED'}});
    expect(made()).toBe(0);
    expect(await rows('ordered')).toEqual(before);
    expect(made()).toBe(6);
    expect(await runner.ifPresent('ordered', 'study', ({rows: counted}) => Promise.resolve(counted))).toBe(3);
  });

  test('reads what another rejected, row for row', async () => {
    const typed = cell('step typed = cast', 'from: readings\ncolumns: {sensor: int}\non_failure: reject');
    await run(readings + typed + cell('step told = derive', 'from: typed_rejects\ncolumns: {told: upper(reason)}'));
    expect(await rows('told')).toEqual([
      ['a', 1, 'sensor', 'a', 'sensor is no int', 'SENSOR IS NO INT'],
      ['a', 1, 'sensor', 'a', 'sensor is no int', 'SENSOR IS NO INT'],
      ['b', null, 'sensor', 'b', 'sensor is no int', 'SENSOR IS NO INT'],
      ['c', 30, 'sensor', 'c', 'sensor is no int', 'SENSOR IS NO INT'],
    ]);
  });

  test.each([
    [
      'a new column of the name that rows are numbered by',
      {row_number: 'row_number() OVER (ORDER BY value)', after: 'row_number + 1'},
    ],
    ['a query for each row', {summed: '(SELECT sum(z) FROM range(i % 4) q(z))'}],
    ['a query of the row’s own values', {greatest: '(SELECT max(x) FROM (VALUES (i), (value)) t(x))'}],
    ['a query that begins with FROM', {summed: '(FROM range(i % 4) q(z) SELECT sum(z))'}],
    ['a name in another case beyond ASCII', {ä: 'value + 1'}],
  ])('has the values that a query for whole rows gives: %s', async (_, columns) => {
    const many = cell('sql many', `SELECT i, (i * 7919 % 100003)::DOUBLE AS value, -i AS "Ä" FROM range(130000) r(i)`);
    const body = Object.entries(columns).map(([name, expression]) => `  ${name}: "${expression}"`);
    await run(many + cell('step made = derive', `from: many\ncolumns:\n${body.join('\n')}`));
    const expected = Object.entries(columns).map(
      ([name, text]) =>
        sql`${expression(text.replaceAll('row_number + 1', 'row_number() OVER (ORDER BY value) + 1'))} AS ${id(name === 'ä' ? 'Ä' : name)}`,
    );
    const [made, input] = await Promise.all(
      ['made', 'many'].map((name) => runner.withResult(name, 'look', ({relation}) => Promise.resolve(relation))),
    );
    if (made === undefined || input === undefined) throw new Error('not run');
    const own = join(Object.keys(columns).map((name) => sql`m.${id(name === 'ä' ? 'Ä' : name)}`));
    const apart = await native.engine.rows(
      sql`SELECT count(*) FROM ${made} m JOIN (SELECT i, ${join(expected)} FROM ${input}) e USING (i) WHERE (${own}) IS DISTINCT FROM (${sql`${join(Object.keys(columns).map((name) => sql`e.${id(name === 'ä' ? 'Ä' : name)}`))}`})`,
    );
    expect(apart.rows).toEqual([[0n]]);
    expect(await native.engine.rows(sql`SELECT count(*) FROM ${made}`)).toMatchObject({rows: [[130000n]]});
  });

  test('makes whole rows when there are more or fewer of them than it reads', async () => {
    const texts = cell('sql texts', `SELECT * FROM (VALUES (1, NULL), (2, 'a,b')) t(i, text)`);
    await run(
      texts +
        cell('step parts = derive', `from: texts\ncolumns: {part: "regexp_split_to_table(text, ',')"}`) +
        cell('sql one', 'SELECT value FROM range(3) t(value)') +
        cell('step summed = derive', 'from: one\ncolumns: {value: sum(value)}'),
    );
    expect(await rows('parts')).toEqual([
      [2, 'a,b', 'a'],
      [2, 'a,b', 'b'],
    ]);
    expect(await rows('summed')).toEqual([[3n]]);
  });

  test('makes whole rows when a rule asks a query of its own, which may give them in another order', async () => {
    const checked =
      readings +
      cell(
        'step checked = validate',
        'from: readings\nrules: [{expression: "value < (SELECT max(x) FROM (VALUES (value), (9)) t(x))"}]\non_failure: flag',
      );
    await run(checked);
    const cellOf = planOf(checked).at(-1);
    expect(cellOf?.ready === true ? await columnsOf(cellOf.hash) : []).toEqual([
      'sensor',
      'value',
      'is_valid',
      'failed_rules',
    ]);
  });

  test('makes whole rows when little of its input is left to see', async () => {
    const wide =
      cell('sql wide', `SELECT '1' AS a, '2' AS b, '3' AS c, '4' AS d, '5' AS e`) +
      cell('step typed = cast', 'from: wide\ncolumns: {a: int, b: int, c: int, d: int}');
    await run(wide);
    const typed = planOf(wide).at(-1);
    expect(typed?.ready === true ? await columnsOf(typed.hash) : []).toEqual(['a', 'b', 'c', 'd', 'e']);
  });

  test.each([
    ['a left join whose keys are unique', `('a', 'roof'), ('c', 'cellar')`, ['room'], [['a', 1, 'roof'], ['a', 1, 'roof'], ['b', null, null], ['c', 30, 'cellar']]], // prettier-ignore
    ['a left join that repeats rows has whole rows', `('a', 'roof'), ('a', 'yard')`, ['sensor', 'value', 'room'], [['a', 1, 'roof'], ['a', 1, 'yard'], ['a', 1, 'roof'], ['a', 1, 'yard'], ['b', null, null], ['c', 30, null]]], // prettier-ignore
  ])('%s', async (_, rooms, columns, expected) => {
    const joined =
      cell('sql rooms', `SELECT * FROM (VALUES ${rooms}) t(sensor, room)`) +
      readings +
      cell('step located = join', 'from: readings\nwith: rooms\non: [sensor]\nhow: left');
    await run(joined);
    const located = planOf(joined).at(-1);
    expect(located?.ready === true ? await columnsOf(located.hash) : []).toEqual(columns);
    expect(await rows('located')).toEqual(expected);
  });
});

describe('what goes wrong', () => {
  test('a run stops at the first failure and says which cell', async () => {
    const report = await run(
      readings + cell('sql wrong', 'SELECT nothing FROM readings') + cell('sql after', 'SELECT * FROM readings'),
    );
    expect(statuses(report)).toEqual({readings: 'ok', wrong: 'failed', after: 'skipped'});
    expect(report[1]?.error).toMatchObject({where: {cell: 'wrong'}});
  });

  test('a broken cell stops only those that read it', async () => {
    const text =
      readings + cell('step odd = dedupe') + cell('sql reads_odd', 'FROM odd') + cell('sql fine', 'FROM readings');
    const report = await run(text);
    expect(statuses(report)).toEqual({readings: 'ok', odd: 'broken', reads_odd: 'broken', fine: 'ok'});
    expect(report[1]?.error).toMatchObject({code: 'UNKNOWN_STEP', hint: 'Did you mean dedup?'});
    expect(report[2]?.error).toMatchObject({code: 'INPUT_BROKEN'});
  });

  test('an aborted run leaves the rest cancelled', async () => {
    expect(Object.values(statuses(await run(notebook, undefined, AbortSignal.abort())))).toEqual([
      'cancelled',
      'cancelled',
      'cancelled',
      'cancelled',
    ]);
  });

  test.each([
    ['a column that is not there', 'step bad = dedup', 'keys: [senzor]', 'COLUMN_NOT_FOUND'],
    ['a cell that stands further down', 'step bad = dedup', 'from: below', 'CELL_NOT_FOUND'],
    ['a parameter of another name', 'step bad = dedup', 'key: [sensor]', 'PARAM'],
    ['a notebook parameter that is not there', 'step bad = filter', 'condition: value > ${limit}', 'PARAM_NOT_FOUND'],
    ['a statement that is no query', 'sql bad', 'DROP TABLE readings', 'SQL_NOT_A_QUERY'],
    ['two statements', 'sql bad', 'SELECT 1; SELECT 2', 'SQL_SEVERAL_STATEMENTS'],
    ['the name of another cell', 'sql readings', 'SELECT 1', 'NAME_TAKEN'],
  ])('%s', async (_what, header, body, code) => {
    const report = await run(readings + cell(header, body) + cell('sql below', 'SELECT 1 AS one'));
    expect(report[1]?.error?.code).toBe(code);
    expect(report[1]?.error?.hint).toBeTruthy();
  });
});

test('notebook parameters stand in SQL as literals', async () => {
  const text = `---\nparams: {name: "a' OR true --", limit: 2}\n---\n${readings}${cell('sql one', 'SELECT * FROM readings WHERE sensor = ${name} OR value > ${limit}')}${cell('step two = filter', 'from: readings\ncondition: sensor = ${name}')}`;
  const report = await run(text);
  expect(report.map((ran) => ran.rowsOut)).toEqual([4, 1, 0]);
});

test('SQL finds only the cells above it that it names, under their own names', async () => {
  await run(readings + cell('sql later', 'SELECT 1 AS one'));
  const report = await run(readings + cell('sql early', 'SELECT * FROM later'));
  expect(report[1]).toMatchObject({status: 'failed'});
});

test('a name that two cells have stands for neither', async () => {
  const report = await run(
    readings + cell('step a = dedup') + cell('sql b', 'FROM a') + cell('step a = drop_nulls') + cell('step c = dedup'),
  );
  expect(statuses(report)).toMatchObject({b: 'ok', c: 'broken'});
});

test('a chart takes a name as every cell does', async () => {
  const report = await run(readings + cell('chart readings', 'mark: bar\nx: sensor'));
  expect(report[1]?.error?.code).toBe('NAME_TAKEN');
});

describe('a chart that marks alerts', () => {
  const times = cell(
    'sql times',
    "SELECT TIMESTAMP '2024-02-01' + INTERVAL 1 HOUR * i AS at, i AS level FROM range(9) t(i)",
  );
  const bells = (severity: string): string =>
    cell('sql bells', `SELECT TIMESTAMP '2024-02-01 03:00:00' AS "timestamp", '${severity}' AS severity`);
  const chart = (more = 'alerts: bells', x = 'at'): string =>
    cell('chart drawn', `from: times\nmark: line\nx: ${x}\ny: level\n${more}`);

  test('is drawn again when they change, and not when they are renamed', async () => {
    expect(statuses(await run(times + bells('warning') + chart()))).toEqual({times: 'ok', bells: 'ok', drawn: 'ok'});
    expect(statuses(await run(times + bells('critical') + chart()))).toEqual({
      times: 'cached',
      bells: 'ok',
      drawn: 'ok',
    });
    const renamed = cell('sql rings', `SELECT TIMESTAMP '2024-02-01 03:00:00' AS "timestamp", 'critical' AS severity`);
    expect(statuses(await run(times + renamed + chart('alerts: rings')))).toEqual({
      times: 'cached',
      rings: 'cached',
      drawn: 'cached',
    });
    expect(statuses(await run(times + renamed + chart('')))).toMatchObject({drawn: 'ok'});
  });

  test('says so on its own cell when the name is none, stands below, or there is no time', async () => {
    const errorOf = async (text: string): Promise<unknown> =>
      (await run(text)).find(({name}) => name === 'drawn')?.error;
    expect(await errorOf(times + bells('warning') + chart('alerts: bels'))).toMatchObject({
      code: 'CELL_NOT_FOUND',
      message: 'There is no cell called bels above.',
      hint: 'Did you mean bells?',
    });
    expect(await errorOf(times + chart() + bells('warning'))).toMatchObject({
      code: 'CELL_NOT_FOUND',
      message: 'It reads bells, which stands further down.',
    });
    expect(await errorOf(times + bells('warning') + chart('alerts: bells', 'level'))).toMatchObject({
      code: 'CHART_ALERTS',
      where: {cell: 'drawn', param: 'alerts'},
    });
    expect(await errorOf(times + bells('warning') + chart('alerts: times'))).toMatchObject({
      code: 'CHART_ALERTS',
      message: 'times has no column timestamp.',
    });
  });
});
