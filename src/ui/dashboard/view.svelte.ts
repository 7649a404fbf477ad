import {createContext, untrack} from 'svelte';
import {SvelteMap} from 'svelte/reactivity';
import type {RunnableCell} from '../../cells/define.ts';
import {spanOf, type Choice, type Extent} from '../../notebook/dashboard-choice.ts';
import {findFilters, type Filters, type TileColumns, type TileSource} from '../../notebook/dashboard-filters.ts';
import type {Tile} from '../../notebook/dashboard.ts';
import type {CompiledCell} from '../../notebook/plan.ts';
import type {CellStatus} from '../../notebook/session.svelte.ts';
import type {TileFilter} from '../../notebook/tiles.ts';
import type {Page} from '../page.svelte.ts';

/** A tile with the cell it shows, as that stands now. */
export interface Placed {
  /** Its place in the notebook's list. */
  readonly at: number;
  readonly key: string;
  readonly tile: Tile;
  /** Undefined when no cell has its name. */
  readonly cell: RunnableCell | undefined;
  /** Undefined when the cell can't run. */
  readonly planned: CompiledCell | undefined;
  readonly status: CellStatus;
}

/** The open dashboard: its tiles, and what the filters make of them. */
export class DashboardView {
  readonly placed: readonly Placed[] = $derived.by(() => this.#place());
  /** What each result offers to the filters, by edition; undefined where it can't be told. */
  readonly #sources = new SvelteMap<string, TileSource | undefined>();
  readonly filters: Filters = $derived.by(() =>
    findFilters(
      this.page.session.notebook.dashboard,
      this.placed.map(({tile, planned}) => ({
        tile,
        source: planned === undefined ? undefined : this.#sources.get(this.edition(planned)),
      })),
    ),
  );
  readonly span: Extent | undefined = $derived.by(() => spanOf(this.choice, this.filters.extent));
  /** Whether every tile that has a result has told what it offers: before that a filter could still change. */
  readonly settled: boolean = $derived.by(() =>
    this.placed.every(
      ({planned, status}) => planned === undefined || status !== 'fresh' || this.#sources.has(this.edition(planned)),
    ),
  );
  /** Cells that wait for a run. */
  readonly waiting: number = $derived.by(
    () =>
      new Set(
        this.placed.flatMap(({planned, status}) => (planned !== undefined && status !== 'fresh' ? [planned.name] : [])),
      ).size,
  );
  /** The page is drawn for paper. */
  printing = $state(false);

  constructor(readonly page: Page) {}

  get choice(): Choice {
    return this.page.dashboard ?? {range: undefined, sensors: []};
  }

  /** Names the rows that the cell gives now. */
  edition(cell: CompiledCell): string {
    return this.page.session.tiles.edition(cell);
  }

  choose(change: Partial<Choice>): void {
    void this.page.showDashboard({...this.choice, ...change});
  }

  #place(): Placed[] {
    const {session} = this.page;
    const byName = new Map([...session.planned.values()].map((cell) => [cell.name, cell]));
    const seen = new Map<string, number>();
    return session.notebook.dashboard.tiles.flatMap((tile, at): Placed[] => {
      if (tile === undefined) return [];
      const planned = byName.get(tile.cell);
      const cell = planned === undefined ? undefined : this.page.cell(planned.id);
      // A tile keeps what it has loaded when others move around it.
      const what = `${tile.show} ${tile.cell} ${tile.show === 'figure' ? `${tile.value} ${tile.column ?? ''}` : ''}`;
      const nth = seen.get(what) ?? 0;
      seen.set(what, nth + 1);
      const status = planned === undefined ? 'new' : session.statusOf(planned.id);
      return [{at, key: `${what} ${nth}`, tile, cell, planned: planned?.ready === true ? planned : undefined, status}];
    });
  }

  /** Asks the results that are there what they offer to the filters; one that isn't in the engine any more is made again first. */
  study(): void {
    const {session} = this.page;
    for (const {planned, status} of this.placed) {
      if (planned === undefined || status !== 'fresh') continue;
      const [{id}, edition] = [planned, this.edition(planned)];
      if (untrack(() => this.#sources.has(edition))) continue;
      untrack(() => {
        session
          .result(id)
          .then(() => session.tiles.source(planned))
          // The tile itself tells what is wrong.
          .catch(() => undefined)
          .then((source) => this.#sources.set(edition, source))
          .catch(() => undefined);
      });
    }
  }

  columnsOf(place: Placed): TileColumns {
    return this.filters.tiles[this.placed.indexOf(place)] ?? {time: undefined, sensor: undefined};
  }

  /** What is left of the tile's rows; what its table has no column for is left alone. */
  filterOf(place: Placed): TileFilter {
    const columns = this.columnsOf(place);
    return {
      columns,
      span: columns.time === undefined ? undefined : this.span,
      sensors: columns.sensor === undefined ? [] : this.choice.sensors,
    };
  }

  /** Says which of the chosen filters don't act on a tile, and which column stands in for the sensor. */
  notesOf(place: Placed): {readonly text: string; readonly warns: boolean}[] {
    const {time, sensor} = this.columnsOf(place);
    const {filters} = this;
    const lacks = (what: string, column: string) => ({
      text: `Not filtered by ${what}: it has no column ${column}.`,
      warns: true,
    });
    const notes: {readonly text: string; readonly warns: boolean}[] = [];
    if (this.span !== undefined && time === undefined && filters.time !== undefined)
      notes.push(lacks('time', place.tile.time ?? filters.time));
    if (this.choice.sensors.length > 0 && filters.sensor !== undefined) {
      if (sensor === undefined) notes.push(lacks('sensor', place.tile.sensor ?? filters.sensor));
      else if (sensor.toLowerCase() !== filters.sensor.toLowerCase())
        notes.push({text: `Filtered by ${sensor}.`, warns: false});
    }
    return notes;
  }

  // ---- edits

  async move(at: number, to: number): Promise<void> {
    const {tiles} = this.page.session.notebook.dashboard;
    if (to < 0 || to >= tiles.length) return;
    this.page.session.editDashboard({do: 'move', from: at, to});
    this.page.say(`Moved to place ${to + 1} of ${tiles.length}.`);
  }
  widen(at: number, wide: boolean): void {
    this.page.session.editDashboard({do: 'set', at, values: {wide: wide ? true : undefined}});
    this.page.say(wide ? 'Wide.' : 'Narrow.');
  }
  remove({at, tile}: Placed): void {
    this.page.session.editDashboard({do: 'remove', at});
    this.page.toast(`${tile.title ?? tile.cell} is off the dashboard; the cell stays.`, {
      action: {label: 'Undo', run: () => this.page.session.undo()},
    });
  }
}

export const [getView, setView] = createContext<DashboardView>();
