import {at, problemOf, ProblemError} from '../lib/problem.ts';
import type {Ports} from '../ports/index.ts';
import {id, sql, type Sql} from '../sql/sql.ts';
import {
  rejectsOf,
  type Applies,
  type Base,
  type Computed,
  type InputTable,
  type MakerContext,
  type RunEvents,
  type StoredResult,
} from './define.ts';
import {make} from './makers/index.ts';
import {assign, sideBySide} from './parts.ts';
import type {Input} from './program.ts';
import {isLakeTable, mentionsTable, touching} from './touch.ts';

const tableOf = (hash: string): string => `result_${hash}`;

/** A name under which SQL of the user's finds a table. */
type View = Pick<Input, 'name' | 'relation'>;

/**
 * Results by their content hash: tables in the engine under a memory budget. The least recently used goes first, and one that is gone is
 * computed again from its lineage when it is asked for. Its methods run in turns, which the `Runner` gives.
 */
export class Results {
  readonly #known = new Map<string, StoredResult>();
  /** Hashes whose table is in the engine, least recently used first. */
  readonly #present = new Set<string>();
  /** Every computed cell seen so far by hash: the lineage. */
  readonly #lineage = new Map<string, Computed>();
  /** How often a result was forgotten, as its table in PostgreSQL or the lake was changed: then equal hashes may mean other rows. */
  readonly #editions = new Map<string, number>();
  /** Hashes whose tables are being read: eviction leaves them alone. */
  readonly #pinned: string[] = [];
  #views: ReadonlySet<string> = new Set();
  /** Bytes that DuckDB held after the last result was made or dropped, and may hold. */
  #memory = {used: 0, limit: Infinity};
  /** The notebook whose cells run, as the lake's history names it. */
  notebookPath = '';

  /** `budget` is the share of the engine's memory limit that results may fill. */
  constructor(
    private readonly ports: Ports,
    private readonly budget: number,
  ) {
    ports.engine.onRestart(() => {
      this.#present.clear();
      this.#views = new Set();
      this.#memory = {used: 0, limit: Infinity};
    });
  }

  /** Remembers where results come from. */
  addLineage(computed: readonly Computed[]): void {
    for (const known of computed) this.#lineage.set(known.hash, known);
  }

  /** What a hash is computed from. */
  lineageOf(hash: string): Computed | undefined {
    return this.#lineage.get(hash);
  }

  /** What is known of a result without computing anything. */
  known(hash: string): StoredResult | undefined {
    return this.#known.get(hash);
  }

  /** Whether a result's table is in the engine right now. */
  isPresent(hash: string): boolean {
    return this.#known.get(hash)?.parts.every((part) => this.#present.has(part.hash)) ?? false;
  }

  /** Names the rows of a hash, for what is made of them and kept. */
  edition(hash: string): string {
    return `${hash} ${this.#editions.get(hash) ?? 0}`;
  }

  rowsOf(input: InputTable): number | null {
    const result = this.#known.get(input.hash);
    return (input.rejects ? result?.rejects?.rows : result?.rows) ?? null;
  }

  /** Forgets what was read from or written to a table of the lake that is gone, and all that came of it; gives the hashes. */
  forgetLake(table: string): ReadonlySet<string> {
    return this.#forgetAll(
      ({work, after}, gone) =>
        work.touches.some((touch) => isLakeTable(touch, table)) || (after !== undefined && gone.has(after)),
    );
  }

  /**
   * Forgets what was written to or read from a table of PostgreSQL that has changed since, or from all of them, and all that came of it; gives
   * the hashes. `by` is the cell that changed it: what was read between it and the cells above that write the table is as it was.
   */
  forgetPostgres(table?: string, by?: Computed): ReadonlySet<string> {
    const before = new Set<string>();
    for (let at = by; at !== undefined; at = at.after === undefined ? undefined : this.#lineage.get(at.after))
      before.add(at.hash);
    return this.#forgetAll((known) => {
      const {inputs, work, hash} = known;
      const isAbove =
        !inputs.some((input) => input.hash === by?.hash) && inputs.some((input) => before.has(input.hash));
      return work.touches.some((touch) => {
        if (touch.kind === 'postgres-read')
          return !isAbove && (table === undefined || mentionsTable(touch.statement, table));
        return touch.kind === 'postgres-write' && (table === undefined || touch.name === table) && !before.has(hash);
      });
    });
  }

  /** Forgets the results that `isTouched` names, and all that read these. */
  #forgetAll(isTouched: (known: Computed, gone: ReadonlySet<string>) => boolean): ReadonlySet<string> {
    const gone = new Set<string>();
    // Inputs come before what reads them, so one pass finds all.
    for (const known of this.#lineage.values())
      if (isTouched(known, gone) || known.inputs.some(({hash}) => gone.has(hash))) gone.add(known.hash);
    for (const hash of gone) {
      this.#drop(hash);
      this.#present.delete(hash);
    }
    return gone;
  }

  #drop(hash: string): void {
    if (this.#known.delete(hash)) this.#editions.set(hash, (this.#editions.get(hash) ?? 0) + 1);
  }

  /** What other cells, or other texts of this one, wrote to the table counts as written no longer: they look at the table when they run again. */
  #forgetWriters(table: string, {self, before}: Applies): void {
    for (const {applies, work, hash} of this.#lineage.values()) {
      const isWriter = touching(work.touches, 'lake-write').some(
        ({name}) => name.toLowerCase() === table.toLowerCase(),
      );
      if (isWriter && applies !== undefined && applies.self !== self && !before.includes(applies.self))
        this.#drop(hash);
    }
  }

  /** Takes out of the engine what isn't of these results: SQL finds tables there by more ways than names. */
  async leaveOnly(kept: ReadonlySet<string>): Promise<void> {
    const tables = new Set([...kept].flatMap((hash) => [tableOf(hash), rejectsOf(tableOf(hash))]));
    await this.showOnly([], undefined);
    const {rows} = await this.ports.engine.rows(sql`SELECT table_name FROM duckdb_tables() WHERE NOT internal`);
    const others = rows.flatMap(([name]) => (typeof name === 'string' && !tables.has(name) ? [name] : []));
    await this.ports.engine.execute(others.map((name) => sql`DROP TABLE IF EXISTS ${id(name)}`));
    for (const hash of this.#present) if (!kept.has(hash)) this.#present.delete(hash);
  }

  /** The result of a hash with its table in the engine. */
  async ensure(hash: string, events: RunEvents, signal: AbortSignal | undefined): Promise<StoredResult> {
    const known = this.#known.get(hash);
    if (known?.through !== undefined) return this.#passOn(known, known.through, events, signal);
    if (known !== undefined && this.isPresent(hash)) {
      this.#use(known);
      return known;
    }
    const cell = this.#lineage.get(hash);
    if (cell === undefined)
      throw new ProblemError({
        code: 'CELL_NOT_FOUND',
        message: 'The cell this result came from is gone.',
        hint: 'Run the notebook again.',
      });
    return this.pinning(async () => {
      if (cell.after !== undefined && !this.#known.has(cell.after)) await this.ensure(cell.after, events, signal);
      const inputs = await this.inputs(cell, events, signal);
      const result = await this.#withRoom(() => this.#materialise(cell, inputs, events, signal));
      this.#known.set(hash, result);
      if (result.through === undefined) this.#present.add(hash);
      this.#use(result);
      this.pin(hash);
      await this.#evict();
      return result;
    });
  }

  /** A result that passes on the rows of another one. */
  async #passOn(
    known: StoredResult,
    through: string,
    events: RunEvents,
    signal: AbortSignal | undefined,
  ): Promise<StoredResult> {
    const fresh = await this.ensure(through, events, signal);
    if (fresh.parts === known.parts) return known;
    // Computed again, rows may differ: those of a sample, for example.
    const {hash, figures, ms} = known;
    const passed = {...fresh, hash, through, rejects: undefined, figures, verdict: undefined, ms, bytes: 0};
    this.#known.set(hash, passed);
    return passed;
  }

  /** What `work` pins stays in the engine until it is done. */
  async pinning<T>(work: () => Promise<T>): Promise<T> {
    const before = this.#pinned.length;
    try {
      return await work();
    } finally {
      this.#pinned.length = before;
    }
  }

  /** Keeps a result's tables in the engine until the work under way is done. */
  pin(hash: string): void {
    this.#pinned.push(...(this.#known.get(hash)?.parts.map((part) => part.hash) ?? []));
  }

  /** Makes a result's tables the most recently used. */
  #use({parts}: StoredResult): void {
    // What others lie beside is used with each of them, so it goes after them.
    for (const {hash} of parts.toReversed()) {
      this.#present.delete(hash);
      this.#present.add(hash);
    }
  }

  /** The tables that a cell reads, pinned. */
  async inputs(cell: Computed, events: RunEvents, signal: AbortSignal | undefined): Promise<Input[]> {
    const inputs: Input[] = [];
    for (const table of cell.inputs) {
      const result = await this.ensure(table.hash, events, signal);
      this.pin(table.hash);
      if (!table.rejects)
        inputs.push({name: table.name, relation: result.relation, columns: result.columns, places: result.places});
      else if (result.rejects === undefined)
        throw new ProblemError({
          code: 'NO_REJECTS',
          message: `${table.name} is empty: nothing was rejected there.`,
          hint: 'Only load, cast, validate and quality keep such rows.',
        });
      else inputs.push({name: table.name, relation: id(result.rejects.table), columns: result.rejects.columns});
    }
    return inputs;
  }

  async #materialise(
    cell: Computed,
    inputs: readonly Input[],
    events: RunEvents,
    signal: AbortSignal | undefined,
  ): Promise<StoredResult> {
    const {engine} = this.ports;
    const table = tableOf(cell.hash);
    const started = performance.now();
    const problem = cell.work.check(inputs);
    if (problem !== undefined) throw new ProblemError(at(problem, {cell: cell.name, line: cell.line}));
    const program = cell.work.program(inputs);
    const made = await make(program, this.#contextOf(cell, table, inputs, events, signal));
    if (made.through !== undefined)
      return {
        ...made.through,
        hash: cell.hash,
        through: made.through.hash,
        rejects: undefined,
        figures: made.figures,
        verdict: undefined,
        ms: performance.now() - started,
        bytes: 0,
      };
    const [{columns, rows}, rejects, memory] = await Promise.all([
      made.described ?? engine.describeTable(table, {signal}),
      made.rejects === undefined ? undefined : engine.describeTable(made.rejects, {signal}),
      engine.memory(),
    ]);
    const before = this.#memory.used;
    this.#memory = memory;
    const whole = assign(made.base ?? {parts: [], columns: []}, {hash: cell.hash, table}, columns);
    return {
      hash: cell.hash,
      places: undefined,
      ...sideBySide(whole.parts, whole.columns),
      ...whole,
      rows,
      rejects: made.rejects === undefined || rejects === undefined ? undefined : {table: made.rejects, ...rejects},
      files: made.files ?? [],
      through: undefined,
      figures: made.figures,
      verdict: made.verdict,
      ms: performance.now() - started,
      bytes: Math.max(0, memory.used - before),
    };
  }

  #contextOf(
    cell: Computed,
    table: string,
    inputs: readonly Input[],
    events: RunEvents,
    signal: AbortSignal | undefined,
  ): MakerContext {
    return {
      ports: this.ports,
      cell,
      table,
      inputs,
      events,
      signal,
      notebookPath: this.notebookPath,
      base: () => this.#baseOf(cell),
      known: (hash) => this.known(hash),
      showOnly: (tables) => this.showOnly(tables, signal),
      forgetWriters: (lakeTable, applies) => this.#forgetWriters(lakeTable, applies),
      forgetPostgres: (postgresTable) => void this.forgetPostgres(postgresTable, cell),
    };
  }

  /** The rows of a cell's first input. */
  #baseOf({inputs: [input]}: Computed): Base | undefined {
    const result = this.#known.get(input?.hash ?? '');
    if (result?.rejects === undefined || input?.rejects !== true) return result;
    const {table, columns, rows} = result.rejects;
    return {parts: [{hash: result.hash, table, columns: columns.map(({name}) => name)}], columns, rows};
  }

  /** Makes these the only names that SQL and expressions find: one that is no input would go unnoticed in the hash. */
  async showOnly(tables: readonly View[], signal: AbortSignal | undefined): Promise<void> {
    const gone = [...this.#views].filter((view) => !tables.some((table) => table.name === view));
    if (gone.length + tables.length === 0) return;
    await this.ports.engine.execute(
      [...gone.map((view) => sql`DROP VIEW IF EXISTS ${id(view)}`), ...tables.map(createView)],
      {signal},
    );
    this.#views = new Set(tables.map((table) => table.name));
  }

  /** Work that finds no room is tried once more without the tables that it doesn't read. */
  async #withRoom<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (thrown) {
      const before = this.#present.size;
      if (problemOf(thrown).code !== 'OUT_OF_MEMORY') throw thrown;
      await this.#evict(0);
      if (this.#present.size === before) throw thrown;
      return work();
    }
  }

  /** Counts a result's table as gone, and with it those that are beside it: rows that are computed again may come in another order. Gives the tables. */
  #leave(hash: string): string[] {
    const gone = [...this.#present].filter(
      (other) => other === hash || this.#known.get(other)?.parts.some((part) => part.hash === hash) === true,
    );
    for (const other of gone) this.#present.delete(other);
    return gone.flatMap((other) => [
      tableOf(other),
      ...(this.#known.get(other)?.rejects === undefined ? [] : [rejectsOf(tableOf(other))]),
    ]);
  }

  /** Drops the least recently used tables until DuckDB is back under the budget, or under that `share` of its limit. */
  async #evict(share = this.budget): Promise<void> {
    for (const hash of [...this.#present]) {
      if (!this.#present.has(hash)) continue;
      if (this.#memory.used <= this.#memory.limit * share) return;
      if (this.#pinned.includes(hash)) continue;
      await this.ports.engine.execute(this.#leave(hash).map((table) => sql`DROP TABLE IF EXISTS ${id(table)}`));
      this.#memory = await this.ports.engine.memory();
    }
  }
}

const createView = ({name, relation}: View): Sql => sql`CREATE OR REPLACE VIEW ${id(name)} AS FROM ${relation}`;
