import {id, lit, sql, type Sql} from '../sql/sql.ts';
import {isTime, type Column} from '../sql/types.ts';
import {buckets, type Cte} from './fragments.ts';
import {isContinuous} from './mark.ts';
import {other} from './reduced.ts';

/** The places of an axis: a round bucket for a time or a number, a band for a text. */
export interface Places {
  readonly ctes: readonly Cte[];
  /** Where a row of `rows` belongs; `from` has to stand behind `FROM rows`. */
  readonly key: Sql;
  readonly from: Sql;
  /** Where the bucket starting at a place ends, NULL for a band; `behind` has to stand in the FROM. */
  readonly end: Sql;
  readonly behind: Sql;
  /** For `factsAndPoints`. */
  readonly facts: {readonly step?: Sql; readonly xValues?: Sql; readonly from?: Sql};
}

export interface PlaceOptions {
  /** About this many buckets of a time or a number. */
  readonly about: number;
  /** With no more different numbers than this, each has a band. */
  readonly exactUpTo: number;
  /** At most this many texts, first by `rank`; the rest is one more. */
  readonly bands: number;
  readonly rank?: Sql;
}

/** Needs the CTEs `source` and `rows`. */
export function placesOf(
  axis: 'x' | 'y',
  column: Column,
  {about, exactUpTo, bands, rank = sql`count(*)`}: PlaceOptions,
): Places {
  const value = id(axis);
  if (!isContinuous(column)) {
    const kept = id(`${axis}_kept`);
    return {
      ctes: [
        {
          name: `${axis}_kept`,
          sql: sql`SELECT ${value} AS value FROM rows GROUP BY value ORDER BY ${rank} DESC NULLS LAST, value LIMIT ${lit(bands)}`,
        },
      ],
      key: sql`coalesce(${kept}.value, ${lit(other)})`,
      from: sql` LEFT JOIN ${kept} ON rows.${value} = ${kept}.value`,
      end: sql`NULL::DOUBLE`,
      behind: sql``,
      facts: {xValues: sql`(SELECT count(DISTINCT ${value}) FROM rows)::DOUBLE`},
    };
  }
  const extent = `${axis}_extent`;
  const bucket = buckets({
    axis,
    extent,
    column,
    about: lit(about),
    ...(isTime(column.type) ? {keepPace: true} : {exactUpTo}),
  });
  const behind = sql` CROSS JOIN ${id(bucket.name)}`;
  return {
    ctes: [
      {
        name: extent,
        sql: sql`SELECT min(${value}) AS lo, max(${value}) AS hi, approx_count_distinct(${value}) AS places FROM rows`,
      },
      ...bucket.ctes,
    ],
    key: bucket.start,
    from: behind,
    end: bucket.end(value),
    behind,
    facts: {step: bucket.step, from: behind},
  };
}
