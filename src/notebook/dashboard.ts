import {isMap, isSeq, type Document} from 'yaml';
import type {Problem} from '../lib/problem.ts';
import {closest, list} from '../lib/text.ts';

export const figureValues = ['count', 'last', 'avg', 'min', 'max', 'sum', 'distinct'] as const;
/** How a cell's rows become one number; all but `count` are of a column. */
export type FigureValue = (typeof figureValues)[number];

interface TileBase {
  /** The cell whose rows it shows. */
  readonly cell: string;
  readonly wide: boolean;
  readonly title: string | undefined;
  /** Columns of this cell that the filters act on, where they are called otherwise there. */
  readonly time: string | undefined;
  readonly sensor: string | undefined;
}
/** A chart cell's chart, or of a table what suits its columns. */
export interface ChartTile extends TileBase {
  readonly show: 'chart';
}
export interface TableTile extends TileBase {
  readonly show: 'table';
}
export interface FigureTile extends TileBase {
  readonly show: 'figure';
  readonly value: FigureValue;
  readonly column: string | undefined;
}
/** One place of the dashboard; undefined stands for one that can't be read, which keeps its place in the file. */
export type Tile = ChartTile | TableTile | FigureTile;

/** What a notebook's dashboard shows, as its front matter says it. */
export interface Dashboard {
  /** The column that the time range acts on: undefined for the one that is found, false for none. */
  readonly time: string | false | undefined;
  readonly sensor: string | false | undefined;
  readonly tiles: readonly (Tile | undefined)[];
}

export const noDashboard: Dashboard = {time: undefined, sensor: undefined, tiles: []};

const shows = ['chart', 'table', 'figure'] as const;

/** Reads the front matter's `dashboard`; what is wrong is reported and the rest is there. Keys it doesn't know stay in the file. */
export function readDashboard(found: unknown, problems: Problem[]): Dashboard {
  if (found === undefined || found === null) return noDashboard;
  const report = (message: string, hint: string): void =>
    void problems.push({code: 'NOTEBOOK_DASHBOARD', message, hint, where: {line: 1}});
  if (!isRecord(found)) {
    report('The notebook’s dashboard has to be “name: value” lines.', 'Write dashboard: {tiles: [{chart: NAME}]}.');
    return noDashboard;
  }
  const {tiles = [], time, sensor} = found;
  if (!Array.isArray(tiles))
    report('The dashboard’s tiles have to be a list.', 'Write a line such as - {chart: NAME} for each.');
  const column = (name: string, value: unknown): string | false | undefined => {
    if (value === undefined || value === null || typeof value === 'string' || value === false)
      return value ?? undefined;
    report(`The dashboard’s ${name} is no column’s name.`, `Name a column, or write ${name}: false for none.`);
    return undefined;
  };
  return {
    time: column('time', time),
    sensor: column('sensor', sensor),
    tiles: Array.isArray(tiles)
      ? tiles.map((tile: unknown, i) =>
          readTile(tile, (message, hint) => report(`Tile ${i + 1} of the dashboard ${message}`, hint)),
        )
      : [],
  };
}

function readTile(found: unknown, report: (message: string, hint: string) => void): Tile | undefined {
  const named = isRecord(found) ? shows.filter((show) => found[show] !== undefined) : [];
  const [show] = named;
  const cell = isRecord(found) && show !== undefined ? found[show] : undefined;
  if (!isRecord(found) || show === undefined || named.length > 1 || typeof cell !== 'string') {
    report(`has to say what it shows of which cell.`, `Write one of ${list(shows.map((name) => `{${name}: NAME}`))}.`);
    return undefined;
  }
  const text = (name: string): string | undefined => {
    const value = found[name];
    if (value === undefined || value === null || typeof value === 'string') return value ?? undefined;
    if (typeof value === 'number' || typeof value === 'boolean') return String(value);
    report(`has a ${name} that is no text.`, 'Put it between quotes.');
    return undefined;
  };
  const base = {cell, wide: found['wide'] === true, title: text('title'), time: text('time'), sensor: text('sensor')};
  if (show !== 'figure') return {...base, show};
  const written = text('value') ?? 'count';
  const value = figureValues.find((name) => name === written);
  const column = text('column');
  if (value === undefined) {
    const near = closest(written, figureValues);
    report(
      `has the value ${written}, which is none that a figure has.`,
      near === undefined ? `Choose one of ${list(figureValues)}.` : `Did you mean ${near}?`,
    );
    return undefined;
  }
  if (value !== 'count' && column === undefined) {
    report(`shows the ${value} of no column.`, 'Add column: NAME.');
    return undefined;
  }
  return {...base, show, value, column};
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  value !== null && typeof value === 'object' && !Array.isArray(value);

/** One change of the dashboard; places count from 0. */
export type DashboardEdit =
  | {readonly do: 'add'; readonly tiles: readonly Readonly<Record<string, unknown>>[]}
  | {readonly do: 'remove'; readonly at: number}
  | {readonly do: 'move'; readonly from: number; readonly to: number}
  /** Sets keys of a tile; undefined takes one out. */
  | {readonly do: 'set'; readonly at: number; readonly values: Readonly<Record<string, unknown>>}
  | {
      readonly do: 'filter';
      readonly values: {readonly time?: string | false | undefined; readonly sensor?: string | false | undefined};
    }
  /** A cell got another name. */
  | {readonly do: 'rename'; readonly from: string; readonly to: string};

const plain = (values: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));

/** Changes the front matter's `dashboard`; comments, unknown keys and the other tiles stay as they are. */
export function editDashboard(document: Document, change: DashboardEdit): void {
  if (!isMap(document.get('dashboard', true))) document.set('dashboard', document.createNode({}));
  if (change.do === 'filter') {
    for (const [name, value] of Object.entries(change.values)) {
      if (value === undefined) document.deleteIn(['dashboard', name]);
      else document.setIn(['dashboard', name], value);
    }
    return;
  }
  if (change.do === 'add' && !isSeq(document.getIn(['dashboard', 'tiles'], true)))
    document.setIn(['dashboard', 'tiles'], document.createNode([]));
  const tiles = document.getIn(['dashboard', 'tiles'], true);
  if (!isSeq(tiles)) return;
  switch (change.do) {
    case 'add':
      tiles.flow = false;
      for (const tile of change.tiles) tiles.add(document.createNode(plain(tile), {flow: true}));
      return;
    case 'remove':
      tiles.delete(change.at);
      return;
    case 'move':
      tiles.items.splice(change.to, 0, ...tiles.items.splice(change.from, 1));
      return;
    case 'set':
      for (const [name, value] of Object.entries(change.values)) {
        if (value === undefined) tiles.deleteIn([change.at, name]);
        else tiles.setIn([change.at, name], value);
      }
      return;
    case 'rename':
      for (const tile of tiles.items)
        for (const show of shows) if (isMap(tile) && tile.get(show) === change.from) tile.set(show, change.to);
  }
}
