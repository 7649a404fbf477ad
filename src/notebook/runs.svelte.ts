import {SvelteMap} from 'svelte/reactivity';
import {givesRows} from '../cells/index.ts';
import {cancelled, ProblemError, unwrap} from '../lib/problem.ts';
import type {Ports, Progress} from '../ports/index.ts';
import {rejectsOf, type RanCell, type RunEvents, type StoredResult} from '../run/define.ts';
import type {Runner} from '../run/runner.ts';
import {isPostgres} from '../run/touch.ts';
import {lakeReads} from '../sql/lake.ts';
import {checkQuery} from '../sql/lexer.ts';
import {query} from '../sql/sql.ts';
import {tablesRead} from '../sql/table-places.ts';
import type {Column} from '../sql/types.ts';
import type {Notebook} from './define.ts';
import type {Document} from './document.svelte.ts';
import {drawnTogether} from './drawn-together.ts';
import type {Files} from './files.svelte.ts';
import {LakeScope} from './lake-plan.ts';
import type {Lake} from './lake.svelte.ts';
import {plan, readsClock, type CompiledCell, type PlannedCell, type Runs as ClockRuns} from './plan.ts';
import {statusOf, type CellStatus} from './status.ts';
import {denialsOf} from './trust.ts';
import type {Remembered} from './workspace.ts';

export interface Running {
  readonly name: string;
  readonly startedAt: number;
  readonly progress: Progress | undefined;
}

/** What a run did, as the page and `lakebook.run()` report it. */
export interface RunReport {
  readonly ok: boolean;
  readonly ms: number;
  readonly cells: readonly RanCell[];
}

/** The last run, with what it was a run of. */
export interface LastRun extends RunReport {
  readonly title: string;
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  readonly notebook: Notebook;
  readonly plan: readonly PlannedCell[];
}

/** A cell's result by name and hash. */
type ResultOf = Pick<CompiledCell, 'name' | 'hash'>;

/** What cells of a plan are made of: the open notebook, and the files and tables that are there. */
export interface RunsOf {
  readonly document: Pick<Document, 'notebook' | 'path' | 'title' | 'trust'>;
  readonly files: Pick<Files, 'list'>;
  readonly lake: Pick<Lake, 'byName' | 'during' | 'refresh'>;
}

/** What the runs tell whoever holds them. */
export interface RunsEvents {
  /** A run of the open notebook found or made the rows of these cells. */
  onRows(cells: readonly ResultOf[]): void;
  /** A run is over, of the notebook of this path; `ran` is what its cells did when they last ran. */
  onEnd(path: string, ran: ReadonlyMap<string, Remembered>): void;
}

/** The plan of the open notebook, its runs, and what they gave. */
export class Runs {
  running = $state.raw<Running | undefined>();
  lastRun = $state.raw<LastRun | undefined>();
  #clockRuns = $state.raw<ClockRuns>(new Map());
  readonly plan: readonly PlannedCell[] = $derived.by(() => {
    const {document, files, lake} = this.of;
    const fingerprints = new Map(files.list.map((file) => [file.name, file.fingerprint]));
    return plan(
      document.notebook,
      fingerprints,
      lake.byName,
      document.path,
      document.trust === undefined ? undefined : denialsOf(document.trust),
      this.#clockRuns,
    );
  });
  /** The plan's cells by id. */
  readonly planned: ReadonlyMap<string, PlannedCell> = $derived(new Map(this.plan.map((cell) => [cell.id, cell])));
  /** Whether a cell writes to PostgreSQL or asks it. */
  readonly usesPostgres: boolean = $derived(this.plan.some((cell) => cell.ready && cell.work.touches.some(isPostgres)));
  /** Cells' last runs by name, kept across reloads. */
  readonly #remembered = new SvelteMap<string, Remembered>();
  #queued = $state.raw<ReadonlySet<string>>(new Set());
  /** Stops the runs that were asked for since the last stop. */
  #abort = new AbortController();
  #last: Promise<unknown> = Promise.resolve();
  /** Resolves once the lesson that is being opened is there with its files. */
  #arriving: Promise<void> | undefined;
  /** Stops what waits for that. */
  #waiting = new AbortController();
  /** Resolves once the engine holds nothing of other notebooks that the open one could look at. */
  #cleared: Promise<void> = Promise.resolve();

  constructor(
    private readonly ports: Ports,
    private readonly runner: Runner,
    private readonly of: RunsOf,
    private readonly events: RunsEvents,
  ) {}

  // ---- the open notebook

  /** Another notebook is open: its cells did this when they last ran. */
  open(ran: ReadonlyMap<string, Remembered>): void {
    const {path, trust} = this.of.document;
    this.startAnew();
    this.forgetAll();
    for (const [name, remembered] of ran) this.#remembered.set(name, remembered);
    this.runner.notebookPath = path;
    this.usePlan();
    this.#cleared = trust === undefined ? Promise.resolve() : this.runner.leaveOnly();
    // `run` and `query` wait for it and tell the failure.
    this.#cleared.catch(() => undefined);
  }

  /** Lets what is asked for from now on wait until a lesson is open and has its files. */
  waitFor(opening: Promise<void>): void {
    const arriving = opening
      .catch(() => undefined)
      .then(() => {
        if (this.#arriving === arriving) this.#arriving = undefined;
      });
    this.#arriving = arriving;
  }

  /** Forgets the last run and the times at which cells read the clock: they belong to another text. */
  startAnew(): void {
    this.lastRun = undefined;
    this.#clockRuns = new Map();
  }

  /** Makes the plan, as it is now, the runner's. */
  usePlan(): void {
    this.runner.usePlan(this.plan);
  }

  /** The same after a change that may lead back to results that are known, as an undo does: their cells are as if they had just run. */
  recall(): void {
    this.usePlan();
    for (const cell of this.plan) {
      const ran =
        cell.ready && this.#remembered.get(cell.name)?.hash !== cell.hash ? this.runner.recall(cell) : undefined;
      if (cell.ready && ran !== undefined) this.#remembered.set(cell.name, {hash: cell.hash, ran});
    }
  }

  /** Forgets what cells read from or wrote to a table that is gone. */
  forgetLake(table: string): void {
    this.#forget(this.runner.forgetLake(table));
  }

  /** The same for a table of PostgreSQL that somebody changed, or for all of them. */
  forgetPostgres(table?: string): void {
    this.#forget(this.runner.forgetPostgres(table));
  }

  #forget(hashes: ReadonlySet<string>): void {
    for (const [name, remembered] of this.#remembered) if (hashes.has(remembered.hash)) this.#remembered.delete(name);
  }

  forgetAll(): void {
    this.#remembered.clear();
  }

  // ---- runs

  /** Runs the notebook, or one cell with what it reads. Runs follow one another. */
  run(name?: string): Promise<RunReport> {
    return this.#inTurn(name, true);
  }

  async #inTurn(name: string | undefined, mayWrite: boolean): Promise<RunReport> {
    const waiting = this.#waiting.signal;
    if (this.#arriving !== undefined) await Promise.race([this.#arriving, aborted(waiting)]);
    const signal = waiting.aborted ? waiting : this.#abort.signal;
    const next = this.#last.then(() => this.#run(name, mayWrite, signal));
    this.#last = next.catch(() => undefined);
    return next;
  }

  /** Stops the run and those that wait; resolves once it has stopped. */
  async stop(): Promise<void> {
    this.#waiting.abort();
    this.#waiting = new AbortController();
    await this.end();
  }

  /** The same for another notebook to open: what waits for that one is meant for it. */
  async end(): Promise<void> {
    this.#abort.abort();
    this.#abort = new AbortController();
    await this.#last;
  }

  /** Gives each cell that reads the clock, and that this run asks for, a new hash, so that it runs again. */
  #tickClocks(target: string | undefined): void {
    const names = this.plan.flatMap((cell) =>
      cell.ready && readsClock(cell.work) && (target === undefined || cell.name === target) ? [cell.name] : [],
    );
    if (names.length > 0)
      this.#clockRuns = new Map([...this.#clockRuns, ...names.map((name) => [name, Date.now()] as const)]);
  }

  async #run(target: string | undefined, mayWrite: boolean, signal: AbortSignal): Promise<RunReport> {
    await this.#cleared;
    const {document, lake} = this.of;
    const started = performance.now();
    const {path, notebook, title} = document;
    const startedAt = new Date().toISOString();
    if (mayWrite) this.#tickClocks(target);
    const current = this.plan;
    this.usePlan();
    const hashes = new Map(current.map((cell) => [cell.name, cell.ready ? cell.hash : '']));
    this.#queued = new Set(
      target === undefined ? current.flatMap((cell) => (cell.ready ? [cell.name] : [])) : [target],
    );
    const {soon, now} = drawnTogether();
    const writes = current.some((cell) => cell.ready && cell.applies !== undefined);
    try {
      const events: RunEvents = {
        mayWrite,
        onStart: (name) => {
          const startedAt = performance.now();
          soon(() => (this.running = {name, startedAt, progress: undefined}));
        },
        onProgress: (name, progress) =>
          soon(() => (this.running = {name, startedAt: this.running?.startedAt ?? performance.now(), progress})),
        onCell: (ran) =>
          soon(() => {
            this.#queued = new Set([...this.#queued].filter((name) => name !== ran.name));
            const isRun =
              ran.error?.code !== 'NOT_RUN' &&
              (ran.status === 'ok' || ran.status === 'cached' || ran.status === 'failed');
            if (isRun) this.#remembered.set(ran.name, {hash: hashes.get(ran.name) ?? '', ran});
          }),
      };
      const cells = await lake.during(writes, () => this.runner.run(target, events, signal));
      now();
      const report = {
        ok: cells.every((cell) => cell.status === 'ok' || cell.status === 'cached' || cell.status === 'disabled'),
        ms: performance.now() - started,
        cells,
      };
      // Looking at a result doesn't count as the user's last run.
      if (mayWrite && path === document.path) this.lastRun = {...report, title, startedAt, notebook, plan: current};
      if (path === document.path)
        this.events.onRows(
          cells
            .filter(({status}) => status === 'ok' || status === 'cached')
            .map(({name}) => ({name, hash: hashes.get(name) ?? ''})),
        );
      return report;
    } finally {
      now();
      this.running = undefined;
      this.#queued = new Set();
      this.events.onEnd(path, new Map(this.#remembered));
    }
  }

  // ---- how cells stand, and what they gave

  statusOf(id: string): CellStatus {
    return statusOf(this.planned.get(id), {
      isRunning: (name) => this.running?.name === name,
      isQueued: (name) => this.#queued.has(name),
      remembered: (name) => this.#remembered.get(name),
      isKnown: (hash) => this.runner.known(hash) !== undefined,
    });
  }

  /** Cells' last runs by name. */
  get ran(): ReadonlyMap<string, Remembered> {
    return this.#remembered;
  }

  /** The last run's line for a cell, kept across reloads. */
  ranOf(id: string): RanCell | undefined {
    const cell = this.planned.get(id);
    return cell === undefined ? undefined : this.#remembered.get(cell.name)?.ran;
  }

  /** A cell that can run; a Problem says why it can't. */
  compiled(id: string): CompiledCell {
    const cell = this.planned.get(id);
    if (cell?.ready === true) return cell;
    throw new ProblemError(
      cell?.problems[0] ?? {
        code: 'CELL_DISABLED',
        message: 'This cell is switched off.',
        hint: 'Switch it on to see its result.',
      },
    );
  }

  /** What is known of a result without computing anything. */
  known(hash: string): StoredResult | undefined {
    return this.runner.known(hash);
  }

  #found(hash: string): StoredResult {
    const result = this.runner.known(hash);
    if (result === undefined) throw new ProblemError(cancelled);
    return result;
  }

  /** A cell's result; one that is not there is made as in a run, with its progress and its Stop, but nothing is written to the lake. */
  async result(id: string): Promise<StoredResult> {
    const {name, hash} = this.compiled(id);
    if (!this.runner.isPresent(hash)) {
      const {cells} = await this.#inTurn(name, false);
      const failed = cells.find((cell) => cell.error !== undefined);
      // Only a run may make what the cell reads: forget the cell's own run, or the page would ask for its rows for ever.
      if (
        failed !== undefined &&
        failed.error?.code !== 'CANCELLED' &&
        (failed.name !== name || failed.error?.code === 'NOT_RUN')
      )
        this.#remembered.delete(name);
      // A check that stops the run still has rows to show.
      if (failed?.error !== undefined && this.runner.known(hash)?.verdict === undefined)
        throw new ProblemError(failed.error);
    }
    return this.#found(hash);
  }

  /** A cell's result while `use` looks at it: its table is in the engine, made first where it must be; nothing is written to the lake. */
  withResult<T>(id: string, use: (result: StoredResult) => Promise<T>, signal?: AbortSignal): Promise<T> {
    return this.lookAt(this.compiled(id), use, signal);
  }

  /** The same for the result of a hash, which the cell of a name had. */
  lookAt<T>({name, hash}: ResultOf, use: (result: StoredResult) => Promise<T>, signal?: AbortSignal): Promise<T> {
    return this.runner.query([name], [], async () => use(this.#found(hash)), signal);
  }

  /** The rows that the cell of a name gives, for what can wait until nothing runs. */
  study<T>(name: string, use: (result: StoredResult) => Promise<T>): Promise<T> {
    return this.runner.withResult(name, 'study', use);
  }

  /** The columns a cell reads or gives, as last known: for forms and completion. */
  columnsOf(id: string, side: 'input' | 'output'): readonly Column[] {
    const cell = this.planned.get(id);
    if (cell?.ready === true)
      return this.runner.known((side === 'output' ? cell.hash : cell.inputs[0]?.hash) ?? '')?.columns ?? [];
    // A broken cell's form still offers the columns of the table above it.
    const above = this.plan
      .slice(
        0,
        this.plan.findIndex((planned) => planned.id === id),
      )
      .findLast((planned) => planned.ready && givesRows(planned.work));
    return side === 'input' && above?.ready === true ? (this.runner.known(above.hash)?.columns ?? []) : [];
  }

  /** Runs a query of the user's own; it may name cells and the lake's tables. */
  async query(written: string): ReturnType<Ports['engine']['rows']> {
    unwrap(checkQuery(written));
    const {text, reads} = unwrap(lakeReads(written));
    const {document, lake} = this.of;
    if (reads.length > 0) await lake.refresh();
    const scope = new LakeScope(lake.byName, document.path);
    const sources = reads.map(({name, ...read}) => unwrap(scope.source({name: read.table, read, as: name}, 1)));
    await this.#cleared;
    // Every table cell may be mentioned, and its rejects.
    const names = this.plan.flatMap((cell) =>
      cell.ready && givesRows(cell.work) ? [cell.name, rejectsOf(cell.name)] : [],
    );
    return this.runner.query(tablesRead(written, names), sources, () => this.ports.engine.rows(query(text)));
  }
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((done) => {
    if (signal.aborted) done();
    else signal.addEventListener('abort', () => done(), {once: true});
  });
