import {reduceChart} from '../charts/reduce.ts';
import type {ChartRow, ReducedChart} from '../charts/reduced.ts';
import type {ChartSpec} from '../charts/spec.ts';
import {suggestChart} from '../charts/suggest.ts';
import {ProblemError, unwrap} from '../lib/problem.ts';
import type {Row} from '../lib/value.ts';
import type {Ports} from '../ports/index.ts';
import {columnChanges, changedCounts, changedRows, removedRows, type ColumnChange} from '../sql/changes.ts';
import {pageSql, type Sort} from '../sql/page.ts';
import {profileColumns, profiledAtOnce, type ColumnProfile} from '../sql/profile.ts';
import type {Rows} from '../sql/rows.ts';
import {id, lit, sql, type Sql} from '../sql/sql.ts';
import type {Column} from '../sql/types.ts';
import type {Effect, Input, NotExportable} from '../steps/define.ts';
import type {ExportFormat, ExportOptions} from './export-format.ts';
import {pysparkOf, sqlOf} from './source.ts';
import {kept} from '../run/kept.ts';
import type {CompiledCell} from './plan.ts';
import type {Runner} from '../run/runner.ts';
import type {StoredResult} from '../run/define.ts';

/** What a cell did to the table it reads: counts first, then the rows themselves, page by page. */
export interface Changes {
  readonly effect: Effect;
  readonly rowsIn: number | null;
  readonly rowsOut: number;
  /** Rows that are gone (`subset`), or that hold a changed value (`same`). */
  readonly rowsChanged: number;
  readonly columns: readonly (ColumnChange & {readonly changed: number})[];
  /** Columns of the rows to show: `row` (in the input, from 1), then values; `X before` and `X after` where they changed. */
  readonly rowColumns: readonly Column[];
  fetchRows(offset: number, limit: number): Promise<readonly Row[]>;
}

/** A result's rows, those it rejected, or those that make one check of a quality cell fail. */
export type PagedTable = 'rows' | 'rejects' | {readonly check: string};

export interface ChartFace {
  readonly spec: ChartSpec;
  readonly reduced: ReducedChart;
  readonly rows: readonly ChartRow[];
}

/** What the page shows of a cell: rows, profiles, changes, charts, code, and the file it leaves as. What is small is kept by hash when the tables go. */
export class Faces {
  readonly #profiles = new Map<string, Promise<readonly ColumnProfile[]>>();
  readonly #changes = new Map<string, Promise<Changes>>();

  constructor(
    private readonly ports: Ports,
    private readonly runner: Runner,
    /** The cell of an id; throws a Problem where it can't run. */
    private readonly cellOf: (id: string) => CompiledCell,
  ) {}

  /** Rows of a result, or of what it rejected. */
  page(
    cellId: string,
    offset: number,
    limit: number,
    sort: readonly Sort[] = [],
    table: PagedTable = 'rows',
  ): Promise<readonly Row[]> {
    return this.runner.withResult(this.cellOf(cellId).name, 'look', async (result) => {
      const rows = table === 'rows' ? result : rejectedRows(result, table);
      return rows === undefined ? [] : (await this.ports.engine.rows(pageSql(rows, {offset, limit, sort}))).rows;
    });
  }

  /** Profiles of `profiledAtOnce` columns from one on. Each batch waits for its turn: a wide table holds nobody up. */
  profiles(cellId: string, first: number): Promise<readonly ColumnProfile[]> {
    const cell = this.cellOf(cellId);
    return kept(this.#profiles, `${this.runner.edition(cell.hash)} ${first}`, () =>
      this.runner.ifPresent(cell.name, 'study', ({relation, columns, rows}) =>
        profileColumns(this.ports.engine, relation, columns.slice(first, first + profiledAtOnce), rows),
      ),
    );
  }

  changes(cellId: string): Promise<Changes> {
    const cell = this.cellOf(cellId);
    return kept(this.#changes, this.runner.edition(cell.hash), () =>
      this.runner.withInputs(cell.name, 'study', (result, inputs) => this.#compare(cell, result, inputs)),
    );
  }

  async #compare(cell: CompiledCell, result: StoredResult, inputs: readonly Input[]): Promise<Changes> {
    const {work} = cell;
    const [input] = inputs;
    const effect = work.effect;
    if (input === undefined || effect === 'new')
      return {
        effect: 'new',
        rowsIn: null,
        rowsOut: result.rows,
        rowsChanged: 0,
        columns: columnChanges(input?.columns ?? [], result.columns).map((change) => ({...change, changed: 0})),
        rowColumns: [],
        fetchRows: () => Promise.resolve([]),
      };

    const columns = columnChanges(input.columns, result.columns);
    // Beside its input a result has only what it made; the rest is the input's own.
    const made = result.parts.length > 1 ? (result.parts.at(-1)?.columns ?? []) : columns.map(({name}) => name);
    const mayDiffer = columns.filter(({name}) => made.includes(name));
    const rowsIn = Number((await this.#numbers(sql`SELECT count(*) AS n FROM ${input.relation}`))[0] ?? 0);
    const isKept = (change: ColumnChange): boolean => change.before !== undefined && change.after !== undefined;
    const compared = columns.filter(isKept);
    const counts =
      effect === 'same' ? await this.#numbers(changedCounts(input.relation, result.relation, mayDiffer)) : [];
    const changed = new Map(mayDiffer.filter(isKept).map((change, i) => [change.name, counts[i + 1] ?? 0]));
    const touched = columns.filter((change) => (changed.get(change.name) ?? 0) > 0);
    const untouched = compared.filter((change) => !touched.includes(change)).map((change) => change.name);
    const rowsSql = (from: Sql, to: StoredResult): Sql => {
      if (effect === 'same') return changedRows(from, to.relation, touched, untouched.slice(0, 4));
      // What a step rejected it has kept, with the reason.
      return to.rejects === undefined ? removedRows(from, to.relation, columns) : sql`FROM ${id(to.rejects.table)}`;
    };
    const rowColumns = await this.ports.engine.describe(rowsSql(input.relation, result));
    return {
      effect,
      rowsIn,
      rowsOut: result.rows,
      rowsChanged: effect === 'same' ? (counts[0] ?? 0) : rowsIn - result.rows,
      columns: columns.map((change) => ({...change, changed: changed.get(change.name) ?? 0})),
      rowColumns,
      fetchRows: (offset, limit) =>
        this.runner.withInputs(cell.name, 'look', async (again, [first]) => {
          const page = sql`FROM (${rowsSql(first?.relation ?? input.relation, again)}) LIMIT ${lit(limit)} OFFSET ${lit(offset)}`;
          return (await this.ports.engine.rows(page)).rows;
        }),
    };
  }

  async #numbers(query: Sql): Promise<number[]> {
    const {rows} = await this.ports.engine.rows(query);
    return (rows[0] ?? []).map(Number);
  }

  /** The reduced rows of a chart cell, or of a table drawn by `spec` or by what suits its columns. */
  chart(cellId: string, spec?: ChartSpec): Promise<ChartFace> {
    const cell = this.cellOf(cellId);
    const own = cell.work.chart;
    return this.runner.withInputs(cell.name, own === undefined ? 'study' : 'look', async (result, inputs) => {
      const source = own === undefined ? result : inputs[0];
      const drawn = own ?? spec ?? (source === undefined ? undefined : suggestChart(source.columns));
      if (source === undefined || drawn === undefined)
        throw new ProblemError({
          code: 'NOTHING_TO_DRAW',
          message: 'This table has no column that a chart could show.',
          hint: 'Add a chart cell and choose its columns.',
        });
      const reduced = unwrap(
        reduceChart(drawn, source.columns, source.relation, own === undefined ? undefined : inputs[1]),
      );
      const table = await this.ports.engine.query(own === undefined ? reduced.sql : sql`FROM ${result.relation}`);
      return {spec: drawn, reduced, rows: table.toArray().map((row: {toJSON(): ChartRow}) => row.toJSON())};
    });
  }

  /** The SQL that a cell stands for. */
  sqlOf(cellId: string): string {
    return sqlOf(this.cellOf(cellId), (hash) => this.runner.known(hash));
  }

  async pysparkOf(cellId: string): Promise<string | NotExportable> {
    const cell = this.cellOf(cellId);
    const spark = await import('../pyspark/query.ts');
    return pysparkOf(cell, (hash) => this.runner.known(hash), spark);
  }

  async exportCell(
    cellId: string,
    format: ExportFormat,
    options: ExportOptions = {},
    signal?: AbortSignal,
  ): Promise<File> {
    const {exportCell} = await import('./export.ts');
    return exportCell(this.ports, this.runner, this.cellOf(cellId).name, format, options, signal);
  }
}

/** The rows that a result rejected, all of them or those that make a check fail. */
function rejectedRows({rejects}: StoredResult, table: 'rejects' | {readonly check: string}): Rows | undefined {
  if (rejects === undefined) return undefined;
  const {columns} = rejects;
  const relation = id(rejects.table);
  // The check stands before the reason, whatever it is called beside the columns of the rows.
  return {
    columns,
    relation:
      table === 'rejects'
        ? relation
        : sql`(FROM ${relation} WHERE ${id(columns.at(-2)?.name ?? '')} = ${lit(table.check)})`,
  };
}
