import {stringify} from 'yaml';
import {plural} from '../lib/text.ts';
import {isRunnable, type Cell} from '../cells/define.ts';
import {givesRows, typeOf} from '../cells/index.ts';
import {rejectsOf} from '../run/define.ts';
import type {CompiledCell} from '../notebook/plan.ts';
import {id, type Sql} from '../sql/sql.ts';
import {outputDatabase} from './databases.ts';
import type {Handover, Left, TextFile} from './define.ts';
import {inputFiles} from './inputs.ts';
import {baseName} from './prose.ts';
import {DuckDBCells, notInPostgres, remark, type CellSql} from './sql-script.ts';

/** A folder that dbt builds on DuckDB: a model for each table cell, described by the prose above it. A model is a table of its own, so the lake stays out. */
export function dbtProject(handover: Handover): {
  readonly files: readonly TextFile[];
  readonly left: readonly Left[];
} {
  const {notebook, path} = handover;
  const project = projectName(baseName(path));
  const output = outputDatabase(handover, project);
  const models = new Models(handover, output);
  let prose: string[] = [];
  for (const cell of notebook.cells) {
    if (!isRunnable(cell)) prose.push(cell.markdown);
    else {
      models.add(cell, prose.join('\n\n'));
      prose = [];
    }
  }
  const files = inputFiles(handover);
  const settings = {TimeZone: 'UTC', ieee_floating_point_ops: false, threads: 1};
  return {
    files: [
      {
        path: 'dbt_project.yml',
        text: yaml({
          name: project,
          version: '1.0.0',
          profile: project,
          'model-paths': ['models'],
          models: {[project]: {'+materialized': 'table'}},
        }),
      },
      {
        path: 'profiles.yml',
        text: yaml({
          [project]: {
            target: 'dev',
            outputs: {dev: {type: 'duckdb', path: `${output}.duckdb`, threads: 1, ...models.attached, settings}},
          },
        }),
      },
      ...models.files,
      {path: 'models/schema.yml', text: yaml({version: 2, models: models.described})},
      {path: 'README.md', text: readme(notebook.title === '' ? project : notebook.title, files, models.left)},
    ],
    left: models.left,
  };
}

const yaml = (value: unknown): string => stringify(value, {lineWidth: 0});

/** dbt takes letters, digits and `_` in a project's name. */
const projectName = (name: string): string =>
  name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '_')
    .replace(/^(?![a-z])/, 'notebook_');

function readme(title: string, files: readonly string[], left: readonly Left[]): string {
  const lay =
    files.length === 0 ? '' : `Lay ${files.map((file) => `\`${file}\``).join(', ')} into this folder, then:\n\n`;
  const out = left.map(({cell, why, instead}) => `- \`${cell}\`: ${why} ${instead}`);
  return [
    `# ${title.replace(/\s+/g, ' ')}`,
    `Written by Lakebook: a dbt project for DuckDB, a model for each cell.`,
    `${lay}    pip install dbt-duckdb\n    dbt build --profiles-dir .`,
    ...(out.length === 0 ? [] : [`${plural(out.length, 'cell')} left out, or not whole:`, out.join('\n')]),
  ]
    .join('\n\n')
    .concat('\n');
}

/** Text as dbt prints it: what Jinja would take for its own is put in a string of Jinja's. */
const printed = (text: string): string => text.replace(/\{\{|\{%|\{#/g, (mark) => `{{ '${mark}' }}`);

class Models {
  readonly files: TextFile[] = [];
  readonly described: {readonly name: string; readonly description?: string; readonly columns?: readonly unknown[]}[] =
    [];
  readonly left: Left[] = [];
  readonly #attached = new Map<string, unknown>();
  readonly #plan: Handover['plan'];
  readonly #cells: DuckDBCells;
  /** What stands for ref('name') until Jinja’s marks in the text are escaped; nothing in the notebook has it. */
  readonly #mark: string;
  /** Rejects that a model's hook makes: not models themselves. */
  readonly #hooked = new Map<string, string>();
  /** Models whose failed tests keep all later ones from being built. */
  readonly #gates: string[] = [];

  constructor(handover: Handover, output: string) {
    const text = handover.notebook.front + handover.notebook.cells.map(({source}) => source).join('');
    let mark = 'dbt ref ';
    while (text.includes(mark)) mark = `${mark}of `;
    this.#mark = mark;
    this.#plan = handover.plan;
    this.#cells = new DuckDBCells(handover, {
      table: (name) => id(mark + name),
      lake: undefined,
      output,
      beside: 'into the project’s folder',
      takeUp: 'take enabled=false out',
    });
  }

  add(cell: Exclude<Cell, {type: 'text'}>, prose: string): void {
    const planned = this.#plan.find((one) => one.id === cell.id);
    if (planned === undefined || !isRunnable(cell) || !givesRows(cell)) return;
    const made = this.#cells.add(planned);
    if (made === undefined) return;
    if ('left' in made) {
      const {why, instead} = made.left;
      this.left.push(made.left);
      if (made.instead !== undefined)
        this.#model(
          planned.name,
          [`${why} ${instead}`],
          made.instead,
          `{{ config(enabled=false) }}\n${planned.ready ? this.#needs(planned) : ''}`,
        );
    } else if ('through' in made)
      this.#model(planned.name, [`${planned.name} is switched off, and lets its rows through.`], made.through);
    else this.#cell(made, prose);
  }

  /** The databases that models read, for the profile. */
  get attached(): {readonly attach?: readonly unknown[]} {
    return this.#attached.size === 0 ? {} : {attach: [...this.#attached.values()]};
  }

  #cell({cell, sentence, attached, rows, rejects, write, postgres, isRead}: CellSql, prose: string): void {
    if (postgres !== undefined) this.left.push(notInPostgres(cell, postgres));
    if (write !== undefined)
      this.left.push({
        cell: cell.name,
        line: cell.line,
        why: `Its rows go on, and lake.${write.table} isn’t written: a dbt model is one table, made anew with each build.`,
        instead: 'Use the DuckDB script, or make it an incremental model by hand.',
      });
    for (const {file, name, type} of attached)
      this.#attached.set(file, {path: file, alias: id(name), type, read_only: true});
    const heads = sentence === '' ? [] : [sentence];
    if (isRead && rejects !== undefined) {
      this.#hooked.set(rejectsOf(cell.name), cell.name);
      const hooks = [
        `CREATE OR REPLACE TABLE ${id(rejectsOf(cell.name))} AS\n${rejects}`,
        'DROP TABLE IF EXISTS reject_errors',
        'DROP TABLE IF EXISTS reject_scans',
      ];
      // A hook is printed twice: into its variable, and when it runs.
      const sets = hooks.map((hook, i) => `{% set hook_${i + 1} %}\n${printed(printed(hook))}\n{% endset %}`);
      this.#model(
        cell.name,
        heads,
        rows,
        `${sets.join('\n')}\n{{ config(post_hook=[${hooks.map((_, i) => `hook_${i + 1}`).join(', ')}]) }}\n`,
      );
    } else {
      this.#model(cell.name, heads, rows, this.#needs(cell));
      if (rejects !== undefined) this.#model(rejectsOf(cell.name), [`What ${cell.name} refused.`], rejects);
    }
    const description = printed([sentence, prose].filter((text) => text !== '').join('\n\n'));
    const columns = testsOf(cell);
    this.described.push({
      name: cell.name,
      ...(description === '' ? {} : {description}),
      ...(columns.length === 0 ? {} : {columns}),
    });
    if (stops(cell)) this.#gates.push(cell.name);
  }

  /** A query of the user's own names its tables as they are; dbt is told of them beside it. */
  #needs(cell: CompiledCell): string {
    const names =
      typeOf(cell.work).language === 'sql'
        ? cell.inputs.map(({name}) => name)
        : cell.inputs.flatMap(({name}) => (this.#hooked.has(name) ? [name] : []));
    return names.map((name) => `-- depends_on: {{ ref('${this.#hooked.get(name) ?? name}') }}\n`).join('');
  }

  #model(name: string, heads: readonly string[], rows: Sql, before = ''): void {
    const gates = this.#gates.map((gate) => `-- depends_on: {{ ref('${gate}') }}\n`).join('');
    const remarks = heads.map((text) => `${printed(remark(text))}\n`).join('');
    const sql = printed(rows).replace(new RegExp(`"${this.#mark}(\\w+)"`, 'g'), (_, table: string) =>
      this.#hooked.has(table) ? id(table) : `{{ ref('${table}') }}`,
    );
    this.files.push({path: `models/${name}.sql`, text: `${before}${gates}${remarks}${sql}\n`});
  }
}

/** Whether a failed test of its rows ends the build. */
const stops = ({work}: CompiledCell): boolean => work.tests.some(({otherwise}) => otherwise === 'stop');

/** dbt's tests of a model's columns: a failed check of quality ends the build where it stops the run. */
function testsOf({work}: CompiledCell): unknown[] {
  const tests = new Map<string, unknown[]>();
  for (const {column, holds, otherwise} of work.tests) {
    const found = tests.get(column) ?? [];
    tests.set(column, found);
    if (holds === 'not_null') {
      found.push(holds);
      continue;
    }
    // dbt puts accepted values between quotes as they are.
    const values = holds.accepted.map((value) => printed(String(value).replaceAll("'", "''")));
    const config = otherwise === undefined ? {} : {config: {severity: otherwise === 'stop' ? 'error' : 'warn'}};
    found.push({accepted_values: {arguments: holds.quoted ? {values} : {values, quote: false}, ...config}});
  }
  return [...tests].map(([name, data_tests]) => ({name, data_tests}));
}
