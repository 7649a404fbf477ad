import {touching} from '../../../src/run/touch.ts';
import type {DuckDBConnection} from '@duckdb/node-api';
import {existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join as path} from 'node:path';
import {describe, expect, test} from 'vitest';
import {stringify} from 'yaml';
import {assign, sideBySide} from '../../../src/run/parts.ts';
import {readParams} from '../../../src/params/index.ts';
import {sparkCondition, sparkExpression} from '../../../src/pyspark/query.ts';
import {readCsv, rejectedLines} from '../../../src/sources/csv/sql.ts';
import {id, join, sql} from '../../../src/sql/sql.ts';
import type {Example, Input, Program, Step} from '../../../src/steps/define.ts';
import {steps, type AnyStep} from '../../../src/steps/index.ts';
import {columnsOf, contentOf, makeInput, openDuckDB, tableSql} from './native.ts';

const folder = path(import.meta.dirname, '../../..');

test('every file of a step is in the list, once', () => {
  const files = readdirSync(path(folder, 'src/steps')).filter((file) =>
    readFileSync(path(folder, 'src/steps', file.endsWith('.ts') ? file : `${file}/index.ts`), 'utf8').includes(
      '= defineStep({',
    ),
  );
  const kinds = files.map((file) => file.replace(/\.ts$/, '').replaceAll('-', '_'));
  expect(kinds.sort()).toEqual(steps.map((step) => step.kind).sort());
});

/** Values, inputs and program of an example on native DuckDB. */
async function prepare(step: AnyStep, example: Example) {
  const connection = await openDuckDB();
  const values = readParams(step.params, example.params);
  if (!values.ok) throw new Error(values.problems.map((problem) => problem.message).join('\n'));
  const inputs: Input[] = step.input === 'one' ? [await makeInput(connection, 'input', example.input)] : [];
  for (const [name, table] of Object.entries(example.others ?? {}))
    inputs.push(await makeInput(connection, name, table));
  const read = touching(step.touches?.(values.value) ?? [], 'lake-read')[0]?.read;
  const tables = Object.entries(example.lake ?? {});
  const [, table] = tables.find(([name]) => name === read?.table.toLowerCase()) ?? [];
  if (read !== undefined && table !== undefined)
    inputs.push(
      await makeInput(connection, `lake.${read.table}`, read.schemaOnly === true ? {...table, rows: []} : table),
    );
  await connection.run('CREATE SCHEMA lake');
  for (const [name, rows] of tables) await connection.run(sql`CREATE TABLE lake.${id(name)} AS ${tableSql(rows)}`);
  return {connection, values: values.value, inputs};
}

/** What a program gives when only the columns that it assigns are computed, beside the input’s. */
async function besideInput(
  connection: DuckDBConnection,
  program: Extract<Program, {kind: 'sql'}>,
  [input]: readonly Input[],
) {
  if (input === undefined || program.assigned === undefined) return contentOf(connection, program.sql);
  await connection.run(`CREATE TABLE own AS SELECT ${join(program.assigned.map(id))} FROM (${program.sql})`);
  const parts = [{hash: '', table: input.name, columns: input.columns.map(({name}) => name)}];
  const whole = assign(
    {parts, columns: input.columns},
    {hash: '', table: 'own'},
    await columnsOf(connection, sql`FROM own`),
  );
  return contentOf(connection, sql`FROM ${sideBySide(whole.parts, whole.columns).relation}`);
}

/** The input with every other column in another table, as results lie that were made beside others. */
async function inTwoTables(connection: DuckDBConnection, input: Input): Promise<Input> {
  const halves = [0, 1].map((half) => input.columns.filter((_, i) => i % 2 === half).map(({name}) => name));
  if (halves.some((columns) => columns.length === 0)) return input;
  const parts = halves.map((columns, half) => ({hash: '', table: `${input.name} half ${half}`, columns}));
  for (const {table, columns} of parts)
    await connection.run(`CREATE TABLE ${id(table)} AS SELECT ${join(columns.map(id))} FROM ${input.relation}`);
  return {...input, ...sideBySide(parts, input.columns)};
}

describe.each(steps.map((step): [string, AnyStep] => [step.kind, step]))('%s', (_kind, step) => {
  test.each(step.examples.map((example): [string, Example] => [example.name, example]))(
    '%s',
    async (_name, example) => {
      const {connection, values, inputs} = await prepare(step, example);
      expect(step.check?.(values, inputs) ?? []).toEqual([]);
      expect(step.sentence(values)).toMatch(/^\S.*\S$/);
      const program = step.toSql(values, inputs);
      if (program.kind === 'kernel') {
        // The browser runs the kernel; here each row of the input has to have its features.
        expect((await contentOf(connection, program.features)).rows).toHaveLength(example.input.rows.length);
        if (program.inSql)
          expect(await contentOf(connection, program.shown)).toEqual(
            await contentOf(connection, tableSql(example.expect)),
          );
      } else if (program.kind === 'read') {
        // JSON and Parquet are read by the storage worker; the browser runs those examples.
        if (!program.files.every((file) => /\.csv$/.test(file))) return;
        const paths = program.files.map((file) => writeTemporary(file, example.files?.[file] ?? ''));
        const columns = program.options.filename ? sql`* REPLACE (parse_filename(filename) AS filename)` : sql`*`;
        const read = paths.map((file) => sql`(SELECT ${columns} FROM ${readCsv([file], program.options)})`);
        expect(await contentOf(connection, join(read, ' UNION ALL BY NAME '))).toEqual(
          await contentOf(connection, tableSql(example.expect)),
        );
        const [only = ''] = program.files;
        if (example.rejects !== undefined)
          expect(await contentOf(connection, rejectedLines(only))).toEqual(
            await contentOf(connection, tableSql(example.rejects)),
          );
      } else if (program.kind === 'through') {
        // The rows go on as they are; the lake’s own tests write them. Here the DuckDB script that is shown has to run.
        const [input] = inputs;
        expect(await contentOf(connection, sql`FROM ${input?.relation ?? id('')}`)).toEqual(
          await contentOf(connection, tableSql(example.expect)),
        );
        if (program.write === undefined) return;
        await connection.run(program.shown);
        const written = await contentOf(connection, sql`FROM lake.${id(program.write.table)}`);
        for (const row of (await contentOf(connection, tableSql(example.expect))).rows)
          expect(written.rows).toContainEqual(row);
      } else {
        expect(await contentOf(connection, program.sql)).toEqual(await contentOf(connection, tableSql(example.expect)));
        if (example.rejects !== undefined && program.rejects !== undefined)
          expect(await contentOf(connection, program.rejects)).toEqual(
            await contentOf(connection, tableSql(example.rejects)),
          );
        expect(await besideInput(connection, program, inputs)).toEqual(
          await contentOf(connection, tableSql(example.expect)),
        );
      }
    },
  );

  test.each(step.examples.map((example): [string, Example] => [example.name, example]))(
    '%s: the same of rows that lie in several tables',
    async (_name, example) => {
      const {connection, values, inputs} = await prepare(step, example);
      const program = step.toSql(values, await Promise.all(inputs.map((input) => inTwoTables(connection, input))));
      if (program.kind !== 'sql') return;
      expect(await contentOf(connection, program.sql)).toEqual(await contentOf(connection, tableSql(example.expect)));
      if (example.rejects !== undefined && program.rejects !== undefined)
        expect(await contentOf(connection, program.rejects)).toEqual(
          await contentOf(connection, tableSql(example.rejects)),
        );
    },
  );

  test('has what a learner and a tester need', () => {
    expect(step.examples.length).toBeGreaterThan(0);
    for (const [part, text] of Object.entries(step.lesson)) expect(text.length, `lesson.${part}`).toBeGreaterThan(80);
  });

  test('its SQL and PySpark are the golden ones', async () => {
    const sections = [`# ${step.title} (\`${step.kind}\`)`];
    for (const example of step.examples) {
      const {values, inputs} = await prepare(step, example);
      const program = step.toSql(values, inputs);
      const spark = step.toPySpark(values, {
        spark: {sparkCondition, sparkExpression},
        target: 'result',
        frames: inputs.map((input) => input.name),
        inputs,
        columns: Object.entries(example.expect.columns).map(([name, type]) => ({name, type})),
      });
      sections.push(
        `## ${example.name}`,
        step.sentence(values),
        fenced('yaml', stringify(example.params, {lineWidth: 0})),
        fenced(
          'sql',
          program.kind === 'sql'
            ? program.sql + (program.rejects === undefined ? '' : `\n\n-- rejects\n${program.rejects}`)
            : program.shown,
        ),
        'notExportable' in spark ? `Not in PySpark: ${spark.notExportable}` : fenced('python', spark.join('\n')),
      );
    }
    expect(golden(step, `${sections.join('\n\n')}\n`)).toBe(`${sections.join('\n\n')}\n`);
  });
});

function writeTemporary(name: string, text: string): string {
  const file = path(mkdtempSync(path(tmpdir(), 'lakebook-')), name);
  writeFileSync(file, text);
  return file;
}

const fenced = (language: string, text: string): string => `\`\`\`${language}\n${text.trimEnd()}\n\`\`\``;

/** The golden file of a step; UPDATE=1 writes it anew. */
function golden(step: Step, text: string): string {
  const file = path(folder, 'tests/golden', `${step.kind}.md`);
  if (process.env['UPDATE'] === '1' || !existsSync(file)) {
    if (process.env['CI'] !== undefined)
      throw new Error(`${file} is missing: run the tests with UPDATE=1 and read it.`);
    writeFileSync(file, text);
  }
  return readFileSync(file, 'utf8');
}
