import type {Row, Value} from '../../lib/value.ts';
import type {Changes} from '../../notebook/faces.ts';
import type {Column} from '../../sql/types.ts';
import type {RowMark} from '../grid/changes.ts';

export interface ChangedRows {
  readonly columns: readonly Column[];
  readonly fetch: (offset: number, limit: number) => Promise<readonly Row[]>;
  readonly mark: () => RowMark;
  readonly before: (row: Row, column: number) => {readonly value: Value} | undefined;
}

const same = (a: Value | undefined, b: Value | undefined): boolean =>
  a === b || (typeof a === 'number' && typeof b === 'number' && Number.isNaN(a) && Number.isNaN(b));

/** The rows that a cell removed or changed, each changed column once: its value after, with the one before at hand. */
export function changedRows(changes: Changes): ChangedRows {
  const {rowColumns, effect} = changes;
  if (effect !== 'same')
    return {
      columns: rowColumns,
      fetch: (offset, limit) => changes.fetchRows(offset, limit),
      mark: () => 'removed',
      before: () => undefined,
    };

  const touched = new Set(changes.columns.flatMap((column) => (column.changed > 0 ? [column.name] : [])));
  const shown: {column: Column; at: number; before: number | undefined}[] = [];
  for (let i = 0; i < rowColumns.length; i++) {
    const column = rowColumns[i];
    const next = rowColumns[i + 1];
    if (column === undefined) continue;
    const name = column.name.replace(/ before$/, '');
    if (touched.has(name) && column.name === `${name} before` && next?.name === `${name} after`)
      shown.push({column: {name, type: next.type}, at: i + 1, before: i++});
    else shown.push({column, at: i, before: undefined});
  }
  return {
    columns: shown.map(({column}) => column),
    // The values before stand behind those that are shown.
    fetch: async (offset, limit) =>
      (await changes.fetchRows(offset, limit)).map((row) => [
        ...shown.map(({at}) => row[at] ?? null),
        ...shown.map(({before}) => (before === undefined ? null : (row[before] ?? null))),
      ]),
    mark: () => 'changed',
    before: (row, column) => {
      if (shown[column]?.before === undefined) return undefined;
      const value = row[shown.length + column] ?? null;
      return same(value, row[column]) ? undefined : {value};
    },
  };
}
