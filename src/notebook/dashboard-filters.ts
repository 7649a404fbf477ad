import type {Column} from '../sql/types.ts';
import type {Dashboard, Tile} from './dashboard.ts';

/** What a tile's table offers to the filters; times are microseconds since 1970, UTC. */
export interface TileSource {
  readonly columns: readonly Column[];
  readonly rows: number;
  /** From the first to the last time of each column of times that has any. */
  readonly times: ReadonlyMap<string, Extent>;
  /** The different values of each column of texts that has few. */
  readonly values: ReadonlyMap<string, readonly string[]>;
}

export interface Extent {
  readonly from: number;
  readonly to: number;
}

/** The columns of a tile's table that the filters act on; undefined where it has none. */
export interface TileColumns {
  readonly time: string | undefined;
  readonly sensor: string | undefined;
}

export interface Filters {
  readonly time: string | undefined;
  readonly sensor: string | undefined;
  /** From the first to the last time of all tiles. */
  readonly extent: Extent | undefined;
  /** Every sensor of any tile, in the order that people count. */
  readonly sensors: readonly string[];
  /** In the order of the tiles. */
  readonly tiles: readonly TileColumns[];
  /** Columns that could be chosen instead. */
  readonly times: readonly string[];
  readonly texts: readonly string[];
}

/** When rows were written rather than measured. */
const isBookkeeping = (name: string): boolean => /^_?(created|updated|ingested|loaded|load|run|processed)(_at|_time|_ts)?$/i.test(name);
const namesASensor = (name: string): boolean => /(^|_)(id|sensor|device|machine|compressor|station|asset|pump|meter)(_|$)/i.test(name);
const find = (name: string, names: Iterable<string>): string | undefined => {
  const all = [...names];
  return all.find((other) => other === name) ?? all.find((other) => other.toLowerCase() === name.toLowerCase());
};

/** Columns by name without case, those of most tables first; `before` decides first, the order of the columns last. */
function ranked(tables: readonly Iterable<string>[], before: (name: string) => boolean): string[] {
  const counts = new Map<string, {name: string; tables: number}>();
  for (const table of tables)
    for (const name of table) {
      const known = counts.get(name.toLowerCase());
      counts.set(name.toLowerCase(), {name: known?.name ?? name, tables: (known?.tables ?? 0) + 1});
    }
  return [...counts.values()].sort((a, b) => Number(before(b.name)) - Number(before(a.name)) || b.tables - a.tables).map(({name}) => name);
}

const collator = new Intl.Collator('en', {numeric: true});

/**
 * Which columns the time range and the sensor filter act on: those the dashboard names, else the column of times that most tiles have,
 * and the column of few texts that most tiles have, one that is named like a key first. A tile's table may call the sensor otherwise:
 * then it is the first column of texts whose values are all sensors.
 */
export function findFilters(dashboard: Dashboard, tiles: readonly {readonly tile: Tile; readonly source: TileSource | undefined}[]): Filters {
  const sources = [...new Set(tiles.flatMap(({source}) => source ?? []))];
  const times = ranked(
    sources.map((source) => source.times.keys()),
    (name) => !isBookkeeping(name),
  );
  // A text that is another one in every row is no sensor.
  const repeating = (source: TileSource): string[] => [...source.values].flatMap(([name, values]) => (values.length < source.rows ? [name] : []));
  const texts = ranked(sources.map(repeating), namesASensor);
  const time = dashboard.time === false ? undefined : (dashboard.time ?? times[0]);
  const sensor = dashboard.sensor === false ? undefined : (dashboard.sensor ?? texts[0]);

  const known = new Set<string>();
  const addValues = (source: TileSource | undefined, column: string | undefined): void => {
    for (const value of (column === undefined ? undefined : source?.values.get(column)) ?? []) known.add(value);
  };
  const named = tiles.map(({tile, source}): TileColumns => {
    const own = (name: string | false | undefined, has: ReadonlyMap<string, unknown> | undefined): string | undefined =>
      name === undefined || name === false ? undefined : find(name, has?.keys() ?? []);
    return {
      time: time === undefined ? undefined : own(tile.time ?? time, source?.times),
      sensor: sensor === undefined ? undefined : own(tile.sensor ?? sensor, source?.values),
    };
  });
  named.forEach((columns, i) => addValues(tiles[i]?.source, columns.sensor));
  const resolved = named.map((columns, i): TileColumns => {
    if (columns.sensor !== undefined || sensor === undefined || tiles[i]?.tile.sensor !== undefined) return columns;
    const alike = [...(tiles[i]?.source?.values ?? [])].find(([, values]) => values.length > 0 && values.every((value) => known.has(value)));
    return {...columns, sensor: alike?.[0]};
  });
  const extents = resolved.flatMap((columns, i) => (columns.time === undefined ? [] : (tiles[i]?.source?.times.get(columns.time) ?? [])));
  return {
    time,
    sensor,
    extent: extents.length === 0 ? undefined : {from: Math.min(...extents.map(({from}) => from)), to: Math.max(...extents.map(({to}) => to))},
    sensors: [...known].sort((a, b) => collator.compare(a, b)),
    tiles: resolved,
    times,
    texts,
  };
}

export const quickRanges = {'1h': 3.6e9, '24h': 8.64e10, '7d': 6.048e11} as const;
export type QuickRange = keyof typeof quickRanges;

/** What the reader chose: a span that ends with the data, a span of his own, or everything. No sensors chosen are all of them. */
export interface Choice {
  readonly range: QuickRange | Extent | undefined;
  readonly sensors: readonly string[];
}

export const noChoice: Choice = {range: undefined, sensors: []};

/** The chosen span with both ends in it; undefined for everything. */
export function spanOf({range}: Choice, extent: Extent | undefined): Extent | undefined {
  if (typeof range !== 'string') return range;
  return extent === undefined ? undefined : {from: extent.to - quickRanges[range], to: extent.to};
}

/** The address's fragment of a dashboard. */
const fragmentKey = '#dashboard';
const timeText = (us: number): string => new Date(us / 1000).toISOString().replace('.000Z', 'Z');
const timeIn = (text: string | null): number | undefined => {
  const ms = text === null ? NaN : Date.parse(text);
  return Number.isNaN(ms) ? undefined : ms * 1000;
};

export function fragmentOf({range, sensors}: Choice): string {
  const said = new URLSearchParams();
  if (typeof range === 'string') said.set('last', range);
  else if (range !== undefined) {
    said.set('from', timeText(range.from));
    said.set('to', timeText(range.to));
  }
  for (const sensor of sensors) said.append('sensor', sensor);
  const text = said.toString();
  return `${fragmentKey}${text === '' ? '' : `?${text}`}`;
}

/** What a fragment says; undefined when it is not a dashboard's. */
export function choiceIn(fragment: string): Choice | undefined {
  const [key, text = ''] = fragment.split('?', 2);
  if (key !== fragmentKey) return undefined;
  const said = new URLSearchParams(text);
  const last = said.get('last');
  const [from, to] = [timeIn(said.get('from')), timeIn(said.get('to'))];
  const quick = (Object.keys(quickRanges) as QuickRange[]).find((name) => name === last);
  return {range: quick ?? (from === undefined || to === undefined ? undefined : {from, to}), sensors: said.getAll('sensor')};
}
