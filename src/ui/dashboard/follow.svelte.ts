import {untrack} from 'svelte';
import {Loaded} from '../loaded.svelte.ts';

/**
 * What `work` gives for what `key` says now, made again whenever that changes; while it says nothing, what was last made stays. An older
 * request is called off, and its answer counts for nothing.
 */
export function follow<T>(key: () => string | undefined, work: (signal: AbortSignal) => Promise<T>): Loaded<T> {
  const loaded = new Loaded<T>();
  const now = $derived(key());
  let off = new AbortController();
  $effect(() => {
    if (now === undefined) return;
    off.abort();
    off = new AbortController();
    const {signal} = off;
    untrack(() => void loaded.load(() => work(signal)));
  });
  $effect(() => () => off.abort());
  return loaded;
}
