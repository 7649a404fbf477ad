import type {TextCell} from './define.ts';

/** Prose has no fence: it is all that stands between the cells that run. */
export const textCell = (id: string, source: string, line: number): TextCell => ({
  type: 'text',
  id,
  source,
  line,
  problems: [],
  markdown: source.trim(),
});

/** The lines of a new text cell. */
export const newText = (markdown: string): string => `${markdown}\n\n`;
