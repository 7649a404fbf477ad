import type {Column} from '../../sql/types.ts';

export const narrowest = 48;
const comfortable = 88;
const widest = 320;
const padding = 26;

export type Measure = (text: string, bold?: boolean) => number;

/** Measures text as the grid writes it. */
export function measureWith(family: string): Measure {
  const pen = document.createElement('canvas').getContext('2d');
  let font = '';
  return (text, bold = false) => {
    // Without a canvas, an average letter.
    if (pen === null) return text.length * 7.4;
    const wanted = `${bold ? 600 : 400} 13px ${family}`;
    if (font !== wanted) pen.font = font = wanted;
    return pen.measureText(text).width;
  };
}

/** How many rows tell the widths: of a wide table fewer, so that it takes no longer than a narrow one. */
export const widthRows = (columns: number): number => Math.max(3, Math.min(30, Math.floor(6000 / columns)));

/** No letter is wider, in pixels. */
const widestLetter = 13;

/** A column's width in pixels for its name, its type and some of its texts; with a histogram above it, room for that. */
export function naturalWidth(column: Column, texts: readonly string[], pictured: boolean, measure: Measure): number {
  const least = pictured ? 120 : comfortable;
  // Measuring takes longest by far: what surely fits is not measured, nor what is shorter than the longest three.
  const room = (text: string, more: number, bold = false): number =>
    text.length * widestLetter + more <= least ? 0 : measure(text, bold) + more;
  const longest = texts.map((text) => text.slice(0, 80)).sort((a, b) => b.length - a.length);
  const type = Math.min(room(column.type, 0) * 0.8, 110) + padding;
  const all = [room(column.name, 18 + padding, true), type, ...longest.slice(0, 3).map((text) => room(text, padding))];
  return Math.ceil(Math.min(widest, Math.max(least, ...all)));
}
