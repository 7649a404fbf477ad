import type {CellText, Fence, Report, RunnableCell} from './define.ts';
import {checkName} from './yaml-cell.ts';

const mark = '-- disabled: true';

/** Reads a cell whose header is its name and whose body is SQL: its first line can switch it off. */
export function readSqlCell(kind: Fence, name: string, body: string, report: Report): CellText {
  checkName(name, report);
  const disabled = /^\s*--\s*disabled: true\s*$/m.test(body.split('\n')[0] ?? '');
  return {name, kind, from: undefined, disabled, values: {}};
}

/** The cell's lines, switched off or on. */
export function switchedInSql(cell: RunnableCell, disabled: boolean): string {
  const head = cell.source.indexOf('\n') + 1;
  return disabled
    ? `${cell.source.slice(0, head)}${mark}\n${cell.source.slice(head)}`
    : cell.source.replace(/^\s*--\s*disabled: true\s*\n/m, '');
}
