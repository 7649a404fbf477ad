import type {Column} from '../../sql/types.ts';

export const narrowest = 48;
const comfortable = 88;
const widest = 320;
const padding = 26;

export type Measure = (text: string, bold?: boolean) => number;

/** Measures text as the grid writes it. */
export function measureWith(family: string): Measure {
  const pen = document.createElement('canvas').getContext('2d');
  return (text, bold = false) => {
    // Without a canvas, an average letter.
    if (pen === null) return text.length * 7.4;
    pen.font = `${bold ? 600 : 400} 13px ${family}`;
    return pen.measureText(text).width;
  };
}

/** A column's width in pixels for its name, its type and some of its texts; with a histogram above it, room for that. */
export function naturalWidth(column: Column, texts: readonly string[], pictured: boolean, measure: Measure): number {
  const body = texts.map((text) => measure(text.slice(0, 80)) + padding);
  const head = Math.max(measure(column.name, true) + 18, Math.min(measure(column.type) * 0.8, 110)) + padding;
  return Math.ceil(Math.min(widest, Math.max(pictured ? 120 : comfortable, head, ...body)));
}
