import {untrack} from 'svelte';
import type {CompiledCell} from '../../notebook/plan.ts';
import type {TileFilter, Tiles} from '../../notebook/tiles.ts';
import {Loaded} from '../loaded.svelte.ts';
import {getView, type Placed} from './view.svelte.ts';

/**
 * What `work` finds for a tile, made again whenever its cell's rows, its filter or what is `asked` changes; while the cell waits for a run, what
 * was last found stays. An older request is called off, and its answer counts for nothing.
 */
export function follow<T>(
  of: () => {readonly place: Placed; readonly planned: CompiledCell},
  work: (tiles: Tiles, filter: TileFilter, signal: AbortSignal) => Promise<T>,
  asked: () => readonly unknown[] = () => [],
): Loaded<T> {
  const view = getView();
  const loaded = new Loaded<T>();
  const filter = $derived(view.filterOf(of().place));
  const now = $derived(
    of().place.status === 'fresh' && view.settled
      ? JSON.stringify([view.edition(of().planned), filter, asked()])
      : undefined,
  );
  let off = new AbortController();
  $effect(() => {
    if (now === undefined) return;
    off.abort();
    off = new AbortController();
    const {signal} = off;
    untrack(() => void loaded.load(() => work(view.page.session.tiles, filter, signal)));
  });
  $effect(() => () => off.abort());
  return loaded;
}
