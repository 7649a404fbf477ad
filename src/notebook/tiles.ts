import {timesOf, columnOf, type AlertsTable} from '../charts/alerts.ts';
import {naturally} from '../charts/axes.ts';
import {reduceChart} from '../charts/reduce.ts';
import type {ChartRow} from '../charts/reduced.ts';
import type {ChartSpec} from '../charts/spec.ts';
import {suggestChart} from '../charts/suggest.ts';
import {cancelled, ProblemError, unwrap} from '../lib/problem.ts';
import type {Row, Value} from '../lib/value.ts';
import type {Ports} from '../ports/index.ts';
import {numberedRows, type Rows} from '../sql/rows.ts';
import {finiteOnly} from '../sql/missing.ts';
import {id, join, lit, sql, type Sql} from '../sql/sql.ts';
import {isNumber, isText, isTime, type Column} from '../sql/types.ts';
import type {FigureTile} from './dashboard.ts';
import type {Extent} from './dashboard-choice.ts';
import type {TileColumns, TileSource} from './dashboard-filters.ts';
import type {ChartFace} from './faces.ts';
import {kept} from '../run/kept.ts';
import type {CompiledCell} from './plan.ts';
import type {Runner} from '../run/runner.ts';

/** What a tile shows of its table: the rows of this span, both ends in it, and of these sensors; no sensors are all of them. */
export interface TileFilter {
  readonly columns: TileColumns;
  readonly span: Extent | undefined;
  readonly sensors: readonly string[];
}

export interface FigureFound {
  readonly value: Value;
  readonly type: string;
  /** Rows it was made of. */
  readonly rows: number;
  /** The same figure over the time that was chosen, in equal parts; null where a part has no rows. Undefined without a time, or where it is no number. */
  readonly trend: readonly (number | null)[] | undefined;
}

export interface TableFound {
  readonly columns: readonly Column[];
  /** The latest first where there is a time, else in the table's own order; `tableRows` at most. */
  readonly rows: readonly Row[];
  /** Rows that the filters leave. */
  readonly total: number;
}

/** Rows that a table tile fetches. */
export const tableRows = 100;
/** A column of more different texts than this names no sensors. */
const mostSensors = 10_000;
/** Different colours that are looked for; a chart has fewer names. */
const mostColored = 100;
const mostParts = 40;
/** Seconds that a part of a trend may take: lengths at which steady readings fall evenly. */
const partWidths = [1, 5, 15, 60, 300, 900, 1800, 3600, 10_800, 21_600, 43_200, 86_400, 604_800, 2_419_200, 31_536_000];

/** The WHERE of a filter; undefined where it takes nothing out. */
function condition({columns: {time, sensor}, span, sensors}: TileFilter): Sql | undefined {
  const parts: Sql[] = [];
  if (time !== undefined && span !== undefined)
    parts.push(sql`epoch_us(${id(time)}) BETWEEN ${lit(Math.ceil(span.from))} AND ${lit(Math.floor(span.to))}`);
  if (sensor !== undefined && sensors.length > 0) parts.push(sql`${id(sensor)} IN (${join(sensors.map(lit))})`);
  return parts.length === 0 ? undefined : join(parts, ' AND ');
}

const filtered = (relation: Sql, filter: TileFilter): Sql => {
  const where = condition(filter);
  return where === undefined ? relation : sql`(SELECT * FROM ${relation} WHERE ${where})`;
};

/** The alerts of a chart that the filter leaves: those that were there in its span. Where sensors are colours or facets, the chart's own rows choose them. */
function filteredAlerts(
  {columns, relation}: AlertsTable,
  {columns: {time, sensor: filters}, span, sensors}: TileFilter,
  isGrouped: boolean,
): AlertsTable {
  const parts: Sql[] = [];
  const {since, cleared} = timesOf(columns);
  if (time !== undefined && span !== undefined)
    parts.push(
      sql`${since} <= ${lit(span.to / 1000)} AND coalesce(${cleared}, ${lit(span.to / 1000)}) >= ${lit(span.from / 1000)}`,
    );
  const sensor = columnOf('sensor', columns);
  if (sensor !== undefined && filters !== undefined && sensors.length > 0 && !isGrouped)
    parts.push(sql`${id(sensor.name)} IN (${join(sensors.map(lit))})`);
  return parts.length === 0
    ? {columns, relation}
    : {columns, relation: sql`(SELECT * FROM ${relation} WHERE ${join(parts, ' AND ')})`};
}

interface Table extends Rows {
  readonly columns: readonly Column[];
  readonly rows: number;
  /** The alerts that its chart marks. */
  readonly alerts?: AlertsTable | undefined;
}

/** The rows behind a dashboard's tiles: small queries over results that are there, which run nothing of the notebook. */
export class Tiles {
  readonly #sources = new Map<string, Promise<TileSource>>();
  readonly #colors = new Map<string, Promise<readonly (string | number)[]>>();

  constructor(
    private readonly ports: Ports,
    private readonly runner: Runner,
  ) {}

  /** Names the rows that a tile shows. The cell's hash does not: a cell that writes to a table again keeps it. */
  edition(cell: CompiledCell): string {
    const input = cell.work.chart === undefined ? undefined : cell.inputs[0];
    return input === undefined
      ? this.runner.edition(cell.hash)
      : `${this.runner.edition(input.hash)}${input.rejects ? ' rejects' : ''}`;
  }

  /** What the table that a cell shows offers to the filters; kept by the hash of its rows. */
  source(cell: CompiledCell): Promise<TileSource> {
    return kept(this.#sources, this.edition(cell), () =>
      this.#look(cell, undefined, ({relation, columns, rows}) => this.#study(relation, columns, rows)),
    );
  }

  async #study(relation: Sql, columns: readonly Column[], known: number): Promise<TileSource> {
    const {engine} = this.ports;
    const times = columns.filter(({type}) => isTime(type));
    const texts = columns.filter(({type}) => isText(type));
    const asked = [
      sql`count(*)`,
      ...times.flatMap(({name}) => [sql`min(epoch_us(${id(name)}))`, sql`max(epoch_us(${id(name)}))`]),
      ...texts.map(({name}) => sql`approx_count_distinct(${id(name)})`),
    ];
    const [facts = []] = (await engine.rows(sql`SELECT ${join(asked)} FROM ${relation}`)).rows;
    const extents = times.flatMap(({name}, i): [string, Extent][] => {
      const [from = null, to = null] = facts.slice(1 + 2 * i);
      return from === null || to === null ? [] : [[name, {from: Number(from), to: Number(to)}]];
    });
    const values = new Map<string, readonly string[]>();
    for (const [i, {name}] of texts.entries()) {
      if (Number(facts[1 + 2 * times.length + i]) > mostSensors) continue;
      const column = id(name);
      const found = await engine.rows(
        sql`SELECT DISTINCT ${column} FROM ${relation} WHERE ${column} IS NOT NULL LIMIT ${lit(mostSensors)}`,
      );
      values.set(
        name,
        found.rows.flatMap(([value]) => (typeof value === 'string' ? [value] : [])),
      );
    }
    return {columns, rows: Number(facts[0] ?? known), times: new Map(extents), values};
  }

  /** A chart of the rows that the filter leaves. */
  chart(cell: CompiledCell, filter: TileFilter, signal: AbortSignal): Promise<ChartFace> {
    return this.#look(cell, signal, async ({relation, columns, alerts}) => {
      const spec = cell.work.chart ?? suggestChart(columns);
      if (spec === undefined)
        throw new ProblemError({
          code: 'NOTHING_TO_DRAW',
          message: 'This table has no column that a chart could show.',
          hint: 'Show it as a table instead.',
        });
      const marked =
        alerts === undefined
          ? undefined
          : filteredAlerts(alerts, filter, spec.color !== undefined || spec.facet !== undefined);
      const reduced = unwrap(reduceChart(spec, columns, filtered(relation, filter), marked));
      const table = await this.ports.engine.query(reduced.sql);
      const isWhole = reduced.color === undefined || condition(filter) === undefined;
      const colorsBefore = isWhole
        ? undefined
        : await kept(this.#colors, `${this.edition(cell)} ${JSON.stringify(spec)}`, () =>
            this.#colorsOf(spec, columns, relation),
          );
      return {
        spec,
        reduced: {...reduced, colorsBefore},
        rows: table.toArray().map((row: {toJSON(): ChartRow}) => row.toJSON()),
      };
    });
  }

  /** What has a colour in a chart of all rows. */
  async #colorsOf(spec: ChartSpec, columns: readonly Column[], relation: Sql): Promise<readonly (string | number)[]> {
    const whole = unwrap(reduceChart(spec, columns, relation));
    const {rows} = await this.ports.engine.rows(
      sql`SELECT DISTINCT color FROM (${whole.sql}) WHERE color IS NOT NULL LIMIT ${lit(mostColored)}`,
    );
    const colors = rows.flatMap(([color]) => (typeof color === 'string' || typeof color === 'number' ? [color] : []));
    return colors.sort((a, b) => naturally(String(a), String(b)));
  }

  figure(cell: CompiledCell, tile: FigureTile, filter: TileFilter, signal: AbortSignal): Promise<FigureFound> {
    return this.#look(cell, signal, async ({relation, columns}) => {
      const {engine} = this.ports;
      const {time} = filter.columns;
      const column = tile.column === undefined ? undefined : columnNamed(tile.column, columns);
      const value = statistic(tile, column, time);
      const from = filtered(relation, filter);
      const at = time === undefined ? sql`NULL` : sql`epoch_us(${id(time)})`;
      const {columns: types, rows} = await engine.rows(
        sql`SELECT ${value}, count(*), min(${at}), max(${at}) FROM ${from}`,
      );
      const [[found = null, counted = null, first = null, last = null] = []] = rows;
      const type = types[0]?.type ?? '';
      const hasTrend = isNumber(type) && found !== null && first !== null && first !== last;
      return {
        value: found,
        type,
        rows: Number(counted),
        trend: hasTrend
          ? await this.#trend(
              from,
              value,
              at,
              {from: Number(first), to: Number(last)},
              ['count', 'sum', 'distinct'].includes(tile.value),
            )
          : undefined,
      };
    });
  }

  /** A figure in parts of equal length from the first time on; a sum of a part that has hardly begun would look like a fall, so that one is left out. */
  async #trend(from: Sql, value: Sql, at: Sql, extent: Extent, isSum: boolean): Promise<(number | null)[]> {
    const length = extent.to - extent.from;
    const width =
      partWidths.find((seconds) => seconds * 1e6 * mostParts >= length) ?? Math.ceil(length / 1e6 / mostParts);
    const count = Math.floor(length / (width * 1e6)) + 1;
    const isWhole = length / (width * 1e6) - (count - 1) >= 0.9;
    const {rows} = await this.ports.engine.rows(
      sql`SELECT (${at} - ${lit(extent.from)}) // ${lit(width * 1e6)}, (${value})::DOUBLE FROM ${from} WHERE ${at} IS NOT NULL GROUP BY 1`,
    );
    const parts = new Map(rows.map(([place = null, amount = null]) => [Number(place), amount]));
    return Array.from({length: isSum && !isWhole && count > 1 ? count - 1 : count}, (_, i) => {
      const amount = parts.get(i);
      return typeof amount === 'number' && Number.isFinite(amount) ? amount : null;
    });
  }

  table(cell: CompiledCell, filter: TileFilter, signal: AbortSignal): Promise<TableFound> {
    return this.#look(cell, signal, async (table) => {
      const {engine} = this.ports;
      const where = condition(filter);
      const {from, row, all} = numberedRows(table);
      const order =
        filter.columns.time === undefined ? row : sql`epoch_us(${id(filter.columns.time)}) DESC NULLS LAST, ${row}`;
      const rows = await engine.rows(
        sql`SELECT ${all} FROM ${from}${where === undefined ? sql`` : sql` WHERE ${where}`} ORDER BY ${order} LIMIT ${lit(tableRows)}`,
      );
      const [[total = 0] = []] = (await engine.rows(sql`SELECT count(*) FROM ${filtered(table.relation, filter)}`))
        .rows;
      return {columns: rows.columns, rows: rows.rows, total: Number(total)};
    });
  }

  /** The table that a cell shows, while `use` runs: its own rows, or of a chart those that it draws. What was called off before its turn isn't begun. */
  #look<T>(cell: CompiledCell, signal: AbortSignal | undefined, use: (table: Table) => Promise<T>): Promise<T> {
    return this.runner.withInputs(cell.name, 'look', async (result, inputs) => {
      if (signal?.aborted === true) throw new ProblemError(cancelled);
      const [input, alerts] = inputs;
      if (cell.work.chart === undefined) return use(result);
      if (input === undefined) throw new Error('a chart reads a table');
      return use({...input, rows: result.rows, alerts});
    });
  }
}

function columnNamed(name: string, columns: readonly Column[]): Column {
  const found =
    columns.find((column) => column.name === name) ??
    columns.find((column) => column.name.toLowerCase() === name.toLowerCase());
  if (found === undefined)
    throw new ProblemError({
      code: 'COLUMN_NOT_FOUND',
      message: `There is no column ${name}.`,
      hint: 'Choose another in the tile’s menu.',
    });
  return found;
}

/** A figure as an aggregate: NULL, NaN and infinities are left out; the last is the one of the latest time, or of the last row. */
function statistic({value}: FigureTile, column: Column | undefined, time: string | undefined): Sql {
  if (column === undefined) return sql`count(*)`;
  const name = id(column.name);
  const finite = finiteOnly(column);
  if ((value === 'avg' || value === 'sum') && !isNumber(column.type))
    throw new ProblemError({
      code: 'FIGURE_TYPE',
      message: `${column.name} is ${column.type}, which has no ${value}.`,
      hint: 'Choose count, last, min, max or distinct.',
    });
  switch (value) {
    case 'count':
      return sql`count(${name})${finite}`;
    case 'distinct':
      return sql`count(DISTINCT ${name})${finite}`;
    case 'last':
      if (time !== undefined) return sql`arg_max(${name}, epoch_us(${id(time)}))${finite}`;
      return sql`last(${name}) FILTER (WHERE ${name} IS NOT NULL${finite === '' ? sql`` : sql` AND isfinite(${name})`})`;
    default:
      return sql`${{avg: sql`avg`, sum: sql`sum`, min: sql`min`, max: sql`max`}[value]}(${name})${finite}`;
  }
}
