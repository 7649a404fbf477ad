/** A text in lines of at most `width` characters where it can be broken at spaces; its own line ends stay. */
export function wrapped(text: string, width: number): string[] {
  return text.split(/\r\n|[\r\n\u2028\u2029]/).flatMap((line) => {
    const lines: string[] = [];
    let rest = line.trimEnd();
    while (rest.length > width) {
      const space = rest.lastIndexOf(' ', width);
      const end = rest.slice(0, Math.max(space, 0)).trim() === '' ? rest.indexOf(' ', width) : space;
      if (end < 0) break;
      lines.push(rest.slice(0, end).trimEnd());
      rest = rest.slice(end + 1);
    }
    return [...lines, rest];
  });
}

const layers = {
  bronze: 'bronze',
  silver: 'silver',
  gold: 'gold',
  postgres: 'postgres',
  postgresql: 'postgres',
} as const;
export type Layer = (typeof layers)[keyof typeof layers];

/** The layer that a heading begins with, and how deep the heading is. */
export interface LayerHeading {
  readonly layer: Layer | undefined;
  readonly depth: number;
}

/**
 * The layer of the cells below this prose, where those above it are in `above`: a layer is what stands under a heading that begins with its
 * name (Bronze, Silver, Gold, PostgreSQL), up to the next heading that is as high.
 */
export function layerBelow(markdown: string, above: LayerHeading): LayerHeading {
  // Fenced lines are code, not headings.
  const prose = markdown.replace(/^(`{3,}|~{3,})[\s\S]*?^\1/gm, '');
  return [...prose.matchAll(/^(#{1,6})\s+(\S+)/gm)].reduce<LayerHeading>((current, [, marks = '', word = '']) => {
    const layer = Object.entries(layers).find(([name]) => name === word.toLowerCase().replace(/[^a-z]/g, ''))?.[1];
    if (layer === undefined && marks.length > current.depth) return current;
    return {layer, depth: layer === undefined ? 6 : marks.length};
  }, above);
}

/** A file's name without its folder and ending. */
export const baseName = (path: string): string => (path.split('/').at(-1) ?? '').replace(/\.[^.]*$/, '') || 'notebook';
