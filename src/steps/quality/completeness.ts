import {p} from '../../params/index.ts';
import {present as sparkPresent} from '../../pyspark/missing.ts';
import {present} from '../../sql/missing.ts';
import {sql} from '../../sql/sql.ts';
import {checkColumns, columnsNamed, findColumn} from '../checks.ts';
import {counted, share, type Check} from './check.ts';
import {defineDimension} from './define.ts';
import {broken, notUnexpected} from './schema.ts';

const rows = counted('rows');

export const completeness = defineDimension({
  name: 'completeness',
  about: 'the share of missing values',
  params: {
    missing_percent: p.number({
      label: 'Missing values, percent',
      help: 'At most so many in each column; NaN counts as missing.',
      default: 5,
      min: 0,
      max: 100,
    }),
    missing: p.map(
      'column',
      {percent: p.number({label: 'Percent', min: 0, max: 100})},
      {
        label: 'Missing values by column',
        help: 'Where a column may have more, or fewer.',
        default: {},
        short: 'percent',
      },
    ),
  },
  sentence: ({missing_percent}, isWanted) => (isWanted ? [`at most ${missing_percent} % missing`] : []),
  check: (values, input) =>
    checkColumns(notUnexpected(Object.keys(values.missing), values, input.columns), input, 'missing'),
  ask: ({missing, missing_percent}, {columns}) => {
    const limits = new Map(Object.entries(missing).map(([name, {percent}]) => [name.toLowerCase(), percent]));
    const gone = Object.keys(missing).filter((name) => findColumn(name, columns) === undefined);
    const checks = [...columns, ...columnsNamed(gone, [])].map((column, i): Check => {
      const {name} = column;
      const threshold = limits.get(name.toLowerCase()) ?? missing_percent;
      const failing = counted(`missing_${i + 1}`);
      const check = {
        name: `${name}_missing`,
        column: name,
        unit: 'percent',
        threshold,
        expected: threshold === 0 ? 'never missing' : `at most ${threshold} % missing`,
      } as const;
      if (columns.length > 0 && gone.includes(name)) return broken(check, name, columns);
      return {
        ...check,
        observed: share(failing, rows),
        failing,
        checked: rows,
        counts: {
          [`missing_${i + 1}`]: {
            sql: sql`count(*) - count(${present(column)})`,
            spark: `F.count_if(${sparkPresent(column)}.isNull())`,
          },
        },
        row: {
          fails: {sql: sql`${present(column)} IS NULL`, spark: `${sparkPresent(column)}.isNull()`},
          reason: `${name} is missing`,
          counted: true,
        },
      };
    });
    return {checks};
  },
});
