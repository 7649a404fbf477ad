import {list} from '../../lib/text.ts';
import {p} from '../../params/index.ts';
import {agg} from '../../pyspark/groups.ts';
import {present as sparkPresent} from '../../pyspark/missing.ts';
import {assign, call, col, py} from '../../pyspark/py.ts';
import {isPresent} from '../../sql/missing.ts';
import {unusedName} from '../../sql/rows.ts';
import {id, join, sql, type Sql} from '../../sql/sql.ts';
import type {Column} from '../../sql/types.ts';
import {checkColumns, columnsNamed} from '../checks.ts';
import {counted, either, share} from './check.ts';
import {defineDimension, type Asked, type Joined, type Query} from './define.ts';
import {broken, isUsable, notUnexpected} from './schema.ts';

export const uniqueness = defineDimension({
  name: 'uniqueness',
  about: 'no two rows with the same key',
  params: {
    keys: p.columns({label: 'Unique', help: 'No two rows agree in all of these.', default: []}),
  },
  sentence: ({keys}) => (keys.length === 0 ? [] : [`unique by ${list(keys)}`]),
  check: (values, input) => checkColumns(notUnexpected(values.keys, values, input.columns), input, 'keys'),
  ask: (values, {columns}): Asked => {
    const keys = columnsNamed(values.keys, columns);
    if (keys.length === 0) return {checks: []};
    const named = list(keys.map(({name}) => name));
    const check = {
      name: 'unique_key',
      column: keys.length === 1 ? (keys[0]?.name ?? null) : null,
      unit: 'percent',
      threshold: 0,
      expected: `one row for each ${named}`,
    } as const;
    const unusable = values.keys.find((name) => !isUsable(name, values, columns));
    if (unusable !== undefined) return {checks: [broken(check, unusable, columns)]};
    return {
      checks: [
        {
          ...check,
          observed: share(counted('repeated'), counted('keyed')),
          failing: counted('repeated'),
          checked: counted('keyed'),
          row: {
            fails: {sql: id(unusedName('is_repeated', columns)), spark: col(unusedName('_repeated', columns))},
            reason: `another row has the same ${named}`,
          },
        },
      ],
      beside: keyed(keys),
      joined: repeated(keys, columns),
    };
  },
});

const areThere = (keys: readonly Column[]): Sql =>
  join(
    keys.map((column) => isPresent(column)),
    ' AND ',
  );
const areThereInSpark = (keys: readonly Column[]): string =>
  keys.map((column) => `${sparkPresent(column)}.isNotNull()`).join(' & ');

/** How many rows have a key, and how many share theirs. */
const keyed = (keys: readonly Column[]): Query => ({
  name: 'keyed',
  sql: (relation) =>
    sql`keyed AS (\n  SELECT coalesce(sum(n) FILTER (WHERE n > 1), 0) AS repeated, coalesce(sum(n), 0) AS keyed\n  FROM (SELECT count(*) AS n FROM ${relation} WHERE ${areThere(keys)} GROUP BY ${join(keys.map(({name}) => id(name)))})\n)`,
  spark: (frame) =>
    assign('_keyed', frame, [
      `where(${areThereInSpark(keys)})`,
      call(
        'groupBy',
        keys.map((column) => col(column.name)),
      ),
      agg([['n', "F.count('*')"]]),
      agg([
        ['repeated', "F.coalesce(F.sum(F.when(F.col('n') > 1, F.col('n'))), F.lit(0))"],
        ['keyed', "F.coalesce(F.sum('n'), F.lit(0))"],
      ]),
    ]),
});

/** The keys that several rows have. */
function repeated(keys: readonly Column[], columns: readonly Column[]): Joined {
  const twice = id(unusedName('is_repeated', columns));
  const others = keys.map((_, i) => id(unusedName(`key_${i + 1}`, columns)));
  return {
    sql: (relation) => {
      const grouped = join(keys.map((column, i) => sql`${id(column.name)} AS ${others[i] ?? sql``}`));
      return sql`LEFT JOIN (SELECT ${grouped}, true AS ${twice} FROM ${relation} WHERE ${areThere(keys)} GROUP BY ALL HAVING count(*) > 1)
    ON ${join(
      keys.map((column, i) => sql`${id(column.name)} = ${others[i] ?? sql``}`),
      ' AND ',
    )}`;
    },
    added: [...others, twice],
    spark: (frame) => {
      const [again, same] = [
        unusedName('_repeated', columns),
        keys.map((_, i) => unusedName(`_key_${i + 1}`, columns)),
      ];
      return {
        lines: assign('_repeated', frame, [
          `where(${areThereInSpark(keys)})`,
          call(
            'groupBy',
            keys.map((column, i) => `${col(column.name)}.alias(${py(same[i] ?? '')})`),
          ),
          agg([[again, "(F.count('*') > 1)"]]),
          `where(${py(again)})`,
        ]),
        call: `join(_repeated, ${either(
          keys.map((column, i) => `${col(column.name)} == ${col(same[i] ?? '')}`),
          '&',
        )}, 'left')`,
      };
    },
  };
}
