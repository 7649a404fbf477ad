import type {Column} from '../sql/types.ts';
import type {Extent} from './dashboard-choice.ts';
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
const isBookkeeping = (name: string): boolean =>
  /^_?(created|updated|ingested|loaded|load|run|processed)(_at|_time|_ts)?$/i.test(name);
const namesASensor = (name: string): boolean =>
  /(^|_)(id|sensor|device|machine|compressor|station|asset|pump|meter)(_|$)/i.test(name);
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
  return [...counts.values()]
    .sort((a, b) => Number(before(b.name)) - Number(before(a.name)) || b.tables - a.tables)
    .map(({name}) => name);
}

const collator = new Intl.Collator('en', {numeric: true});

/**
 * Which columns the time range and the sensor filter act on: those the dashboard names, else the column of times that most tiles have,
 * and the column of few texts that most tiles have, one that is named like a key first. A tile's table may call the sensor otherwise:
 * then it is the first column of texts whose values are all sensors.
 */
export function findFilters(
  dashboard: Dashboard,
  tiles: readonly {readonly tile: Tile; readonly source: TileSource | undefined}[],
): Filters {
  const sources = [...new Set(tiles.flatMap(({source}) => source ?? []))];
  const times = ranked(
    sources.map((source) => source.times.keys()),
    (name) => !isBookkeeping(name),
  );
  // A column whose text differs in every row names no sensors.
  const repeating = (source: TileSource): string[] =>
    [...source.values].flatMap(([name, values]) => (values.length < source.rows ? [name] : []));
  const texts = ranked(sources.map(repeating), namesASensor);
  const time = dashboard.time === false ? undefined : (dashboard.time ?? times[0]);
  const sensor = dashboard.sensor === false ? undefined : (dashboard.sensor ?? texts[0]);

  const known = new Set<string>();
  const addValues = (source: TileSource | undefined, column: string | undefined): void => {
    for (const value of (column === undefined ? undefined : source?.values.get(column)) ?? []) known.add(value);
  };
  const named = tiles.map(({tile, source}): TileColumns => {
    const own = (
      name: string | false | undefined,
      has: ReadonlyMap<string, unknown> | undefined,
    ): string | undefined => (name === undefined || name === false ? undefined : find(name, has?.keys() ?? []));
    return {
      time: time === undefined ? undefined : own(tile.time ?? time, source?.times),
      sensor: sensor === undefined ? undefined : own(tile.sensor ?? sensor, source?.values),
    };
  });
  named.forEach((columns, i) => addValues(tiles[i]?.source, columns.sensor));
  const resolved = named.map((columns, i): TileColumns => {
    if (columns.sensor !== undefined || sensor === undefined || tiles[i]?.tile.sensor !== undefined) return columns;
    const alike = [...(tiles[i]?.source?.values ?? [])].find(
      ([, values]) => values.length > 0 && values.every((value) => known.has(value)),
    );
    return {...columns, sensor: alike?.[0]};
  });
  const extents = resolved.flatMap((columns, i) =>
    columns.time === undefined ? [] : (tiles[i]?.source?.times.get(columns.time) ?? []),
  );
  return {
    time,
    sensor,
    extent:
      extents.length === 0
        ? undefined
        : {from: Math.min(...extents.map(({from}) => from)), to: Math.max(...extents.map(({to}) => to))},
    sensors: [...known].sort((a, b) => collator.compare(a, b)),
    tiles: resolved,
    times,
    texts,
  };
}
