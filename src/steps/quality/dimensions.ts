import type {Params} from '../../params/index.ts';
import {accuracy} from './accuracy.ts';
import {completeness} from './completeness.ts';
import {consistency} from './consistency.ts';
import {freshness} from './freshness.ts';
import {uniqueness} from './uniqueness.ts';
import {validity} from './validity.ts';

/** The sides of good data, in the order of their checks. */
export const dimensions = [freshness, completeness, consistency, accuracy, uniqueness, validity] as const;

type All<T> = (T extends unknown ? (of: T) => void : never) extends (of: infer Both) => void ? Both : never;

/** The parameters of all dimensions. */
// The cast: what each of them has, all of them together have.
export const dimensionParams = Object.assign({}, ...dimensions.map(({params}): Params => params)) as All<
  (typeof dimensions)[number]['params']
>;
