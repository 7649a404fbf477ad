import {timestampText} from '../../arrow/iso.ts';
import {nullInt, nullTime} from '../../lib/nulls.ts';
import type {KernelColumn} from '../../ports/index.ts';

/** What a kernel's column holds, row by row: times as text, null where nothing is. */
export function valuesOf(column: KernelColumn): (number | string | null)[] {
  switch (column.kind) {
    case 'numbers':
      return column.values instanceof Int32Array
        ? Array.from(column.values, (value) => (value === nullInt ? null : value))
        : Array.from(column.values, (value) => (Number.isNaN(value) ? null : value));
    case 'times':
      return Array.from(column.values, (time) => (time === nullTime ? null : timestampText(time, 6)));
    case 'booleans':
      return Array.from(column.values, (value) => (value === -1 ? null : String(value === 1)));
    case 'texts':
      return Array.from(column.values, (place) => column.words[place] ?? null);
  }
}
