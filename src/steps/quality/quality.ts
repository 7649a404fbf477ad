import {p, type Values} from '../../params/index.ts';
import type {Column} from '../../sql/types.ts';
import type {Both, Check} from './check.ts';
import type {Asked} from './define.ts';
import {dimensionParams, dimensions} from './dimensions.ts';
import {nowOf, timeOf, timeParams} from './times.ts';

const {time, freshness, by, now, no_future, in_order, ...others} = {...timeParams, ...dimensionParams};

/** In the order of the form: what is about times comes first, whichever dimension asks for it. */
export const params = {
  time,
  freshness,
  by,
  now,
  no_future,
  in_order,
  ...others,
  skip: p.choices(
    dimensions.map(({name}) => name),
    {label: 'Leave out', default: []},
  ),
  on_failure: p.choice(['warn', 'stop'], {label: 'When a check fails', default: 'warn'}),
};
export type QualityValues = Values<typeof params>;

interface OfDimension {
  readonly dimension: string;
}

/** What the rows are asked for, once their columns are known. */
export interface Quality {
  readonly now: Both;
  readonly asked: readonly (Asked & OfDimension)[];
  /** All checks, in the order of the result. */
  readonly checks: readonly (Check & OfDimension)[];
}

/** `inSpark` gives the Spark column of a condition; SQL has no need of it. */
export function qualityOf(
  values: QualityValues,
  columns: readonly Column[],
  inSpark: (condition: string) => string = () => '',
): Quality {
  const rows = {columns, now: nowOf(values), time: timeOf(values, columns), inSpark};
  const asked = dimensions
    .filter(({name}) => !values.skip.includes(name))
    .map((dimension) => ({dimension: dimension.name, ...dimension.ask(values, rows)}));
  return {
    now: rows.now,
    asked,
    checks: asked.flatMap(({dimension, checks}) => checks.map((check) => ({...check, dimension}))),
  };
}

/** Parts of what the dimensions ask, of those that have them. */
export const partsOf = <K extends keyof Asked>({asked}: Quality, part: K): NonNullable<Asked[K]>[] =>
  asked.flatMap((one: Asked) => {
    const found = one[part];
    return found === undefined ? [] : [found];
  });
