import type {Value} from '../../lib/value.ts';
import {isFloat} from '../../sql/types.ts';

/** `21.4`, never `21.400000000000002`: at most six decimals, or six digits where those would show nothing. */
function shortNumber(value: number): string {
  if (!Number.isFinite(value) || Number.isInteger(value)) return String(value);
  const size = Math.abs(value);
  if (size < 1e-4 || size >= 1e15) return value.toPrecision(6).replace(/\.?0+(?=e|$)/, '');
  return String(Number(value.toFixed(6)));
}

const hex = (bytes: Uint8Array): string => [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');

/** JSON of a nested value, whole numbers kept exact. */
export function nestedText(value: Value, indent = 0): string {
  const write = (inner: Value, depth: number): string => {
    if (inner === null || typeof inner === 'boolean') return String(inner);
    if (typeof inner === 'number' || typeof inner === 'bigint') return String(inner);
    if (typeof inner === 'string') return JSON.stringify(inner);
    if (inner instanceof Uint8Array) return `"\\x${hex(inner)}"`;
    const [open, close] = isList(inner) ? ['[', ']'] : ['{', '}'];
    const parts = isList(inner)
      ? inner.map((item) => write(item, depth + 1))
      : Object.entries(inner).map(([key, item]) => `${JSON.stringify(key)}: ${write(item, depth + 1)}`);
    if (parts.length === 0 || indent === 0) return `${open}${parts.join(', ')}${close}`;
    const pad = ' '.repeat(indent * (depth + 1));
    return `${open}\n${pad}${parts.join(`,\n${pad}`)}\n${' '.repeat(indent * depth)}${close}`;
  };
  return write(value, 0);
}

const isList = (value: Value): value is readonly Value[] => Array.isArray(value);

/** A time without what every row has: `2024-02-01 00:00:00`, fractions and offsets only where there are any. */
const timeText = (value: string): string =>
  value
    .replace('T', ' ')
    .replace(/(\d\d:\d\d:\d\d)\.0+(?=$|[Z+-])/, '$1')
    .replace(/(Z|\+00(:00)?)$/, '');

/** Line ends and tabs as signs, so that a text stays on its line. */
const oneLine = (text: string): string => text.replace(/\r\n|\n|\r/g, '↵').replaceAll('\t', '⇥');

/** A value as the grid shows it. */
export function formatValue(value: Value, type: string): string {
  if (value === null) return 'NULL';
  if (typeof value === 'number') return isFloat(type) ? shortNumber(value) : String(value);
  if (typeof value === 'string') return type.startsWith('TIMESTAMP') ? timeText(value) : oneLine(value);
  return exactText(value);
}

/** A value with every digit, as it is copied and shown in full; NULL is empty. */
export function exactText(value: Value): string {
  if (value === null) return '';
  if (typeof value === 'string') return value;
  if (value instanceof Uint8Array) return `\\x${hex(value)}`;
  return typeof value === 'object' ? nestedText(value) : String(value);
}

/** What kind of value a cell shows apart from ordinary ones. */
export function oddity(value: Value): 'null' | 'nan' | 'empty' | 'blank' | undefined {
  if (value === null) return 'null';
  if (typeof value === 'number') return Number.isFinite(value) ? undefined : 'nan';
  if (value === '') return 'empty';
  return typeof value === 'string' && value.trim() !== value ? 'blank' : undefined;
}

/** Cells as tab-separated lines that a spreadsheet takes: tabs, line ends and quotes are quoted. */
export const toTsv = (rows: readonly (readonly Value[])[]): string =>
  rows
    .map((row) =>
      row
        .map((value) => {
          const text = exactText(value);
          return /[\t\n\r"]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
        })
        .join('\t'),
    )
    .join('\n');
