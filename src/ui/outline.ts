import {isRunnable, type RunnableCell} from '../cells/define.ts';
import type {Notebook} from '../notebook/define.ts';

export interface OutlineEntry {
  readonly key: string;
  readonly id: string;
  readonly title: string;
  /** 1 to 3 for a heading, undefined for a cell that runs. */
  readonly level: number | undefined;
}

/** What a cell without a name of its own is called in lists. */
const chartTitle = (cell: RunnableCell): string => {
  const title = cell.values['title'];
  return typeof title === 'string' && title !== '' ? title : cell.type;
};

/** Headings of prose and the cells that run, in order. */
export function outline(notebook: Notebook, nameOf: (id: string) => string): OutlineEntry[] {
  return notebook.cells.flatMap((cell): OutlineEntry[] => {
    if (isRunnable(cell))
      return [
        {key: cell.id, id: cell.id, title: cell.name === '' ? chartTitle(cell) : nameOf(cell.id), level: undefined},
      ];
    // Fenced lines are code, not headings.
    const prose = cell.markdown.replace(/^(`{3,}|~{3,})[\s\S]*?^\1/gm, '');
    return [...prose.matchAll(/^(#{1,3})\s+(.+?)\s*#*$/gm)].map(([, marks = '', title = ''], i) => ({
      key: `${cell.id}-${i}`,
      id: cell.id,
      title: title.replace(/[*_`]/g, ''),
      level: marks.length,
    }));
  });
}
