import type {Handover} from './handover/define.ts';
import type {ReportFormat} from './handover/report.ts';
import type {HandoverTarget} from './handover/index.ts';
import type {Alert} from './notebook/alert.ts';
import type {VacuumOptions} from './lake/vacuum.ts';
import {ProblemError, unwrap, type Problem} from './lib/problem.ts';
import {exportFormats, type ExportFormat, type ExportOptions} from './notebook/export-format.ts';
import type {RowsCompared} from './handover/compare-rows.ts';
import {cellNamed} from './notebook/names.ts';
import {propose} from './notebook/propose.ts';
import type {RunReport} from './notebook/runs.svelte.ts';
import type {Session} from './notebook/session.svelte.ts';
import {timeOf} from './lib/time.ts';
import type {Database, DatabaseTable} from './notebook/database.svelte.ts';
import type {Comparison, Lake} from './notebook/lake.svelte.ts';
import type {At, Commit, Committed, Encryption, StoredFile, TableEntry, TableVersion, Vacuumed} from './ports/index.ts';
import type {Column} from './sql/types.ts';
import type {Row} from './lib/value.ts';

/**
 * `window.lakebook`: what the console, the tests, the benchmarks and embedding pages use. Calls reject with an Error whose
 * message is the problem's sentence and whose `problem` holds it whole.
 */
export interface LakebookApi {
  /** Resolves when the workspace is read and the engine answers. */
  readonly ready: Promise<void>;
  /** Replaces the open notebook with this Markdown and gives what is wrong with it as written; undo brings the old one back. */
  open(markdown: string): Promise<Problem[]>;
  /** Adds a file to the workspace, as if it had been dropped. */
  addFile(name: string, data: Blob): Promise<StoredFile>;
  /** Fetches a file from an address, as if the user had typed it. */
  addUrl(address: string): Promise<StoredFile>;
  /** Runs the notebook, or one cell and what it reads. */
  run(cell?: string): Promise<RunReport>;
  cancel(): Promise<void>;
  /** What the last run did: as text, as JSON, or as a page of its own. */
  report(format?: ReportFormat): Promise<string>;
  /** The alerts of the notebook’s last run, the open and critical ones first; `acknowledged` is the user’s mark. */
  alerts(): Promise<readonly (Alert & {readonly acknowledged: boolean})[]>;
  /** Marks open alerts as seen, by their keys, or takes the mark back. */
  acknowledge(keys: readonly string[], acknowledged?: boolean): Promise<void>;
  /** Fills a quality cell's parameters with expectations that suit the rows it reads, as one edit; gives the values. */
  propose(cell: string): Promise<Readonly<Record<string, unknown>>>;
  /** Runs a query that may name cells, and tables of the lake as `lake.readings`. Values are exact: bigint, ISO timestamps, decimals as text. */
  query(sql: string): Promise<{columns: readonly Column[]; rows: readonly Row[]}>;
  /** A cell's rows as a file; with `encrypt` as an age file or a Fernet token. */
  export(cell: string, format: ExportFormat, options?: ExportOptions): Promise<Blob>;
  /** Any file, encrypted. */
  encrypt(file: Blob, how: Encryption): Promise<Blob>;
  /** What is in an age file or a Fernet token, by its passphrase, its key or an age identity. */
  decrypt(file: Blob, secret: string): Promise<Blob>;
  /** The notebook's Markdown. */
  notebook(): string;
  /** The notebook as one text that runs elsewhere: a PySpark job, a DuckDB script. */
  handover(target: HandoverTarget): Promise<string>;
  /** The same with all that belongs to it, as a zip; with `inputs` the files that the notebook reads go along, where they may (`pyspark`, `dbt`). */
  handoverZip(target: HandoverTarget, options?: {readonly inputs?: boolean}): Promise<Blob>;
  /**
   * Compares the notebook's results with what a run of its PySpark job wrote: folders of Parquet files or Delta tables that are named as the
   * cells, by path, or a zip of them. One entry for each of them, in the cells' order.
   */
  compare(files: readonly {readonly path: string; readonly data: Blob}[]): Promise<readonly ComparedCell[]>;
  /** A link that carries the notebook's text, and nothing else of the workspace. */
  link(): Promise<string>;
  /** The SQL that a cell stands for. */
  sqlOf(cell: string): string;
  readonly lake: LakeApi;
  readonly postgres: PostgresApi;
}

/** A cell's rows, or its rejects', beside those of a Spark run. */
export interface ComparedCell extends Partial<RowsCompared> {
  readonly cell: string;
  readonly equal: boolean;
  /** Why it could not be compared; then there are no figures. */
  readonly problem: Problem | undefined;
}

/** The lake's tables by name. A version is a number; a time is milliseconds since 1970 or ISO 8601, in UTC when it has no zone. */
export interface LakeApi {
  tables(): Promise<readonly TableEntry[]>;
  /** Every commit, the newest first. */
  history(table: string): Promise<readonly Commit[]>;
  /** A version's schema, files and properties; the latest when `at` is absent. */
  version(table: string, at?: ReadAt): Promise<TableVersion>;
  /** A version's rows, as exact as `query` gives them. */
  read(table: string, at?: ReadAt): Promise<{columns: readonly Column[]; rows: readonly Row[]}>;
  /** Rows added, removed and changed between two versions, by key or as whole rows. */
  diff(table: string, before: number, after: number, keys?: readonly string[]): Promise<Comparison>;
  restore(table: string, at: ReadAt): Promise<Committed>;
  /** Deletes files that no version of the last `retainHours` (168) needs. */
  vacuum(table: string, options?: Partial<VacuumOptions>): Promise<Vacuumed>;
  remove(table: string): Promise<void>;
  rename(table: string, to: string): Promise<void>;
  /** The table as a zip that Spark, delta-rs and DuckDB open once it is unpacked. */
  zip(table: string, options?: {encrypt?: Encryption}): Promise<Blob>;
  /** Brings in a Delta table's zip under a name. */
  import(table: string, zip: Blob): Promise<TableEntry>;
}

/** The page's PostgreSQL database. */
export interface PostgresApi {
  tables(): Promise<readonly DatabaseTable[]>;
  /** A statement that reads, run by PostgreSQL; values as exact as `query` gives them. */
  query(statement: string): Promise<{columns: readonly Column[]; rows: readonly Row[]}>;
  /** All of it as SQL that `psql -f` loads into PostgreSQL 14 or later. */
  dump(options?: {encrypt?: Encryption}): Promise<Blob>;
  /** Runs a dump, all of it or nothing; the number of its statements. */
  load(dump: Blob): Promise<number>;
  drop(table: string): Promise<void>;
}

export interface ReadAt {
  readonly version?: number;
  readonly timestamp?: number | string;
}

export function createApi(session: Session, ready: Promise<void>): LakebookApi {
  const idOf = (name: string): string => {
    const cell = cellNamed(session.document.notebook, name);
    if (cell === undefined)
      throw new ProblemError({
        code: 'CELL_NOT_FOUND',
        message: `There is no cell called ${name}.`,
        hint: 'Name one of the notebook’s cells.',
      });
    return cell.id;
  };
  const handoverTo = async (target: string) => {
    await ready;
    const {handovers} = await import('./handover/index.ts');
    const found = handovers.find((each) => each.target === target);
    if (found === undefined)
      throw new ProblemError({
        code: 'HANDOVER',
        message: `There is no hand-over called ${target}.`,
        hint: `Choose one of ${handovers.map((each) => each.target).join(', ')}.`,
      });
    const handover: Handover = {
      path: session.document.path,
      notebook: session.document.notebook,
      plan: [...session.runs.planned.values()],
      known: (hash) => session.runs.known(hash),
    };
    return {handover, target: found, files: found.make(handover).files};
  };
  return {
    ready,
    async open(markdown) {
      await ready;
      if (session.document.path === '') await session.notebooks.openMarkdown(markdown);
      else await session.document.replaceMarkdown(markdown);
      return [
        ...session.document.notebook.problems,
        ...[...session.runs.planned.values()].flatMap((cell) => (cell.ready ? [] : cell.problems)),
      ];
    },
    async addFile(name, data) {
      await ready;
      return session.files.add(name, data);
    },
    async addUrl(address) {
      await ready;
      const {fetchFile} = await import('./ui/intake/fetch.ts');
      const file = await fetchFile(address);
      return session.files.add(file.name, file);
    },
    async propose(cell) {
      await ready;
      return propose(session, idOf(cell));
    },
    async run(cell) {
      await ready;
      return session.runs.run(cell);
    },
    cancel: () => session.runs.stop(),
    async report(format = 'text') {
      await ready;
      const {lastRun} = session.runs;
      if (lastRun === undefined)
        throw new ProblemError({code: 'NOTHING_RAN', message: 'Nothing has run yet.', hint: 'Run the notebook first.'});
      const {reportAs, reportFormats} = await import('./handover/report.ts');
      if (!reportFormats.includes(format))
        throw new ProblemError({
          code: 'REPORT_FORMAT',
          message: `There is no report as ${String(format)}.`,
          hint: `Choose one of ${reportFormats.join(', ')}.`,
        });
      return reportAs(lastRun, format);
    },
    async alerts() {
      await ready;
      await session.alerts.settled;
      return session.alerts.all.map((alert) => ({...alert, acknowledged: session.alerts.isAcknowledged(alert)}));
    },
    async acknowledge(keys, acknowledged = true) {
      await ready;
      await session.alerts.settled;
      const known = session.alerts.open.filter(({key}) => keys.includes(key));
      await session.alerts.acknowledge(known, acknowledged);
    },
    async query(text) {
      await ready;
      return session.runs.query(text);
    },
    async export(cell, format, options) {
      await ready;
      if (!exportFormats.includes(format))
        throw new ProblemError({
          code: 'EXPORT_FORMAT',
          message: `There is no export format ${String(format)}.`,
          hint: `Choose one of ${exportFormats.join(', ')}.`,
        });
      return session.faces.exportCell(idOf(cell), format, options);
    },
    async encrypt(file, how) {
      await ready;
      return session.files.encrypt(named(file), how);
    },
    async decrypt(file, secret) {
      await ready;
      return (await session.files.decrypt(named(file), secret)).file;
    },
    notebook: () => session.document.markdown(),
    async handover(target) {
      const [main] = (await handoverTo(target)).files;
      return main?.text ?? '';
    },
    async handoverZip(name, {inputs = false} = {}) {
      const [{zipOf}, {inputFiles, inputsIn}] = await Promise.all([
        import('./handover/zip.ts'),
        import('./handover/inputs.ts'),
      ]);
      const {handover, target, files} = await handoverTo(name);
      if (!inputs) return zipOf(files);
      if (target.inputs === undefined)
        throw new ProblemError({
          code: 'HANDOVER',
          message: `${target.title}: input files don’t go with it, as it is one file.`,
          hint: 'Choose pyspark or dbt for a folder that has them.',
        });
      const along = await inputsIn(target.inputs, inputFiles(handover), (file) => session.files.stored(file));
      return zipOf([...files, ...along]);
    },
    async link() {
      const {notebookLink} = await import('./handover/link.ts');
      return unwrap(await notebookLink(session.document.markdown(), location.href));
    },
    async compare(files) {
      await ready;
      const {compareOutput} = await import('./handover/compare.ts');
      const {cells} = await compareOutput(
        session,
        files.map(({path, data}) => ({path, file: new File([data], path)})),
      );
      return cells.map(({name, equal, problem, found}) => ({cell: name, equal, problem, ...found}));
    },
    sqlOf: (cell) => session.faces.sqlOf(idOf(cell)),
    lake: lakeApi(session.lake, ready),
    postgres: postgresApi(session.database, ready),
  };
}

const named = (blob: Blob): File => (blob instanceof File ? blob : new File([blob], 'file', {type: blob.type}));

function lakeApi(lake: Lake, ready: Promise<void>): LakeApi {
  const whenReady =
    <Given extends readonly unknown[], T>(call: (...given: Given) => Promise<T>) =>
    (...given: Given): Promise<T> =>
      ready.then(() => call(...given));
  return {
    tables: whenReady(async () => {
      await lake.refresh();
      return lake.tables ?? [];
    }),
    history: whenReady((table: string) => lake.history(table)),
    version: whenReady((table: string, at?: ReadAt) => lake.version(table, moment(at))),
    read: whenReady(async (table: string, at?: ReadAt) => {
      const opened = await lake.openVersion(table, moment(at));
      try {
        return {columns: opened.columns, rows: await opened.fetch(0, opened.rows, [])};
      } finally {
        await opened.close();
      }
    }),
    diff: whenReady((table: string, before: number, after: number, keys: readonly string[] = []) =>
      lake.compare(table, before, after, keys),
    ),
    restore: whenReady(async (table: string, at: ReadAt) => {
      const to = moment(at);
      if (to === undefined)
        throw new ProblemError({
          code: 'VERSION',
          message: `To what ${table} is to be restored was not said.`,
          hint: 'Give {version: 3} or {timestamp: …}.',
        });
      return lake.restore(table, to);
    }),
    vacuum: whenReady((table: string, {retainHours = 168, dryRun = false} = {}) =>
      lake.vacuum(table, retainHours, dryRun),
    ),
    remove: whenReady((table: string) => lake.remove(table)),
    rename: whenReady((table: string, to: string) => lake.rename(table, to)),
    zip: whenReady((table: string, options?: {encrypt?: Encryption}) => lake.exportTable(table, options)),
    import: whenReady((table: string, zip: Blob) => lake.importTable(table, new File([zip], `${table}.zip`))),
  };
}

function postgresApi(database: Database, ready: Promise<void>): PostgresApi {
  return {
    tables: () => ready.then(() => database.refresh()),
    query: (statement) => ready.then(() => database.query(statement)),
    dump: (options) => ready.then(() => database.dump(options)),
    load: (dump) => ready.then(() => database.load(dump)),
    drop: (table) => ready.then(() => database.drop('public', table)),
  };
}

function moment(at: ReadAt | undefined): At | undefined {
  if (at?.version !== undefined) return {version: at.version};
  if (at?.timestamp === undefined) return undefined;
  const timestamp = typeof at.timestamp === 'number' ? at.timestamp : timeOf(at.timestamp);
  if (timestamp === undefined)
    throw new ProblemError({
      code: 'TIMESTAMP',
      message: `“${at.timestamp}” is no time.`,
      hint: 'Write one such as 2024-03-01T12:00:00.',
    });
  return {timestamp};
}
