import {list, plural} from '../../lib/text.ts';
import {p} from '../../params/index.ts';
import {agg} from '../../pyspark/groups.ts';
import {assign, col, py} from '../../pyspark/py.ts';
import {unusedName} from '../../sql/rows.ts';
import {id, join, lit, sql} from '../../sql/sql.ts';
import type {Column} from '../../sql/types.ts';
import {findColumn} from '../checks.ts';
import {apart, counted, share, type Check} from './check.ts';
import {defineDimension, type Asked, type Placed, type Rows} from './define.ts';
import {broken, expectedType, schemaParams, sparkName} from './schema.ts';

export const consistency = defineDimension({
  name: 'consistency',
  about:
    'the columns and types that you expect, and, where `in_order` asks for it, times that don’t go back from row to row',
  params: {
    ...schemaParams,
    other_columns: p.flag({label: 'Other columns may be there', default: false}),
    in_order: p.flag({
      label: 'Times in order',
      help: 'From row to row times stay or go on: a clock that was set back is seen. For rows as they were read, not sorted.',
      default: false,
    }),
  },
  sentence: ({schema, in_order, time}, isWanted) => [
    ...(Object.keys(schema).length === 0 ? [] : [`${plural(Object.keys(schema).length, 'column')} as expected`]),
    ...(in_order && time !== '' && isWanted ? ['times in order'] : []),
  ],
  needsTime: ({in_order}) => (in_order ? 'Times in order need' : undefined),
  check: ({schema}) =>
    Object.entries(schema).flatMap(([name, {type}]) =>
      expectedType(type) !== undefined
        ? []
        : [
            {
              code: 'TYPE_UNKNOWN',
              message: `There is no type called ${type}, which schema gives ${name}.`,
              hint: 'Write string, boolean, int, bigint, double, decimal(10,2), date or timestamp.',
              param: `schema.${name}`,
            },
          ],
    ),
  ask: (values, rows): Asked => {
    const schema = Object.entries(values.schema).map(([name, {type}]) => ({name, type: expectedType(type) ?? type}));
    const types = schema.map((expected) => typeCheck(expected, rows.columns));
    const others = schema.length > 0 && !values.other_columns ? [othersCheck(schema, rows.columns)] : [];
    const order = values.in_order && values.time !== '' ? orderOf(values.time, rows) : undefined;
    return {
      checks: [...types, ...others, ...(order === undefined ? [] : [order.check])],
      spark: (frame) => [
        ...(types.length + others.length > 0
          ? [`_types = {name.lower(): kind for name, kind in ${frame}.dtypes}`]
          : []),
        ...(others.length > 0
          ? [
              `_others = [name for name in ${frame}.columns if name.lower() not in ${py(schema.map(({name}) => name.toLowerCase()))}]`,
            ]
          : []),
      ],
      ...(order?.placed === undefined ? {} : {placed: order.placed}),
    };
  },
});

function typeCheck({name, type}: Column, columns: readonly Column[]): Check {
  const column = findColumn(name, columns);
  const found = column === undefined ? 'missing' : sparkName(column.type);
  const there = `_types.get(${py(name.toLowerCase())}, 'missing')`;
  return {
    name: `${name}_type`,
    column: name,
    unit: 'columns',
    threshold: 0,
    expected: type,
    observed: {sql: lit(found === type ? 0 : 1), spark: `float(${there} != ${py(type)})`},
    found: {sql: lit(found), spark: there},
  };
}

function othersCheck(schema: readonly Column[], columns: readonly Column[]): Check {
  const others = columns.filter(({name}) => findColumn(name, schema) === undefined);
  return {
    name: 'no_other_columns',
    column: null,
    unit: 'columns',
    threshold: 0,
    expected: 'no other columns',
    observed: {sql: lit(others.length), spark: 'float(len(_others))'},
    found: {
      sql: lit(others.length === 0 ? null : others.map(({name}) => name).join(', ')),
      spark: "', '.join(_others) or None",
    },
  };
}

/** Whether times go back: the last one before that is neither missing nor in the future was later. */
function orderOf(
  name: string,
  {columns, time: {column, isThere, usable: at, by}}: Rows,
): {readonly check: Check; readonly placed?: Placed} {
  const source = list(by.map((each) => each.name));
  const check = {
    name: 'times_in_order',
    column: column.name,
    unit: 'percent',
    threshold: 0,
    expected: `not earlier than in the previous row${by.length === 0 ? '' : `, for each ${source}`}`,
  } as const;
  if (!isThere) return {check: broken(check, name, columns)};
  const isBack = unusedName('is_back', columns);
  const partition = by.length === 0 ? sql`` : sql`PARTITION BY ${join(by.map((each) => id(each.name)))} `;
  const sparkPartition = by.length === 0 ? 'F.lit(0)' : by.map((each) => py(each.name)).join(', ');
  return {
    check: {
      ...check,
      observed: share(counted('back'), counted('placed')),
      failing: counted('back'),
      checked: counted('placed'),
      row: {
        fails: apart({sql: id(isBack), spark: col(isBack)}),
        reason: `${column.name} is earlier than in the previous row${by.length === 0 ? '' : ` of its ${source}`}`,
      },
    },
    placed: {
      column: isBack,
      value: {
        sql: (place) =>
          sql`coalesce(${at.sql} < last_value(${at.sql} IGNORE NULLS) OVER (${partition}ORDER BY ${place} ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), false)`,
        spark: (place) =>
          `F.coalesce(${at.spark} < F.last(${at.spark}, ignorenulls=True).over(Window.partitionBy(${sparkPartition}).orderBy(${py(place)}).rowsBetween(Window.unboundedPreceding, -1)), F.lit(False))`,
      },
      beside: {
        name: 'in_order',
        sql: (relation) =>
          sql`in_order AS (\n  SELECT count(*) FILTER (WHERE ${id(isBack)}) AS back, count(${at.sql}) AS placed\n  FROM ${relation}\n)`,
        spark: (frame) =>
          assign('_in_order', frame, [
            agg([
              ['back', `F.count_if(${col(isBack)})`],
              ['placed', `F.count(${at.spark})`],
            ]),
          ]),
      },
    },
  };
}
