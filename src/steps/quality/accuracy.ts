import {plural} from '../../lib/text.ts';
import {p} from '../../params/index.ts';
import {present as sparkPresent} from '../../pyspark/missing.ts';
import {present} from '../../sql/missing.ts';
import {join, sql} from '../../sql/sql.ts';
import {boundSpark, boundSql, checkLimit} from '../bounds.ts';
import {checkColumns, columnNamed, findColumn} from '../checks.ts';
import {apart, counted, either, share, type Both, type Check} from './check.ts';
import {defineDimension} from './define.ts';
import {broken, isUnexpected, isUsable, notUnexpected} from './schema.ts';

export const accuracy = defineDimension({
  name: 'accuracy',
  about: 'values within what is physically possible',
  params: {
    ranges: p.map(
      'column',
      {min: p.text({label: 'Smallest', default: ''}), max: p.text({label: 'Largest', default: ''})},
      {label: 'Ranges', help: 'Column: what is physically possible.', default: {}},
    ),
  },
  sentence: ({ranges}) => (Object.keys(ranges).length === 0 ? [] : [plural(Object.keys(ranges).length, 'range')]),
  check: (values, input) =>
    Object.entries(values.ranges).flatMap(([name, {min, max}]) => {
      const param = `ranges.${name}`;
      const column = findColumn(name, input.columns);
      return [
        ...(min === '' && max === ''
          ? [
              {
                code: 'PARAM',
                message: `The range of ${name} has neither a smallest nor a largest value.`,
                hint: 'Give min, max or both.',
                param,
              },
            ]
          : []),
        ...checkColumns(notUnexpected([name], values, input.columns), input, param),
        ...(column === undefined || isUnexpected(name, values, input.columns)
          ? []
          : [
              ...(min === '' ? [] : checkLimit(min, column, `${param}.min`)),
              ...(max === '' ? [] : checkLimit(max, column, `${param}.max`)),
            ]),
      ];
    }),
  ask: (values, {columns}) => ({
    checks: Object.entries(values.ranges).map(([name, {min, max}], i): Check => {
      const column = columnNamed(name, columns);
      const expected = min === '' ? `at most ${max}` : max === '' ? `at least ${min}` : `${min} to ${max}`;
      const check = {
        name: `${column.name}_range`,
        column: column.name,
        unit: 'percent',
        threshold: 0,
        expected,
      } as const;
      if (!isUsable(name, values, columns)) return broken(check, name, columns);
      const [failing, checked] = [counted(`outside_${i + 1}`), counted(`ranged_${i + 1}`)];
      const [value, sparkValue] = [present(column), sparkPresent(column)];
      const fails: Both = {
        sql: join(
          [
            ...(min === '' ? [] : [sql`${value} < ${boundSql(min, column)}`]),
            ...(max === '' ? [] : [sql`${value} > ${boundSql(max, column)}`]),
          ],
          ' OR ',
        ),
        spark: either(
          [
            ...(min === '' ? [] : [`${sparkValue} < ${boundSpark(min, column)}`]),
            ...(max === '' ? [] : [`${sparkValue} > ${boundSpark(max, column)}`]),
          ],
          '|',
        ),
      };
      return {
        ...check,
        observed: share(failing, checked),
        failing,
        checked,
        counts: {
          [`outside_${i + 1}`]: {sql: sql`count(*) FILTER (WHERE ${fails.sql})`, spark: `F.count_if(${fails.spark})`},
          [`ranged_${i + 1}`]: {sql: sql`count(${value})`, spark: `F.count(${sparkValue})`},
        },
        row: {
          fails: apart(fails),
          reason: `${column.name} is not ${/^at /.test(expected) ? expected : `from ${expected}`}`,
        },
      };
    }),
  }),
});
