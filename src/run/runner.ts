import {at, cancelled, problemOf, ProblemError} from '../lib/problem.ts';
import type {Ports} from '../ports/index.ts';
import {id} from '../sql/sql.ts';
import {stopProblem} from '../sql/stop.ts';
import {
  rejectsOf,
  type Computed,
  type LakeSource,
  type RanCell,
  type RanStatus,
  type Ready,
  type Runnable,
  type RunEvents,
  type StoredResult,
} from './define.ts';
import type {Input} from './program.ts';
import {Results} from './results.ts';
import {Turns, type Lane} from './turns.ts';

/** Runs the cells of a plan through the ports, one after the other, and lets the page look at their results in between. */
export class Runner {
  readonly #results: Results;
  readonly #turns = new Turns();
  #plan: readonly Runnable[] = [];

  /** `budget` is the share of the engine's memory limit that results may fill. */
  constructor(ports: Ports, budget = 0.5) {
    this.#results = new Results(ports, budget);
  }

  /** The notebook whose cells run, as the lake's history names it. */
  set notebookPath(path: string) {
    this.#results.notebookPath = path;
  }

  /** Makes a plan the current one: its names are the views that SQL cells read. */
  usePlan(plan: readonly Runnable[]): void {
    this.#plan = plan;
    this.#results.addLineage(plan.flatMap((cell) => (cell.ready ? [...cell.sources, cell] : [])));
  }

  /** What is known of a result without computing anything. */
  known(hash: string): StoredResult | undefined {
    return this.#results.known(hash);
  }

  /** Whether a result's table is in the engine right now. */
  isPresent(hash: string): boolean {
    return this.#results.isPresent(hash);
  }

  /** Names the rows of a hash, for what is made of them and kept. */
  edition(hash: string): string {
    return this.#results.edition(hash);
  }

  /** Forgets what was read from or written to a table of the lake that is gone, and all that came of it; gives the hashes. */
  forgetLake(table: string): ReadonlySet<string> {
    return this.#results.forgetLake(table);
  }

  /** Forgets what was read from or written to a table of PostgreSQL, or to all of them, and all that came of it; gives the hashes. */
  forgetPostgres(table?: string): ReadonlySet<string> {
    return this.#results.forgetPostgres(table);
  }

  /** A result with its table present, while `use` runs; nothing is evicted meanwhile. */
  async withResult<T>(
    name: string,
    lane: Lane,
    use: (result: StoredResult) => Promise<T>,
    signal?: AbortSignal,
  ): Promise<T> {
    const {hash} = this.#cellNamed(name);
    return this.#turns.take(lane, () =>
      this.#results.pinning(async () => use(await this.#results.ensure(hash, {}, signal))),
    );
  }

  /** The same for what isn't worth computing the table again: where it has gone, `use` is refused. */
  async ifPresent<T>(name: string, lane: Lane, use: (result: StoredResult) => Promise<T>): Promise<T> {
    const {hash} = this.#cellNamed(name);
    return this.#turns.take(lane, async () => {
      const result = this.known(hash);
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
      this.#results.pinning(async () => {
        const inputs = await this.#results.inputs(cell, {}, signal);
        return use(await this.#results.ensure(cell.hash, {}, signal), inputs);
      }),
    );
  }

  /**
   * Takes out of the engine what isn't of the current plan: SQL finds the rows of other notebooks there by more ways than names, and a
   * notebook that isn't the user's own has to find none.
   */
  leaveOnly(): Promise<void> {
    return this.#turns.take('run', () => {
      const kept = this.#plan.flatMap((cell) => (cell.ready ? [cell, ...cell.sources] : []));
      return this.#results.leaveOnly(new Set(kept.map(({hash}) => hash)));
    });
  }

  /** Runs something of the user's own while the tables of the current plan that `names` mentions, and `sources`, are there under their names. */
  async query<T>(
    names: readonly string[],
    sources: readonly LakeSource[],
    use: () => Promise<T>,
    signal?: AbortSignal,
  ): Promise<T> {
    const results = this.#results;
    return this.#turns.take('run', () =>
      results.pinning(async () => {
        const tables: Pick<Input, 'name' | 'relation'>[] = [];
        results.addLineage(sources);
        for (const {name, hash} of sources) {
          const {relation} = await results.ensure(hash, {}, signal);
          results.pin(hash);
          tables.push({name, relation});
        }
        for (const name of names) {
          const cell = this.#plan.find((planned) => planned.name === name || rejectsOf(planned.name) === name);
          const hash = cell?.ready === true ? cell.hash : cell?.standsFor?.hash;
          if (hash === undefined) continue;
          const result = await results.ensure(hash, {}, signal);
          results.pin(hash);
          if (cell?.name === name) tables.push({name, relation: result.relation});
          else if (result.rejects !== undefined) tables.push({name, relation: id(result.rejects.table)});
        }
        await results.showOnly(tables, signal);
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
          : {...unrun(cell), status: halted};
      if (ran.status === 'failed') halted = 'skipped';
      if (ran.status === 'cancelled') halted = 'cancelled';
      report.push(ran);
      events.onCell?.(ran);
    }
    return report;
  }

  #neededBy(plan: readonly Runnable[], target: string): (cell: Runnable) => boolean {
    const hashes = new Set<string>();
    const visit = (cell: Computed | undefined): void => {
      if (cell === undefined || hashes.has(cell.hash)) return;
      hashes.add(cell.hash);
      for (const hash of [...cell.inputs.map((input) => input.hash), cell.after])
        visit(hash === undefined ? undefined : this.#results.lineageOf(hash));
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

  #cellNamed(name: string): Ready {
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
  async #runCell(cell: Runnable, wanted: boolean, events: RunEvents, signal: AbortSignal): Promise<RanCell> {
    if (!cell.ready) {
      const error = cell.problems[0];
      return {...unrun(cell), status: cell.disabled ? 'disabled' : 'broken', ...(error === undefined ? {} : {error})};
    }
    if (signal.aborted) return {...unrun(cell), status: 'cancelled', error: cancelled};
    const known = this.known(cell.hash);
    if (known !== undefined && (this.isPresent(cell.hash) || !wanted)) return this.#report(cell, known, 'cached');
    events.onStart?.(cell.name);
    const started = performance.now();
    try {
      return this.#report(cell, await this.#results.ensure(cell.hash, events, signal), 'ok');
    } catch (thrown) {
      const found = problemOf(thrown);
      const problem = at(stopProblem(found.message) ?? found, {cell: cell.name, line: cell.line});
      const ms = performance.now() - started;
      return {...unrun(cell), status: problem.code === 'CANCELLED' ? 'cancelled' : 'failed', ms, error: problem};
    }
  }

  /** A known result's line in a report, as if it had just run; undefined when nothing is known. */
  recall(cell: Ready): RanCell | undefined {
    const known = this.known(cell.hash);
    return known === undefined ? undefined : this.#report(cell, known, 'cached');
  }

  #report(cell: Ready, {rows, rejects, verdict, ms, bytes}: StoredResult, status: RanStatus): RanCell {
    const rowsIn = cell.inputs.reduce<number | null>((sum, input) => addRows(sum, this.#results.rowsOf(input)), null);
    const ran = {...unrun(cell), status, rowsIn, rowsOut: rows, rejected: rejects?.rows ?? 0, ms, bytes};
    if (verdict === undefined) return ran;
    const problem = at(verdict.problem, {cell: cell.name, line: cell.line});
    return verdict.stops
      ? {...ran, status: 'failed', error: problem}
      : {...ran, warning: {...problem, mark: verdict.mark}};
  }
}

const addRows = (sum: number | null, rows: number | null): number | null => (rows === null ? sum : (sum ?? 0) + rows);

/** A cell's line in a report before anything is known of its rows. */
const unrun = ({name, kind}: Runnable): Omit<RanCell, 'status'> => ({
  name,
  kind,
  rowsIn: null,
  rowsOut: null,
  rejected: 0,
  ms: 0,
  bytes: 0,
});
