import type {MarkKind} from '../mark.ts';
import type {Mark} from '../spec.ts';
import {area} from './area.ts';
import {bar} from './bar.ts';
import {box} from './box.ts';
import {dot} from './dot.ts';
import {heatmap} from './heatmap.ts';
import {histogram} from './histogram.ts';
import {line} from './line.ts';

/** Every kind of chart. */
export const markKinds = {line, area, bar, dot, histogram, box, heatmap} satisfies Readonly<Record<Mark, MarkKind>>;
