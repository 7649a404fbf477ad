import type {CellText, RunnableCell} from './define.ts';

const mark = '-- disabled: true';

/** What a cell whose body is SQL says besides it: its first line can switch it off. */
export const readSqlBody = (body: string): Pick<CellText, 'from' | 'disabled' | 'values'> => ({
  from: undefined,
  disabled: /^\s*--\s*disabled: true\s*$/m.test(body.split('\n')[0] ?? ''),
  values: {},
});

/** The cell's lines, switched off or on. */
export function switchedInSql(cell: RunnableCell, disabled: boolean): string {
  const head = cell.source.indexOf('\n') + 1;
  return disabled
    ? `${cell.source.slice(0, head)}${mark}\n${cell.source.slice(head)}`
    : cell.source.replace(/^\s*--\s*disabled: true\s*\n/m, '');
}
