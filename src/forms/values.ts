import type {Param, Params, ColumnFamily} from '../params/index.ts';
import {isNumber, isText, isTime, type Column} from '../sql/types.ts';

export const isRecord = (value: unknown): value is Record<string, unknown> =>
  value !== null && typeof value === 'object' && !Array.isArray(value);

/** A value found in a notebook as one line of text. */
export function asText(value: unknown): string {
  if (value === undefined || value === null) return '';
  if (typeof value === 'string') return value;
  return typeof value === 'bigint' ? String(value) : (JSON.stringify(value) ?? '');
}

/** A value as one line; a duration is what was written. */
const oneText = (value: unknown): string =>
  asText(isRecord(value) && typeof value['text'] === 'string' ? value['text'] : value);

/** A list found in a notebook: one value stands for a list of one. */
export const asList = (value: unknown): unknown[] =>
  Array.isArray(value) ? value : value === undefined || value === null || value === '' ? [] : [value];

/** What holds when the notebook says nothing, for a placeholder; '' when that is nothing. */
export function defaultText(param: Param<unknown>): string {
  if (param.required) return '';
  const {default: value} = param;
  // Here 0 stands for what the help tells.
  if (value === 0 && param.help?.includes('left out')) return '';
  if (Array.isArray(value)) return value.map(oneText).join(', ');
  return isRecord(value) && typeof value['text'] !== 'string' ? '' : oneText(value);
}

/** Whether the form shows a parameter: `when` looks at another's value, its default included. */
export function isShown(param: Param<unknown>, params: Params, values: Readonly<Record<string, unknown>>): boolean {
  if (param.when === undefined) return true;
  const other = params[param.when.param];
  return param.when.is.includes(values[param.when.param] ?? other?.default);
}

/** Columns of a family; all of them when none are of it, so that the form always offers something. */
export function offered(columns: readonly Column[], family: ColumnFamily | undefined): readonly Column[] {
  if (family === undefined) return columns;
  const belongs = {number: isNumber, time: isTime, text: isText}[family];
  const fitting = columns.filter((column) => belongs(column.type));
  return fitting.length > 0 ? fitting : columns;
}

/** The record with a key set, or without it when the value is undefined; the others keep their order. */
export function withKey(
  record: Readonly<Record<string, unknown>>,
  key: string,
  value: unknown,
): Record<string, unknown> {
  const {[key]: _, ...rest} = record;
  return value === undefined
    ? rest
    : key in record
      ? Object.fromEntries(Object.entries(record).map(([name, old]) => [name, name === key ? value : old]))
      : {...record, [key]: value};
}
