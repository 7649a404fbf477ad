import {isRunnable, type RunnableCell} from '../cells/define.ts';
import {givesRows, typeOf} from '../cells/index.ts';
import {touching} from '../run/touch.ts';
import {shellWord} from '../lib/shell.ts';
import {list} from '../lib/text.ts';
import {rejectsOf, type InputTable, type LakeSource, type StoredResult} from '../run/define.ts';
import type {CompiledCell, PlannedCell} from '../notebook/plan.ts';
import type {AttachedFile} from '../sources/databases/attach.ts';
import type {LoadOptions, ScriptRows} from '../sources/define.ts';
import {deltaTable, sourceOf} from '../sources/index.ts';
import {lakeReads} from '../sql/lake.ts';
import {tokens} from '../sql/lexer.ts';
import {id, lit, query, sql, type Sql} from '../sql/sql.ts';
import type {Column} from '../sql/types.ts';
import type {Input, Program} from '../run/program.ts';
import type {LakeWrite} from '../tables/define.ts';
import {databasesOf, outputDatabase} from './databases.ts';
import type {HandedOver, Handover, Left} from './define.ts';
import {forShell} from './duckdb-shell.ts';
import {baseName, wrapped} from './prose.ts';

/** How a hand-over to DuckDB names the things that cells read and make. */
export interface Dialect {
  /** A table cell, or its rejects. */
  readonly table: (name: string) => Sql;
  /** A table of the lake; undefined where there is none. */
  readonly lake: ((table: string) => Sql) | undefined;
  /** The database that they become tables of. */
  readonly output: string;
  /** Where files lie, and how what is left out is taken up again, in words. */
  readonly beside: string;
  readonly takeUp: string;
}

/** What makes one cell's table in DuckDB: a query, what has to come before and after it, and the rows it refused. */
export interface CellSql {
  readonly cell: CompiledCell;
  /** What the cell does, in a sentence. */
  readonly sentence: string;
  /** Files of databases that the rows are in. */
  readonly attached: readonly AttachedFile[];
  readonly rows: Sql;
  readonly rejects: Sql | undefined;
  /** Fails where the rows say that the run has to stop. */
  readonly halt?: Sql | undefined;
  readonly write: LakeWrite | undefined;
  readonly writing: Sql | undefined;
  /** The table of PostgreSQL that its rows go to in the page. */
  readonly postgres: string | undefined;
  readonly isRead: boolean;
}

/** A cell that stays out: why, and a line that the user can take the marks off once they did what is said. */
export interface LeftOut {
  readonly left: Left;
  readonly instead: Sql | undefined;
}

/** The command that runs the script of a notebook. */
export function runScript(handover: Handover): string {
  const name = baseName(handover.path);
  return `duckdb ${shellWord(`${outputDatabase(handover, name)}.duckdb`)} < ${shellWord(`${name}.sql`)}`;
}

/** The notebook as one script for the DuckDB command line, 1.4 or newer: a table for each cell, and a schema `lake`. */
export function sqlScript(handover: Handover): HandedOver {
  const {notebook, plan, path} = handover;
  const script = new Script(handover);
  const body: string[] = [];
  for (const cell of notebook.cells) {
    if (!isRunnable(cell)) body.push(remark(cell.markdown));
    else {
      const planned = plan.find(({id: of}) => of === cell.id);
      const text = planned === undefined ? undefined : script.add(planned, cell);
      if (text !== undefined) body.push(text);
    }
  }
  return {
    text: `.bail on\n${forShell([header(handover, script), ...script.loads(), ...body, ...script.summary()].join('\n\n'))}\n`,
    left: script.left,
  };

  function header({known}: Handover, {left}: Script): string {
    const name = baseName(path);
    const files = [...new Set(plan.flatMap((cell) => (cell.ready ? cell.work.files : [])))];
    const params = Object.entries(notebook.params).map(([param, value]) => `${param} = ${String(value)}`);
    const lines = [
      notebook.title === '' ? name : notebook.title,
      '',
      `Written by Lakebook for DuckDB 1.4 or newer. Run it in the folder that has ${files.length === 0 ? 'this script' : list(files)}:`,
      '',
      `    ${runScript(handover)}`,
      '',
      'Each cell becomes a table of that database, and what it refused a table NAME_rejects.',
      ...(script.writesLake
        ? [
            'Tables of the lake are those of the schema lake. They stay from run to run, so what appends to them appends again: delete the database to begin anew.',
          ]
        : []),
      ...(params.length === 0 ? [] : [`The notebook’s parameters are filled in: ${params.join(', ')}.`]),
      ...(plan.some((cell) => cell.ready && givesRows(cell.work) && known(cell.hash) === undefined)
        ? [
            'Not every cell had run when this was written: run the notebook and export it again, and the script says more exactly how files are read.',
          ]
        : []),
      ...left.flatMap(({cell, why, instead}) => ['', `Left out: ${cell}. ${why} ${instead}`]),
    ];
    const settings = [
      '-- One thread sums in one order, so every digit comes out as in the page; more are faster, and may differ in the last one.',
      'SET threads = 1;',
      "SET TimeZone = 'UTC';",
      '-- A division by zero gives NULL.',
      'SET ieee_floating_point_ops = false;',
    ];
    return [
      remark(lines.join('\n')),
      '',
      ...settings,
      ...(script.usesLake ? ['CREATE SCHEMA IF NOT EXISTS lake;'] : []),
    ].join('\n');
  }
}

/** Text as SQL's remarks, wrapped. */
export const remark = (text: string): string =>
  wrapped(text, 117)
    .map((line) => `-- ${line}`.trimEnd())
    .join('\n');

/** SQL that is there to be taken up by hand. */
const marked = (text: string): string =>
  text
    .split(/\r\n|[\r\n]/)
    .map((line) => `-- ${line}`)
    .join('\n');

/** What a statement ends with: a remark at the end of a query would hide a semicolon. */
const ended = (text: Sql): string => (text.includes('--') ? `${text}\n;` : `${text};`);

const create = (table: Sql, rows: Sql): string => `CREATE OR REPLACE TABLE ${table} AS\n${ended(rows)}`;

class Script {
  readonly left: Left[] = [];
  readonly #made: string[] = [];
  readonly #cells: DuckDBCells;

  constructor(handover: Handover) {
    this.#cells = new DuckDBCells(handover, {
      table: id,
      lake: (table) => sql`lake.${id(table)}`,
      output: outputDatabase(handover, baseName(handover.path)),
      beside: 'beside the script',
      takeUp: 'take the marks off',
    });
  }

  get writesLake(): boolean {
    return this.#cells.writesLake;
  }

  get usesLake(): boolean {
    return this.writesLake || this.#cells.lacking.length > 0;
  }

  /** The lines that load tables of the lake which the notebook doesn’t write, for the user to take up. */
  loads(): string[] {
    const {lacking} = this.#cells;
    if (lacking.length === 0) return [];
    const {script} = deltaTable;
    const tables = lacking.map((table) => `CREATE TABLE IF NOT EXISTS lake.${id(table)} AS ${script.rows(table)};`);
    return [
      [
        remark(`${list(lacking)} of the lake, from elsewhere: each is a folder beside the script.`),
        marked([...script.before, ...tables].join('\n')),
      ].join('\n'),
    ];
  }

  /** The statements of a cell, or undefined when it needs none. */
  add(planned: PlannedCell, cell: RunnableCell): string | undefined {
    if (!givesRows(cell)) return undefined;
    const made = this.#cells.add(planned);
    if (made === undefined) return remark(`${planned.name} is switched off.`);
    if ('through' in made) {
      this.#made.push(planned.name);
      return `${remark(`${planned.name} is switched off, and lets its rows through.`)}\n${create(id(planned.name), made.through)}`;
    }
    if ('left' in made) {
      this.left.push(made.left);
      const {why, instead} = made.left;
      return [
        remark(`${planned.name} is left out. ${why} ${instead}`),
        ...(made.instead === undefined ? [] : [marked(create(id(planned.name), made.instead))]),
      ].join('\n');
    }
    this.#made.push(planned.name);
    return [
      remark(`${planned.name}${made.sentence === '' ? '' : `: ${made.sentence}`}`),
      ...this.#statements(made),
    ].join('\n');
  }

  #statements({cell, attached, rows, rejects, halt, write, writing, postgres, isRead}: CellSql): string[] {
    const statements: string[] = [];
    if (postgres !== undefined) {
      const left = notInPostgres(cell, postgres);
      this.left.push(left);
      statements.push(remark(`${left.why} ${left.instead}`));
    }
    const {partial} = this.#cells.writesOf(cell);
    if (write !== undefined && writing !== undefined) {
      const copies = this.#cells.versionRead(cell);
      const crashes = write.crashAfter !== undefined && write.crashAfter < 7;
      if (partial !== undefined) {
        this.left.push(partial);
        statements.push(remark(`${partial.why} ${partial.instead}`));
      }
      if (write.crashAfter !== undefined)
        statements.push(
          remark(
            crashes
              ? 'Its commit dies halfway, so nothing of it is kept.'
              : 'Its commit counts, whatever dies after it.',
          ),
        );
      statements.push('BEGIN TRANSACTION;', ended(writing), crashes ? 'ROLLBACK;' : 'COMMIT;');
      if (copies !== undefined)
        statements.push(
          remark('This version is read further down.'),
          `CREATE OR REPLACE TABLE ${copies} AS FROM lake.${id(write.table)};`,
        );
    }
    statements.push(...attached.map(({attach}) => ended(attach)), create(id(cell.name), rows));
    if (rejects !== undefined) statements.push(create(id(rejectsOf(cell.name)), rejects));
    if (halt !== undefined) statements.push(ended(halt));
    // DuckDB adds to these tables with every file.
    if (isRead) statements.push('DROP TABLE IF EXISTS reject_errors;', 'DROP TABLE IF EXISTS reject_scans;');
    return statements;
  }

  /** A query of how many rows each table has. */
  summary(): string[] {
    if (this.#made.length === 0) return [];
    const counts = this.#made.map((name) => `SELECT ${lit(name)} AS cell, count(*) AS rows FROM ${id(name)}`);
    return [`-- What was made.\n${counts.join('\nUNION ALL ')};`];
  }
}

/** A postgres cell, of which a script has the rows alone. */
export const notInPostgres = ({name, line}: CompiledCell, table: string): Left => ({
  cell: name,
  line,
  why: `Its rows go on, and the PostgreSQL table ${table} isn’t written: there is no server here.`,
  instead: 'Load the dump of the page’s database into a server with psql -f.',
});

/** Why a cell stays out. */
class Out extends Error {
  constructor(
    readonly why: string,
    readonly advice: string,
    readonly rows?: Sql,
  ) {
    super(why);
  }
}

/**
 * The cells of a notebook in DuckDB's SQL, from the first one down: `add` has to be called for each in order. What a cell left out would
 * have given is missed by those that read it, so they are left out too.
 */
export class DuckDBCells {
  readonly #gone = new Set<string>();
  readonly #lake: LakeTables;
  /** What database files are opened as. */
  readonly #databases: ReadonlyMap<string, string>;

  constructor(
    private readonly handover: Handover,
    private readonly dialect: Dialect,
  ) {
    this.#lake = new LakeTables(handover);
    this.#databases = databasesOf(handover, dialect.output);
  }

  /** Tables of the lake whose rows, or some of them, come from elsewhere. */
  get lacking(): readonly string[] {
    return this.#lake.lacking;
  }

  get writesLake(): boolean {
    return this.#lake.isWritten;
  }

  writesOf(cell: CompiledCell): {readonly partial: Left | undefined} {
    return {partial: this.#lake.partialBy(cell)};
  }

  /** The copy of the version that a cell makes, if a cell further down reads that version. */
  versionRead(cell: CompiledCell): Sql | undefined {
    const version = this.#lake.versionMade(cell);
    return version === undefined ? undefined : this.dialect.lake?.(version);
  }

  /** Undefined for a cell that is switched off and missed by none. */
  add(planned: PlannedCell): CellSql | LeftOut | {readonly through: Sql} | undefined {
    if (!planned.ready) {
      const {standsFor, name} = planned;
      if (planned.disabled && standsFor === undefined) return undefined;
      if (standsFor === undefined) {
        this.#gone.add(name.toLowerCase());
        const [problem] = planned.problems;
        return {
          left: {
            cell: name,
            line: planned.line,
            why: problem?.message ?? 'It can’t run as written.',
            instead: problem?.hint ?? 'Mend it first.',
          },
          instead: undefined,
        };
      }
      const isMissed = this.handover.plan.some(
        (cell) => cell.ready && cell.inputs.some((input) => input.name === name),
      );
      if (!isMissed) return undefined;
      if (!this.#gone.has(standsFor.name.toLowerCase()))
        return {through: sql`FROM ${this.dialect.table(this.#nameBehind(standsFor))}`};
      this.#gone.add(name.toLowerCase());
      return undefined;
    }
    try {
      return this.#compile(planned);
    } catch (thrown) {
      if (!(thrown instanceof Out)) throw thrown;
      this.#gone.add(planned.name.toLowerCase());
      this.#lake.lose(planned);
      return {
        left: {cell: planned.name, line: planned.line, why: thrown.why, instead: thrown.advice},
        instead: thrown.rows,
      };
    }
  }

  /** The cell whose rows a switched off one lets through: its input has the switched off one's own name. */
  #nameBehind({hash, rejects}: InputTable): string {
    const cell = this.handover.plan.find((other) => other.ready && other.hash === hash);
    const name = cell?.name ?? '';
    return rejects ? rejectsOf(name) : name;
  }

  #compile(cell: CompiledCell): CellSql {
    const {work} = cell;
    const missing = cell.inputs.find(({name}) => this.#isGone(name));
    const base = {
      cell,
      sentence: '',
      attached: [],
      rejects: undefined,
      write: undefined,
      writing: undefined,
      postgres: undefined,
      isRead: false,
    };
    if (!givesRows(work)) throw new Out('A chart is drawn in the page.', 'Draw it from its table.');
    const lacks = cell.sources.map((source) => this.#lake.read(source).lacks).find((found) => found !== undefined);
    const [source] = cell.sources;
    if (source !== undefined && this.dialect.lake === undefined)
      throw new Out(
        `It reads lake.${source.work.source.table}, and there is no lake here.`,
        this.#byFile(cell.name),
        sql`FROM ${lit(`${cell.name}.parquet`)}`,
      );
    if (lacks?.byFile === true)
      throw new Out(lacks.why, this.#byFile(cell.name), sql`FROM ${lit(`${cell.name}.parquet`)}`);
    // A text of the user's own stands as it is, whatever the columns are.
    const own = typeOf(work).language === 'sql' ? work.program([]) : undefined;
    if (own?.kind === 'query') {
      const rows = this.#queryOf(cell, own.written);
      if (missing !== undefined) throw this.#reads(missing, rows);
      if (lacks !== undefined) throw new Out(lacks.why, lacks.advice, rows);
      return {...base, rows};
    }
    if (own?.kind === 'postgres')
      throw new Out(
        'PostgreSQL answers it, not DuckDB.',
        this.#byFile(cell.name),
        sql`FROM ${lit(`${cell.name}.parquet`)}`,
      );
    const found = cell.inputs.map((input) => this.#input(input, cell));
    const inputs = found.flatMap(({columns, ...input}) => (columns === undefined ? [] : [{...input, columns}]));
    const unknown = found.find(({columns}) => columns === undefined);
    if (unknown !== undefined)
      throw missing === undefined
        ? new Out(
            `The columns of ${unknown.name} aren’t known, since it has not run.`,
            'Run the notebook, then export it again.',
          )
        : this.#reads(missing);
    if (missing !== undefined) throw this.#reads(missing, this.#rowsOf(work.program(inputs), cell, inputs));
    if (lacks !== undefined) throw new Out(lacks.why, lacks.advice, this.#rowsOf(work.program(inputs), cell, inputs));
    const problem = work.check(inputs);
    if (problem !== undefined) throw new Out(problem.message, problem.hint ?? 'Mend it first.');
    const program = work.program(inputs);
    const {sentence} = work;
    if (program.kind === 'read') {
      const {rows, rejects, attached} = readSql(
        program.files,
        program.options,
        this.handover.known(cell.hash),
        this.#databases,
      );
      if (rejects === undefined) this.#gone.add(rejectsOf(cell.name).toLowerCase());
      return {...base, sentence, attached, rows, rejects, isRead: rejects !== undefined};
    }
    const rows = this.#rowsOf(program, cell, inputs);
    if (program.kind === 'sql')
      return {...base, sentence, rows, rejects: program.rejects, halt: program.judge?.halt?.(id(cell.name))};
    if (program.kind === 'through' && program.postgres !== undefined)
      return {...base, sentence, rows, postgres: program.postgres.table};
    return {
      ...base,
      sentence,
      rows,
      ...(program.kind === 'through' && program.write !== undefined
        ? {write: program.write, writing: program.shown}
        : {}),
    };
  }

  #isGone = (name: string): boolean =>
    [...this.#gone].some((gone) => gone === name.toLowerCase() || rejectsOf(gone) === name.toLowerCase());

  #rowsOf(program: Program, cell: CompiledCell, [input]: readonly Input[]): Sql {
    switch (program.kind) {
      case 'sql':
        return program.sql;
      case 'through':
        return sql`FROM ${input?.relation ?? this.dialect.table(cell.name)}`;
      case 'read':
        return program.shown;
      case 'query':
        return query(program.written);
      case 'postgres':
      case 'lake':
        throw new Error(`DuckDB has no rows of a ${program.kind} program`);
      case 'kernel': {
        if (program.inSql) return program.shown;
        throw new Out(`DuckDB has no ${cell.kind}.`, this.#byFile(cell.name), sql`FROM ${lit(`${cell.name}.parquet`)}`);
      }
    }
  }

  /** An input under the name it has in the script, with the columns it had when it last ran. */
  #input(
    input: InputTable,
    cell: CompiledCell,
  ): Omit<Input, 'columns'> & {readonly columns: readonly Column[] | undefined} {
    const known = this.handover.known(input.hash);
    const columns = input.rejects ? known?.rejects?.columns : known?.columns;
    const source = cell.sources.find(({name}) => name === input.name);
    const relation = source === undefined ? this.dialect.table(input.name) : this.#lakeTable(source);
    return {name: input.name, relation, columns};
  }

  #byFile(name: string): string {
    const {beside, takeUp} = this.dialect;
    return `Export ${name} as Parquet in the page, lay ${name}.parquet ${beside}, and ${takeUp}, here and in what reads it.`;
  }

  #reads({name}: InputTable, rows?: Sql): Out {
    return new Out(`It reads ${name}, which is left out.`, `Once ${name} is there, ${this.dialect.takeUp}.`, rows);
  }

  #lakeTable(source: LakeSource): Sql {
    const {table} = this.#lake.read(source);
    return this.dialect.lake?.(table) ?? id(table);
  }

  /** A query of the user's own over the names of this hand-over. */
  #queryOf(cell: CompiledCell, text: string): Sql {
    const tables = new Map<string, Sql>(cell.sources.map((source) => [source.name, this.#lakeTable(source)]));
    const found = lakeReads(text);
    if (!found.ok || cell.sources.every(({work: {source}}) => source.at === undefined)) return query(text);
    const lexed = tokens(found.value.text);
    let named = found.value.text;
    for (const token of lexed.ok ? [...lexed.value].reverse() : []) {
      const table = token.type === 'identifier' && token.quoted ? tables.get(token.text) : undefined;
      if (table !== undefined) named = named.slice(0, token.start) + table + named.slice(token.end);
    }
    return query(named);
  }
}

/** The versions of the lake's tables that a script can know: those that cells of the notebook make. */
class LakeTables {
  /** Version → the cell that makes it, by table in lower case. */
  readonly #versions = new Map<string, Map<number, CompiledCell>>();
  /** Tables that have rows of others, and the cell that first wrote on top of these. */
  readonly #partial = new Map<string, CompiledCell>();
  readonly #read = new Set<string>();
  /** Tables that are read as they are. */
  readonly #all = new Set<string>();
  readonly #names = new Map<string, string>();
  readonly #writers = new Map<string, CompiledCell[]>();
  /** Tables that a cell that is left out writes, and that cell. */
  readonly #lost = new Map<string, string>();

  constructor({plan, known}: Handover) {
    const last = new Map<string, number | undefined>();
    for (const cell of plan) {
      if (!cell.ready) continue;
      for (const {work} of cell.sources) {
        const {source} = work;
        if (source.at === undefined) this.#all.add(source.table);
        else if ('version' in source.at) this.#read.add(at(source.table.toLowerCase(), source.at.version));
      }
      const [write] = touching(cell.work.touches, 'lake-write');
      if (write === undefined) continue;
      const table = write.name;
      const key = table.toLowerCase();
      const facts = known(cell.hash)?.figures?.facts ?? {};
      const version = facts['committed'] === 0 ? undefined : facts['version'];
      const before = last.get(key);
      this.#names.set(key, table);
      this.#writers.set(key, [...(this.#writers.get(key) ?? []), cell]);
      // A gap before its version is a commit of someone else's.
      const isNext = version === undefined || version === (last.has(key) ? (before ?? version - 1) + 1 : 0);
      if (write.mode === 'overwrite') this.#partial.delete(key);
      else if (!isNext && !this.#partial.has(key)) this.#partial.set(key, cell);
      if (version !== undefined && !this.#partial.has(key)) this.#of(key).set(version, cell);
      last.set(key, version ?? before);
    }
  }

  /** What a cell that is left out would have written is missing from now on. */
  lose({name}: CompiledCell): void {
    for (const [key, writers] of this.#writers)
      if (writers.some((cell) => cell.name === name)) this.#lost.set(key, name);
  }

  get isWritten(): boolean {
    return this.#names.size > 0;
  }

  #of(key: string): Map<number, CompiledCell> {
    const versions = this.#versions.get(key) ?? new Map<number, CompiledCell>();
    this.#versions.set(key, versions);
    return versions;
  }

  /** What is to be said of a cell that adds to rows the script doesn't have. */
  partialBy(cell: CompiledCell): Left | undefined {
    const [key] = [...this.#partial].find(([, by]) => by === cell) ?? [];
    const table = key === undefined ? undefined : this.#names.get(key);
    if (table === undefined) return undefined;
    return {
      cell: cell.name,
      line: cell.line,
      why: `It adds to lake.${table}, which has rows that this notebook didn’t write.`,
      instead: bring(table),
    };
  }

  /** The name of the copy to keep of the version that a cell makes; undefined when none reads it. */
  versionMade(cell: CompiledCell): string | undefined {
    for (const [key, versions] of this.#versions)
      for (const [version, by] of versions)
        if (by === cell && this.#read.has(at(key, version))) return at(this.#names.get(key) ?? key, version);
    return undefined;
  }

  /** The name in the schema lake of what a cell reads, and what it lacks. */
  read({work: {source}}: LakeSource): {
    readonly table: string;
    readonly lacks?: {readonly why: string; readonly advice: string; readonly byFile: boolean};
  } {
    const key = source.table.toLowerCase();
    const table = this.#names.get(key) ?? source.table;
    const isOthers = !this.#names.has(key) || this.#partial.has(key);
    const lost = this.#lost.get(key);
    if (source.at !== undefined) {
      if (!isOthers && lost === undefined && 'version' in source.at && this.#of(key).has(source.at.version))
        return {table: at(table, source.at.version)};
      const which = 'version' in source.at ? `version ${source.at.version}` : 'a version by its time';
      return {
        table,
        lacks: {
          why: `It reads ${which} of lake.${table}, which no cell of the script makes.`,
          advice: '',
          byFile: true,
        },
      };
    }
    if (isOthers)
      return {
        table,
        lacks: {why: `lake.${table} has rows that this notebook didn’t write.`, advice: bring(table), byFile: false},
      };
    if (lost !== undefined)
      return {
        table,
        lacks: {
          why: `It reads lake.${table}, which ${lost} writes.`,
          advice: `Once ${lost} is there, take the marks off.`,
          byFile: false,
        },
      };
    return {table};
  }

  /** Tables with rows of others that cells read or add to. */
  get lacking(): string[] {
    const read = [...this.#all].filter((table) => !this.#names.has(table.toLowerCase()));
    return [...new Set([...read, ...[...this.#partial.keys()].map((key) => this.#names.get(key) ?? key)])];
  }
}

const at = (table: string, version: number): string => `${table}@v${version}`;
const bring = (table: string): string =>
  `Export ${table} as a zip in the page, unpack it beside the script, and take the marks off the lines that load it and off what reads it.`;

/** Files as DuckDB itself reads them. */
function readSql(
  files: readonly string[],
  options: LoadOptions,
  known: StoredResult | undefined,
  databases: ReadonlyMap<string, string>,
): ScriptRows {
  const found = known?.files ?? [];
  const read = sourceOf(files, options, found[0]).toScript({files, options, found, result: known, databases});
  if ('why' in read) throw new Out(read.why, read.instead);
  return read;
}
