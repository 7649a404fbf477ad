import {timeOf} from '../lib/time.ts';
import {py} from '../pyspark/py.ts';
import {id, lit, sql, type Sql} from '../sql/sql.ts';
import type {Column} from '../sql/types.ts';
import type {StepProblem} from './define.ts';

const utc = (now: string): string => new Date(timeOf(now) ?? 0).toISOString().replace('T', ' ').replace('Z', '');

/** A time that a notebook gives, in UTC; the time of the run where it gives none. A query has one now(), so it is one time for all rows. */
export const momentSql = (now: string): Sql =>
  now === '' ? sql`make_timestamp(epoch_us(now()))` : sql`TIMESTAMP ${lit(utc(now))}`;

export const momentSpark = (now: string): string =>
  now === '' ? 'F.current_timestamp()' : `F.lit(${py(utc(now))}).cast('timestamp')`;

export const checkMoment = (now: string, param: string): StepProblem[] =>
  now === '' || timeOf(now) !== undefined
    ? []
    : [{code: 'PARAM', message: `“${now}” is no time.`, hint: 'Write one such as 2024-03-31 12:00:00, in UTC.', param}];

/** A column of times as timestamps in UTC. */
export const timestampSql = ({name, type}: Column): Sql =>
  type === 'TIMESTAMP'
    ? id(name)
    : type === 'TIMESTAMP WITH TIME ZONE'
      ? sql`make_timestamp(epoch_us(${id(name)}))`
      : sql`${id(name)}::TIMESTAMP`;
