import {unusedName} from '../sql/rows.ts';
import type {Column} from '../sql/types.ts';
import {assign, call, col, py} from './py.ts';

/** Columns by name, in the order in which they are made. */
export type Made = readonly (readonly [name: string, code: string])[];

/** `withColumns({…})`: all of them in one select. */
export const assignColumns = (made: Made): string => dictionary('withColumns', made);

const dictionary = (name: string, made: Made): string => {
  const entries = made.map(([key, code]) => `${py(key)}: ${code}`);
  const line = `${name}({${entries.join(', ')}})`;
  return line.length <= 90 ? line : `${name}({\n        ${entries.join(',\n        ')},\n    })`;
};

/** `agg(…)` of aggregates under names. */
export const agg = (made: Made): string =>
  call(
    'agg',
    made.map(([name, code]) => `${code}.alias(${py(name)})`),
  );

/**
 * Statistics of each group, or of the whole table, to be put beside the rows they were made from. They are few, so they are sent to
 * the rows instead of sorting the rows by group; that leaves the rows in their order, too.
 */
export interface Groups {
  /** `groupBy(…)` under names of their own, in front of `agg`. */
  readonly group: readonly string[];
  /** The call that puts the statistics beside the rows; NULL is a group of its own. */
  readonly beside: (statistics: string) => string;
  /** Columns of the join that the result has not. */
  readonly added: readonly string[];
}

export function perGroup(by: readonly Column[], columns: readonly Column[]): Groups {
  const names = by.map((_, i) => unusedName(`_by_${i + 1}`, columns));
  if (by.length === 0) return {group: [], beside: (statistics) => `crossJoin(F.broadcast(${statistics}))`, added: []};
  const same = by.map((column, i) => `${col(column.name)}.eqNullSafe(F.col(${py(names[i] ?? '')}))`);
  return {
    group: [
      call(
        'groupBy',
        by.map((column, i) => `${col(column.name)}.alias(${py(names[i] ?? '')})`),
      ),
    ],
    beside: (statistics) =>
      call('join', [
        `F.broadcast(${statistics})`,
        same.length === 1 ? same.join('') : same.map((one) => `(${one})`).join(' & '),
        "'left'",
      ]),
    added: names,
  };
}

/** Lines that put the rows of a table in the order they had, whatever a window or a shuffle did to it. */
export function inOrder(
  target: string,
  frame: string,
  columns: readonly Pick<Column, 'name'>[],
  calls: (row: string) => readonly string[],
): string[] {
  const row = unusedName('_row', columns);
  return assign(target, frame, [
    `withColumn(${py(row)}, F.monotonically_increasing_id())`,
    ...calls(row),
    `orderBy(${py(row)})`,
    `drop(${py(row)})`,
  ]);
}
