const units = ['B', 'KB', 'MB', 'GB', 'TB'] as const;
const figures = new Intl.NumberFormat('en', {maximumSignificantDigits: 3});

/** `3.1 GB`: powers of 1000. */
export function bytes(n: number): string {
  const power = n < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(n) / 3));
  return `${figures.format(n / 1000 ** power)} ${units[power] ?? 'B'}`;
}

/** `84 ms`, `3.4 s`, `2 min 5 s` */
export function duration(ms: number): string {
  if (ms < 1000) return `${Math.max(1, Math.round(ms))} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  return `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1000)} s`;
}

export type Layer = 'bronze' | 'silver' | 'gold';

/** The medallion layer that a cell's name starts with. */
export const layerOf = (name: string): Layer | undefined =>
  (['bronze', 'silver', 'gold'] as const).find((layer) => name.toLowerCase().startsWith(layer));

const isMac = /mac|iphone|ipad/i.test(navigator.userAgent);

/** `⌘K` or `Ctrl+K` for `mod+K`. */
export const keysOf = (keys: string): string =>
  isMac
    ? keys.replaceAll('shift+', '⇧').replaceAll('mod+', '⌘').replaceAll('alt+', '⌥')
    : keys.replaceAll('shift+', 'Shift+').replaceAll('mod+', 'Ctrl+').replaceAll('alt+', 'Alt+');
