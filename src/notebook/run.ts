import {reduceChart} from '../charts/reduce.ts';
import type {ChartSpec} from '../charts/spec.ts';
import {at, cancelled, problemOf, ProblemError, unwrap, type Problem} from '../lib/problem.ts';
import type {At, KernelColumn, KernelOutput, Ports, Progress} from '../ports/index.ts';
import type {FileRead} from '../sources/define.ts';
import {readFiles} from '../sources/reading.ts';
import type {Rows} from '../sql/rows.ts';
import {id, join, query, sql, type Sql} from '../sql/sql.ts';
import {stopProblem} from '../sql/stop.ts';
import type {Column} from '../sql/types.ts';
import type {Input, Program, Verdict} from '../steps/define.ts';
import type {LakeWrite, PostgresWrite} from '../tables/define.ts';
import {rejectsOf} from './cells.ts';
import type {Applies} from './lake-plan.ts';
import type {CompiledCell, Computed, InputTable, LakeSource, PlannedCell} from './plan.ts';
import {assign, replacesMost, sideBySide, type Part} from './parts.ts';
import {mentionsTable} from './postgres-uses.ts';
import {Turns, type Lane} from './turns.ts';

/** A cell's result: a table in the engine, and the small things that stay when the table goes. */
export interface StoredResult extends Rows {
  readonly hash: string;
  readonly relation: Sql;
  readonly places: Rows['places'];
  /** Its tables in the engine: one of its own, beside those of the input whose columns it keeps. */
  readonly parts: readonly Part[];
  readonly columns: readonly Column[];
  readonly rows: number;
  readonly rejects: {readonly table: string; readonly rows: number; readonly columns: readonly Column[]} | undefined;
  /** The files that a load read, and how. */
  readonly files: readonly FileRead[];
  /** The result whose rows these are, when the cell only passes them on: `parts` are that one's. */
  readonly through: string | undefined;
  /** Figures and small tables beside the rows: a kernel's, or what a commit did. */
  readonly figures: Pick<KernelOutput, 'facts' | 'tables'> | undefined;
  /** What the rows say against the data; the run stops there, or goes on with a warning. */
  readonly verdict?: Verdict | undefined;
  readonly ms: number;
  readonly bytes: number;
}

export type RanStatus =
  | 'ok'
  /** The result was there already. */
  | 'cached'
  | 'failed'
  /** It can't run as written, or reads a cell that can't. */
  | 'broken'
  /** A cell above failed first. */
  | 'skipped'
  | 'cancelled'
  | 'disabled';

/** What a run did with one cell. */
export interface RanCell {
  readonly name: string;
  readonly kind: string;
  readonly status: RanStatus;
  readonly rowsIn: number | null;
  readonly rowsOut: number | null;
  readonly rejected: number;
  readonly ms: number;
  readonly bytes: number;
  readonly error?: Problem;
  /** What is wrong with the data that the run went on with; `mark` says it in a few words. */
  readonly warning?: Problem & {readonly mark: string};
}

export interface RunEvents {
  /** Whether cells may write to the lake; to look at a result may not. */
  readonly mayWrite?: boolean;
  onStart?(name: string): void;
  onProgress?(name: string, progress: Progress): void;
  onCell?(ran: RanCell): void;
}

const tableOf = (hash: string): string => `result_${hash}`;

/**
 * Runs compiled cells through the ports. Results are tables named by their content hash, kept under a memory budget:
 * the least recently used goes first, and one that is gone is computed again from its lineage when it is asked for.
 */
export class Runner {
  readonly #results = new Map<string, StoredResult>();
  /** Hashes whose table is in the engine, least recently used first. */
  readonly #present = new Set<string>();
  /** Every compiled cell seen so far by hash: the lineage. */
  readonly #lineage = new Map<string, Computed>();
  /** How often a result was forgotten, as its table in PostgreSQL or the lake was changed: then equal hashes may mean other rows. */
  readonly #editions = new Map<string, number>();
  /** Hashes whose tables are being read: eviction leaves them alone. */
  readonly #pinned: string[] = [];
  #views: ReadonlySet<string> = new Set();
  /** Bytes that DuckDB held after the last result was made or dropped, and may hold. */
  #memory = {used: 0, limit: Infinity};
  #plan: readonly PlannedCell[] = [];
  /** The notebook whose cells run, as the lake's history names it. */
  notebookPath = '';
  readonly #turns = new Turns();

  /** `budget` is the share of the engine's memory limit that results may fill. */
  constructor(
    private readonly ports: Ports,
    private readonly budget = 0.5,
  ) {
    ports.engine.onRestart(() => {
      this.#present.clear();
      this.#views = new Set();
      this.#memory = {used: 0, limit: Infinity};
    });
  }

  /** Makes a plan the current one: its names are the views that SQL cells read. */
  usePlan(plan: readonly PlannedCell[]): void {
    this.#plan = plan;
    for (const cell of plan)
      if (cell.ready) for (const known of [...cell.sources, cell]) this.#lineage.set(known.hash, known);
  }

  /** What is known of a result without computing anything. */
  known(hash: string): StoredResult | undefined {
    return this.#results.get(hash);
  }

  /** Whether a result's table is in the engine right now. */
  isPresent(hash: string): boolean {
    return this.#results.get(hash)?.parts.every((part) => this.#present.has(part.hash)) ?? false;
  }

  /** Forgets what was read from or written to a table of the lake that is gone, and all that came of it; gives the hashes. */
  forgetLake(table: string): ReadonlySet<string> {
    const key = table.toLowerCase();
    const gone = new Set<string>();
    // Inputs come before what reads them, so one pass finds all.
    for (const known of this.#lineage.values()) {
      const isTouched = (known.work.type === 'lake' ? known.work.table : writtenBy(known))?.toLowerCase() === key;
      if (
        isTouched ||
        (known.after !== undefined && gone.has(known.after)) ||
        known.inputs.some(({hash}) => gone.has(hash))
      )
        gone.add(known.hash);
    }
    for (const hash of gone) this.#forget(hash);
    return gone;
  }

  /** Names the rows of a hash, for what is made of them and kept. */
  edition(hash: string): string {
    return `${hash} ${this.#editions.get(hash) ?? 0}`;
  }

  #forget(hash: string): void {
    this.#drop(hash);
    this.#present.delete(hash);
  }

  #drop(hash: string): void {
    if (this.#results.delete(hash)) this.#editions.set(hash, (this.#editions.get(hash) ?? 0) + 1);
  }

  /** What other cells, or other texts of this one, wrote to the table counts as written no longer: they look at the table when they run again. */
  #forgetWriters(table: string, {self, before}: Applies): void {
    for (const known of this.#lineage.values()) {
      const applies = known.work.type === 'step' ? known.work.applies : undefined;
      if (
        applies !== undefined &&
        writtenBy(known)?.toLowerCase() === table.toLowerCase() &&
        applies.self !== self &&
        !before.includes(applies.self)
      )
        this.#drop(known.hash);
    }
  }

  /** A result with its table present, while `use` runs; nothing is evicted meanwhile. */
  async withResult<T>(
    name: string,
    lane: Lane,
    use: (result: StoredResult) => Promise<T>,
    signal?: AbortSignal,
  ): Promise<T> {
    const {hash} = this.#cellNamed(name);
    return this.#turns.take(lane, () => this.#pinning(async () => use(await this.#ensure(hash, {}, signal))));
  }

  /** The same for what isn't worth computing the table again: where it has gone, `use` is refused. */
  async ifPresent<T>(name: string, lane: Lane, use: (result: StoredResult) => Promise<T>): Promise<T> {
    const {hash} = this.#cellNamed(name);
    return this.#turns.take(lane, async () => {
      const result = this.#results.get(hash);
      if (result === undefined || !this.isPresent(hash))
        throw new ProblemError({
          code: 'EVICTED',
          message: `The rows of ${name} are not in memory any more.`,
          hint: 'Look at the cell again.',
        });
      return use(result);
    });
  }

  /** A result with its inputs' tables present, while `use` runs. */
  async withInputs<T>(
    name: string,
    lane: Lane,
    use: (result: StoredResult, inputs: readonly Input[]) => Promise<T>,
    signal?: AbortSignal,
  ): Promise<T> {
    const cell = this.#cellNamed(name);
    return this.#turns.take(lane, () =>
      this.#pinning(async () => {
        const inputs = await this.#inputs(cell, {}, signal);
        return use(await this.#ensure(cell.hash, {}, signal), inputs);
      }),
    );
  }

  /**
   * Takes out of the engine what isn't of the current plan: SQL finds the rows of other notebooks there by more ways than names, and a
   * notebook that isn't the user's own has to find none.
   */
  leaveOnly(): Promise<void> {
    return this.#turns.take('run', async () => {
      const kept = new Set(
        this.#plan.flatMap((cell) => (cell.ready ? [cell, ...cell.sources].map(({hash}) => hash) : [])),
      );
      const tables = new Set([...kept].flatMap((hash) => [tableOf(hash), rejectsOf(tableOf(hash))]));
      await this.#showOnly([], undefined);
      const {rows} = await this.ports.engine.rows(sql`SELECT table_name FROM duckdb_tables() WHERE NOT internal`);
      const others = rows.flatMap(([name]) => (typeof name === 'string' && !tables.has(name) ? [name] : []));
      await this.ports.engine.execute(others.map((name) => sql`DROP TABLE IF EXISTS ${id(name)}`));
      for (const hash of this.#present) if (!kept.has(hash)) this.#present.delete(hash);
    });
  }

  /** Runs something of the user's own while the tables of the current plan that `names` mentions, and `sources`, are there under their names. */
  async query<T>(
    names: readonly string[],
    sources: readonly LakeSource[],
    use: () => Promise<T>,
    signal?: AbortSignal,
  ): Promise<T> {
    return this.#turns.take('run', () =>
      this.#pinning(async () => {
        const tables: View[] = [];
        for (const source of sources) {
          this.#lineage.set(source.hash, source);
          const {relation} = await this.#ensure(source.hash, {}, signal);
          this.#pin(source.hash);
          tables.push({name: source.name, relation});
        }
        for (const name of names) {
          const cell = this.#plan.find((planned) => planned.name === name || rejectsOf(planned.name) === name);
          const hash = cell?.ready === true ? cell.hash : cell?.standsFor?.hash;
          if (hash === undefined) continue;
          const result = await this.#ensure(hash, {}, signal);
          this.#pin(hash);
          if (cell?.name === name) tables.push({name, relation: result.relation});
          else if (result.rejects !== undefined) tables.push({name, relation: id(result.rejects.table)});
        }
        await this.#showOnly(tables, signal);
        return use();
      }),
    );
  }

  /**
   * Runs the current plan from top to bottom, or only `target` and what it reads. Stops at the first cell that fails; a
   * cell that is broken as written stops only those that read it.
   */
  run(target: string | undefined, events: RunEvents, signal: AbortSignal): Promise<RanCell[]> {
    return this.#turns.holding(() => this.#runPlan(target, events, signal));
  }

  async #runPlan(target: string | undefined, events: RunEvents, signal: AbortSignal): Promise<RanCell[]> {
    const plan = this.#plan;
    const wanted = target === undefined ? plan : plan.filter(this.#neededBy(plan, target));
    const report: RanCell[] = [];
    let halted: RanStatus | undefined;
    for (const cell of wanted) {
      const ran =
        halted === undefined
          ? await this.#turns.take('run', () => this.#runCell(cell, cell.name === target, events, signal))
          : skipped(cell, halted);
      if (ran.status === 'failed') halted = 'skipped';
      if (ran.status === 'cancelled') halted = 'cancelled';
      report.push(ran);
      events.onCell?.(ran);
    }
    return report;
  }

  #neededBy(plan: readonly PlannedCell[], target: string): (cell: PlannedCell) => boolean {
    const hashes = new Set<string>();
    const visit = (cell: Computed | undefined): void => {
      if (cell === undefined || hashes.has(cell.hash)) return;
      hashes.add(cell.hash);
      for (const hash of [...cell.inputs.map((input) => input.hash), cell.after])
        visit(hash === undefined ? undefined : this.#lineage.get(hash));
    };
    const goal = plan.find((cell) => cell.name === target);
    if (goal === undefined)
      throw new ProblemError({
        code: 'CELL_NOT_FOUND',
        message: `There is no cell called ${target}.`,
        hint: 'Name one of the notebook’s cells.',
      });
    if (goal.ready) visit(goal);
    return (cell) => cell === goal || (cell.ready && hashes.has(cell.hash));
  }

  #cellNamed(name: string): CompiledCell {
    const cell = this.#plan.find((planned) => planned.name === name);
    if (cell?.ready === true) return cell;
    const problem = cell?.ready === false ? cell.problems[0] : undefined;
    throw new ProblemError(
      problem ?? {
        code: 'CELL_NOT_FOUND',
        message: `There is no cell called ${name} that can run.`,
        hint: 'Name one of the notebook’s cells.',
      },
    );
  }

  /** `wanted` says that the rows themselves will be looked at: then a known result whose table is gone is computed again. */
  async #runCell(cell: PlannedCell, wanted: boolean, events: RunEvents, signal: AbortSignal): Promise<RanCell> {
    const base = {name: cell.name, kind: cell.kind, rowsIn: null, rowsOut: null, rejected: 0, ms: 0, bytes: 0};
    if (!cell.ready) {
      const error = cell.problems[0];
      return {...base, status: cell.disabled ? 'disabled' : 'broken', ...(error === undefined ? {} : {error})};
    }
    if (signal.aborted) return {...base, status: 'cancelled', error: cancelled};
    const known = this.#results.get(cell.hash);
    if (known !== undefined && (this.isPresent(cell.hash) || !wanted)) {
      return this.#report(cell, known, 'cached');
    }
    events.onStart?.(cell.name);
    const started = performance.now();
    try {
      const result = await this.#ensure(cell.hash, events, signal);
      return this.#report(cell, result, 'ok');
    } catch (thrown) {
      const found = problemOf(thrown);
      const problem = at(stopProblem(found.message) ?? found, {cell: cell.name, line: cell.line});
      const ms = performance.now() - started;
      return {...base, status: problem.code === 'CANCELLED' ? 'cancelled' : 'failed', ms, error: problem};
    }
  }

  /** A known result's line in a report, as if it had just run; undefined when nothing is known. */
  recall(cell: CompiledCell): RanCell | undefined {
    const known = this.#results.get(cell.hash);
    return known === undefined ? undefined : this.#report(cell, known, 'cached');
  }

  #report(cell: CompiledCell, {rows, rejects, verdict, ms, bytes}: StoredResult, status: RanStatus): RanCell {
    const rowsIn = cell.inputs.reduce<number | null>((sum, input) => addRows(sum, this.#rowsOf(input)), null);
    const ran = {
      name: cell.name,
      kind: cell.kind,
      status,
      rowsIn,
      rowsOut: rows,
      rejected: rejects?.rows ?? 0,
      ms,
      bytes,
    };
    if (verdict === undefined) return ran;
    const problem = at(verdict.problem, {cell: cell.name, line: cell.line});
    return verdict.stops
      ? {...ran, status: 'failed', error: problem}
      : {...ran, warning: {...problem, mark: verdict.mark}};
  }

  #rowsOf(input: InputTable): number | null {
    const result = this.#results.get(input.hash);
    return (input.rejects ? result?.rejects?.rows : result?.rows) ?? null;
  }

  /** The result of a hash with its table in the engine. */
  async #ensure(hash: string, events: RunEvents, signal: AbortSignal | undefined): Promise<StoredResult> {
    const known = this.#results.get(hash);
    if (known?.through !== undefined) {
      const {figures, ms} = known;
      const fresh = await this.#ensure(known.through, events, signal);
      if (fresh.parts === known.parts) return known;
      // Rows that are computed again may be others: a sample's, say.
      const passed = {
        ...fresh,
        hash,
        through: known.through,
        rejects: undefined,
        figures,
        verdict: undefined,
        ms,
        bytes: 0,
      };
      this.#results.set(hash, passed);
      return passed;
    }
    if (known !== undefined && this.isPresent(hash)) {
      this.#touch(known);
      return known;
    }
    const cell = this.#lineage.get(hash);
    if (cell === undefined)
      throw new ProblemError({
        code: 'CELL_NOT_FOUND',
        message: 'The cell this result came from is gone.',
        hint: 'Run the notebook again.',
      });
    return this.#pinning(async () => {
      if (cell.after !== undefined && !this.#results.has(cell.after)) await this.#ensure(cell.after, events, signal);
      const inputs = await this.#inputs(cell, events, signal);
      const result = await this.#withRoom(() => this.#materialise(cell, inputs, events, signal));
      this.#results.set(hash, result);
      if (result.through === undefined) this.#present.add(hash);
      this.#touch(result);
      this.#pin(hash);
      await this.#evict();
      return result;
    });
  }

  /** What `work` pins stays in the engine until it is done. */
  async #pinning<T>(work: () => Promise<T>): Promise<T> {
    const before = this.#pinned.length;
    try {
      return await work();
    } finally {
      this.#pinned.length = before;
    }
  }

  /** Keeps a result's tables in the engine until the work under way is done. */
  #pin(hash: string): void {
    this.#pinned.push(...(this.#results.get(hash)?.parts.map((part) => part.hash) ?? []));
  }

  /** Makes a result's tables the most recently used. */
  #touch({parts}: StoredResult): void {
    // What others lie beside is used with each of them, so it goes after them.
    for (const {hash} of parts.toReversed()) {
      this.#present.delete(hash);
      this.#present.add(hash);
    }
  }

  async #inputs(cell: Computed, events: RunEvents, signal: AbortSignal | undefined): Promise<Input[]> {
    const inputs: Input[] = [];
    for (const table of cell.inputs) {
      const result = await this.#ensure(table.hash, events, signal);
      this.#pin(table.hash);
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
    const made = await this.#make(cell, table, inputs, events, signal);
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

  /** The rows of a cell's first input. */
  #baseOf({inputs: [input]}: Computed): Base | undefined {
    const result = this.#results.get(input?.hash ?? '');
    if (result?.rejects === undefined || input?.rejects !== true) return result;
    const {table, columns, rows} = result.rejects;
    return {parts: [{hash: result.hash, table, columns: columns.map(({name}) => name)}], columns, rows};
  }

  async #make(
    cell: Computed,
    table: string,
    inputs: readonly Input[],
    events: RunEvents,
    signal: AbortSignal | undefined,
  ): Promise<Made> {
    const {engine} = this.ports;
    const {work} = cell;
    switch (work.type) {
      case 'sql': {
        await this.#showOnly(inputs, signal);
        await engine.execute([createAs(table, query(work.text))], {signal});
        return {};
      }
      case 'psql': {
        const {readPostgres} = await import('../tables/postgres-read.ts');
        await readPostgres(this.ports, work.query, table, signal).catch((thrown: unknown) => {
          // Its lines are the statement's, which starts below the fence.
          const {where, ...problem} = problemOf(thrown);
          throw new ProblemError({
            ...problem,
            ...(where?.line === undefined ? {} : {where: {...where, line: cell.line + where.line}}),
          });
        });
        return {};
      }
      case 'chart':
        await this.#showOnly([], signal);
        await engine.execute([createAs(table, chartSql(work.spec, inputs))], {signal});
        return {};
      case 'step': {
        await this.#showOnly([], signal);
        const found = work.step.check?.(work.values, inputs)[0];
        if (found !== undefined) {
          const {param, column, ...problem} = found;
          throw new ProblemError({
            ...problem,
            where: {
              ...(param === undefined ? {} : {param}),
              ...(column === undefined ? {} : {column}),
              cell: cell.name,
              line: cell.line,
            },
          });
        }
        return this.#runProgram(work.step.toSql(work.values, inputs), cell, table, inputs, events, signal);
      }
      case 'lake': {
        const onProgress = (progress: Progress): void => events.onProgress?.(cell.name, progress);
        const {readLakeTable} = await import('../tables/lake-read.ts');
        const {version} = await readLakeTable(
          this.ports,
          {...work, at: work.at ?? this.#leftBy(cell.after, work.left)},
          {into: table, onProgress, signal},
        );
        return {figures: {facts: {version}, tables: {}}};
      }
    }
  }

  async #runProgram(
    program: Program,
    cell: Computed,
    table: string,
    inputs: readonly Input[],
    events: RunEvents,
    signal: AbortSignal | undefined,
  ): Promise<Made> {
    const {engine, compute} = this.ports;
    const rejects = `${table}_rejects`;
    const onProgress = (progress: Progress): void => events.onProgress?.(cell.name, progress);
    switch (program.kind) {
      case 'sql': {
        const made = await this.#assign(program, cell, table, signal);
        if (program.rejects !== undefined) await engine.execute([createAs(rejects, program.rejects)], {signal});
        return {
          ...made,
          ...(program.rejects === undefined ? {} : {rejects}),
          ...(program.judge === undefined
            ? {}
            : {verdict: program.judge.read((await engine.rows(program.judge.ask(id(table)), {signal})).rows)}),
        };
      }
      case 'read': {
        const made = await readFiles(this.ports, program.files, program.options, {table, rejects, onProgress, signal});
        if (cell.work.type === 'step') await this.#checkUnchanged(cell.work.files, cell.work.fingerprints);
        return made;
      }
      case 'kernel': {
        const columns = await engine.columns(program.features, {signal});
        const clear = sql`DROP TABLE IF EXISTS ${id(table)}`;
        await engine.execute([clear], {signal});
        let made: number | undefined;
        const rows = async (part: readonly KernelColumn[]): Promise<void> => {
          const count = part[0]?.values.length ?? 0;
          await engine.insertColumns(table, part, made === undefined, {signal});
          made = (made ?? 0) + count;
        };
        try {
          const figures = await compute.run(program.fn, columns, program.args, {progress: onProgress, rows}, {signal});
          const base = this.#baseOf(cell);
          if (base?.rows !== made) throw new Error(`${program.fn} gave ${made} rows for ${base?.rows}`);
          return {base, figures};
        } catch (thrown) {
          // What went wrong matters more than that this does, too: an engine that is gone has no tables.
          await engine.execute([clear]).catch(() => undefined);
          throw thrown;
        }
      }
      case 'through': {
        const [input] = inputs;
        const through = this.#results.get(cell.inputs[0]?.hash ?? '');
        if (input === undefined || through === undefined) throw new Error('what passes rows on has an input');
        if (program.postgres !== undefined)
          return {
            through,
            figures: {facts: await this.#writePostgres(program.postgres, cell, input, events, signal), tables: {}},
          };
        if (program.write === undefined) return {through, figures: through.figures};
        return {through, figures: await this.#write(program.write, cell, input, events, signal)};
      }
    }
  }

  /** Makes a table of the columns that a query assigns where they can lie beside the input's, or of all that it gives. */
  async #assign(
    {sql: all, assigned = []}: Extract<Program, {kind: 'sql'}>,
    cell: Computed,
    table: string,
    signal: AbortSignal | undefined,
  ): Promise<Pick<Made, 'base' | 'described'>> {
    const {engine} = this.ports;
    const base = this.#baseOf(cell);
    if (base !== undefined && assigned.length > 0 && !replacesMost(assigned, base)) {
      await engine.execute([createAs(table, sql`SELECT ${join(assigned.map(id))} FROM (${all}\n)`)], {signal});
      const described = await engine.describeTable(table, {signal});
      if (described.rows === base.rows) return {base, described};
      await engine.execute([sql`DROP TABLE ${id(table)}`], {signal});
    }
    await engine.execute([createAs(table, all)], {signal});
    return {};
  }

  /** The version to read below a writer: the one it made or found its rows in, or a later one that is there already. */
  #leftBy(writer: string | undefined, left: number | undefined): At | undefined {
    const made = this.#results.get(writer ?? '')?.figures?.facts['version'];
    const version = Math.max(made ?? -1, left ?? -1);
    return version < 0 ? undefined : {version};
  }

  /** Rows go to a table of the lake; the commit's figures come back. A crash that the cell asks for is told as a figure too. */
  async #write(
    write: LakeWrite,
    cell: Computed,
    input: Input,
    events: RunEvents,
    signal: AbortSignal | undefined,
  ): Promise<NonNullable<Made['figures']>> {
    const applies = cell.work.type === 'step' ? cell.work.applies : undefined;
    if (applies === undefined) throw new Error('what writes to the lake says so');
    const {writeLakeTable} = await import('../tables/lake-write.ts');
    const onProgress = (progress: Progress): void => events.onProgress?.(cell.name, progress);
    const options = {applies, notebook: {path: this.notebookPath, cell: cell.name}, onProgress, signal};
    try {
      const {facts, applied} = await writeLakeTable(this.ports, write, input, {
        ...options,
        mayWrite: events.mayWrite ?? false,
      });
      if (applied === undefined) this.#forgetWriters(write.table, applies);
      return {facts, tables: {}};
    } catch (thrown) {
      if (write.crashAfter === undefined || problemOf(thrown).code !== 'STORAGE_RESTARTED') throw thrown;
    }
    const after = await writeLakeTable(this.ports, {...write, crashAfter: undefined}, input, {
      ...options,
      mayWrite: false,
    }).catch((thrown: unknown) => {
      if (problemOf(thrown).code === 'NOT_RUN') return undefined;
      throw thrown;
    });
    return {
      facts: {
        crashed_after_step: write.crashAfter,
        committed: after === undefined ? 0 : 1,
        ...(after === undefined ? {} : {version: after.version}),
      },
      tables: {},
    };
  }

  async #writePostgres(
    write: PostgresWrite,
    cell: Computed,
    input: Input,
    events: RunEvents,
    signal: AbortSignal | undefined,
  ): Promise<Readonly<Record<string, number>>> {
    if (events.mayWrite !== true)
      throw new ProblemError({
        code: 'NOT_RUN',
        message: `The rows of ${cell.name} may not be in PostgreSQL’s table ${write.table} any more.`,
        hint: `Run ${cell.name} to write them: to look at a cell writes nothing.`,
      });
    const {writePostgres} = await import('../tables/postgres-write.ts');
    const onProgress = (progress: Progress): void => events.onProgress?.(cell.name, progress);
    const facts = await writePostgres(this.ports, write, input, {onProgress, signal});
    this.forgetPostgres(write.table, cell);
    return facts;
  }

  /**
   * Forgets what was written to or read from a table of PostgreSQL that has changed since, or from all of them, and all that came of it; gives
   * the hashes. `by` is the cell that changed it: what was read between it and the cells above that write the table is as it was.
   */
  forgetPostgres(table?: string, by?: Computed): ReadonlySet<string> {
    const before = new Set<string>();
    for (let at = by; at !== undefined; at = at.after === undefined ? undefined : this.#lineage.get(at.after))
      before.add(at.hash);
    const gone = new Set<string>();
    for (const known of this.#lineage.values()) {
      const {work} = known;
      const isAbove =
        !known.inputs.some(({hash}) => hash === by?.hash) && known.inputs.some(({hash}) => before.has(hash));
      const written = work.type === 'step' ? work.step.writesPostgres?.(work.values) : undefined;
      const isTouched =
        work.type === 'psql'
          ? !isAbove && (table === undefined || mentionsTable(work.query, table))
          : written !== undefined && (table === undefined || written === table) && !before.has(known.hash);
      if (isTouched || known.inputs.some(({hash}) => gone.has(hash))) gone.add(known.hash);
    }
    for (const hash of gone) this.#forget(hash);
    return gone;
  }

  /** A file that was replaced while it was read would be kept under the hash of the old one. */
  async #checkUnchanged(names: readonly string[], fingerprints: readonly (string | undefined)[]): Promise<void> {
    const files = await this.ports.storage.files();
    const changed = names.find((name, i) => files.find((file) => file.name === name)?.fingerprint !== fingerprints[i]);
    if (changed !== undefined)
      throw new ProblemError({
        code: 'FILE_CHANGED',
        message: `${changed} was replaced while it was being read.`,
        hint: 'Run the cell again to read the new one.',
        where: {file: changed},
      });
  }

  /** Makes these the only names that SQL and expressions find: one that is no input would go unnoticed in the hash. */
  async #showOnly(tables: readonly View[], signal: AbortSignal | undefined): Promise<void> {
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
      (other) => other === hash || this.#results.get(other)?.parts.some((part) => part.hash === hash) === true,
    );
    for (const other of gone) this.#present.delete(other);
    return gone.flatMap((other) => [
      tableOf(other),
      ...(this.#results.get(other)?.rejects === undefined ? [] : [rejectsOf(tableOf(other))]),
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

const writtenBy = ({work}: Computed): string | undefined =>
  work.type === 'step' ? work.step.writes?.(work.values)?.table : undefined;

/** A name under which SQL of the user's finds a table. */
type View = Pick<Input, 'name' | 'relation'>;

/** Rows that columns are put beside. */
type Base = Pick<StoredResult, 'parts' | 'columns' | 'rows'>;

interface Made {
  readonly rejects?: string | undefined;
  readonly files?: readonly FileRead[];
  readonly figures?: StoredResult['figures'];
  readonly verdict?: Verdict | undefined;
  readonly through?: StoredResult;
  /** Beside what the table's columns lie; undefined where it has all there are. */
  readonly base?: Base | undefined;
  readonly described?: {readonly columns: readonly Column[]; readonly rows: number};
}

function chartSql(spec: ChartSpec, [input, alerts]: readonly Input[]): Sql {
  if (input === undefined)
    throw new ProblemError({code: 'NOTHING_ABOVE', message: 'The chart reads no table.', hint: 'Name one with from.'});
  return unwrap(reduceChart(spec, input.columns, input.relation, alerts)).sql;
}

const createAs = (table: string, rows: Sql): Sql => sql`CREATE OR REPLACE TABLE ${id(table)} AS ${rows}`;
const createView = ({name, relation}: View): Sql => sql`CREATE OR REPLACE VIEW ${id(name)} AS FROM ${relation}`;

const addRows = (sum: number | null, rows: number | null): number | null => (rows === null ? sum : (sum ?? 0) + rows);

function skipped(cell: PlannedCell, status: RanStatus): RanCell {
  return {name: cell.name, kind: cell.kind, status, rowsIn: null, rowsOut: null, rejected: 0, ms: 0, bytes: 0};
}
