import {exportedAs} from '../encrypt/define.ts';
import {problemOf, type Problem} from '../lib/problem.ts';
import type {Row} from '../lib/value.ts';
import type {
  At,
  Commit,
  Committed,
  Encryption,
  FileAt,
  Ports,
  Progress,
  TableEntry,
  TableVersion,
  Vacuumed,
} from '../ports/index.ts';
import {pageSql, type Sort} from '../sql/page.ts';
import {id, sql} from '../sql/sql.ts';
import type {Column} from '../sql/types.ts';
import type {Comparison} from '../tables/lake-diff.ts';

/** What the lake tells whoever holds it. */
export interface LakeEvents {
  notify(problem: Problem): void;
  /** A table that was there is gone, or is another one of the same name: what came from it counts for nothing. */
  onGone(table: string): void;
  /** The catalogue was read. */
  onTables(): void;
}

/** How far long work is, and the way to stop it. */
export interface Work {
  readonly onProgress?: (progress: Progress) => void;
  readonly signal?: AbortSignal | undefined;
}

export interface ExportWork extends Work {
  readonly encrypt?: Encryption | undefined;
}

/** A version whose rows are in the engine, to look at; `close` takes them out again. */
export interface OpenedVersion {
  readonly version: number;
  readonly columns: readonly Column[];
  readonly rows: number;
  readonly fetch: (offset: number, limit: number, sort: readonly Sort[]) => Promise<readonly Row[]>;
  close(): Promise<void>;
}

export type {Comparison} from '../tables/lake-diff.ts';

/** The lake as the page sees it: the catalogue, kept up to date with every commit here and in other tabs, and what can be done with a table. */
export class Lake {
  /** By name. */
  tables = $state.raw<readonly TableEntry[]>([]);
  /** False until the catalogue was read for the first time: an empty one means nothing before. */
  known = $state(false);
  readonly byName: ReadonlyMap<string, TableEntry> = $derived(
    new Map(this.tables.map((entry) => [entry.name.toLowerCase(), entry])),
  );
  #reading: Promise<void> | undefined;
  #isStale = false;
  #opened = 0;
  #busy = 0;
  #later: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly ports: Ports,
    private readonly events: LakeEvents,
  ) {
    ports.lake.onChange(() => this.#changed());
  }

  entry(table: string): TableEntry | undefined {
    return this.byName.get(table.toLowerCase());
  }

  /** While `work` goes on, the page reads the catalogue once a second at most: to read it after each commit would hold up the next. After work that `writes` it reads it once more. */
  async during<T>(writes: boolean, work: () => Promise<T>): Promise<T> {
    this.#busy++;
    try {
      return await work();
    } finally {
      this.#busy--;
      if (writes || this.#later !== undefined) await this.refresh();
    }
  }

  #changed(): void {
    if (this.#busy === 0) void this.refresh();
    else this.#later ??= setTimeout(() => void this.refresh(), 1000);
  }

  /** Reads the catalogue anew; changes that are told meanwhile lead to one more reading. */
  refresh(): Promise<void> {
    clearTimeout(this.#later);
    this.#later = undefined;
    this.#isStale = true;
    this.#reading ??= this.#readTables().finally(() => (this.#reading = undefined));
    return this.#reading;
  }

  async #readTables(): Promise<void> {
    while (this.#isStale) {
      this.#isStale = false;
      try {
        const tables = await this.ports.lake.tables();
        const before = this.tables;
        this.tables = tables;
        this.known = true;
        for (const {name, id} of before) if (this.entry(name)?.id !== id) this.events.onGone(name);
        this.events.onTables();
      } catch (thrown) {
        this.events.notify(problemOf(thrown));
      }
    }
  }

  /** Every commit, the newest first. */
  history(table: string): Promise<readonly Commit[]> {
    return this.ports.lake.history(table);
  }

  /** What is known of a version without reading its rows; the latest when `at` is absent. */
  version(table: string, at?: At): Promise<TableVersion> {
    return this.ports.lake.table(table, at);
  }

  /** A commit's file as it is: one JSON action a line. */
  log(table: string, version: number): Promise<string> {
    return this.ports.lake.log(table, version);
  }

  /** Reads a version's rows into the engine; those of an engine that was started anew are read again when they are asked for. */
  async openVersion(table: string, at: At | undefined, work: Work = {}): Promise<OpenedVersion> {
    const {engine} = this.ports;
    const into = `lake_look_${++this.#opened}`;
    let isThere = false;
    const forget = engine.onRestart(() => (isThere = false));
    const read = async (
      which: At | undefined,
      {onProgress, signal}: Work,
    ): Promise<{version: number; columns: readonly Column[]}> => {
      const {readLakeTable} = await import('../tables/lake-read.ts');
      const found = await readLakeTable(
        this.ports,
        {table, at: which},
        {into, onProgress: onProgress ?? ignore, signal},
      );
      isThere = true;
      return found;
    };
    const close = async (): Promise<void> => {
      forget();
      await engine.execute([sql`DROP TABLE IF EXISTS ${id(into)}`]);
    };
    try {
      const {version, columns} = await read(at, work);
      const {rows} = await engine.rows(sql`SELECT count(*) FROM ${id(into)}`, {signal: work.signal});
      return {
        version,
        columns,
        rows: Number(rows[0]?.[0] ?? 0),
        fetch: async (offset, limit, sort) => {
          if (!isThere) await read({version}, {});
          return (await engine.rows(pageSql({relation: id(into), columns}, {offset, limit, sort}))).rows;
        },
        close,
      };
    } catch (thrown) {
      await close().catch(ignore);
      throw thrown;
    }
  }

  /** Compares the rows of two versions: by `keys`, or as whole rows when there are none. */
  async compare(
    table: string,
    before: number,
    after: number,
    keys: readonly string[],
    signal?: AbortSignal,
  ): Promise<Comparison> {
    const {compareVersions} = await import('../tables/lake-diff.ts');
    return compareVersions(this.ports, table, {version: before}, {version: after}, keys, signal);
  }

  // ---- changes

  restore(table: string, at: At): Promise<Committed> {
    return this.#changing(() => this.ports.lake.restore(table, at));
  }

  /** What vacuum would delete, or has deleted. */
  vacuum(table: string, retainHours: number, dryRun: boolean): Promise<Vacuumed> {
    return this.#changing(() => this.ports.lake.vacuum(table, {retainHours, dryRun}));
  }

  rename(table: string, to: string): Promise<void> {
    return this.#changing(async () => void (await this.ports.lake.rename(table, to)));
  }

  /** Deletes a table with all its versions: there is no way back. */
  remove(table: string): Promise<void> {
    return this.#changing(async () => void (await this.ports.lake.remove(table)));
  }

  /** Brings in a table written elsewhere, from a zip or a folder's files. */
  importTable(table: string, source: File | readonly FileAt[], work: Work = {}): Promise<TableEntry> {
    return this.#changing(() => this.ports.lake.importTable(table, source, bytesTo(work), {signal: work.signal}));
  }

  /** The table as a zip that Delta readers open once unpacked. */
  async exportTable(table: string, work: ExportWork = {}): Promise<File> {
    const file = await this.ports.lake.exportTable(table, bytesTo(work), work);
    return exportedAs(`${table}.zip`, 'application/zip', file, work.encrypt);
  }

  /** The catalogue is as `work` left it once this resolves. */
  async #changing<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } finally {
      await this.refresh();
    }
  }
}

const ignore = (): void => undefined;

/** Bytes as progress. */
export const bytesTo =
  ({onProgress}: Work) =>
  (done: number, total: number): void =>
    onProgress?.({done, total});
