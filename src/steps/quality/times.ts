import {p, type Values} from '../../params/index.ts';
import {col} from '../../pyspark/py.ts';
import {sql} from '../../sql/sql.ts';
import type {Column} from '../../sql/types.ts';
import {columnNamed, columnsNamed} from '../checks.ts';
import {momentSql, timestampSql} from '../moment.ts';
import type {Both} from './check.ts';
import {isUsable, type schemaParams} from './schema.ts';

/** The time of the rows, and of the run: freshness, order and times in the future are asked of it. */
export const timeParams = {
  time: p.column({
    label: 'Time column',
    help: 'For freshness, and for times in the future.',
    types: 'time',
    default: '',
  }),
  by: p.columns({
    label: 'Freshness per',
    help: 'Each of their values has to be fresh, so one sensor that stops is seen. Times in order are asked for each, too.',
    default: [],
  }),
  now: p.text({
    label: 'Now',
    help: 'What ages are counted from; left out, the moment of the run.',
    default: '',
    placeholder: '2024-03-31 12:00:00',
  }),
};

/** Parameters that several dimensions look at. */
export type Shared = Values<typeof timeParams & typeof schemaParams>;

export interface RowTime {
  readonly column: Column;
  /** Whether the column is there, and as the schema expects it. */
  readonly isThere: boolean;
  readonly at: Both;
  /** The same, NULL where it is missing or in the future. */
  readonly usable: Both;
  readonly by: readonly Column[];
}

/** The moment of the run. */
export const nowOf = ({now}: Pick<Values<typeof timeParams>, 'now'>): Both => ({sql: momentSql(now), spark: '_now'});

export function timeOf(values: Shared, columns: readonly Column[]): RowTime {
  const column = columnNamed(values.time, columns);
  const now = nowOf(values);
  const at: Both = {
    sql: timestampSql(column),
    spark: column.type === 'DATE' ? `${col(column.name)}.cast('timestamp')` : col(column.name),
  };
  return {
    column,
    isThere: values.time !== '' && isUsable(values.time, values, columns),
    at,
    usable: {
      sql: sql`CASE WHEN isfinite(${at.sql}) AND ${at.sql} <= ${now.sql} THEN ${at.sql} END`,
      spark: `F.when(${at.spark} <= ${now.spark}, ${at.spark})`,
    },
    by: columnsNamed(values.by, columns),
  };
}
