import {count, plural} from '../../lib/text.ts';
import type {Row, Value} from '../../lib/value.ts';
import type {Column} from '../../sql/types.ts';

/** A row of a quality cell’s result. */
export interface QualityCheck {
  readonly table: string;
  readonly dimension: string;
  readonly name: string;
  readonly observed: number | null;
  readonly unit: string;
  readonly passed: boolean;
  readonly failing: number | null;
  readonly checked: number | null;
  readonly expected: string;
  readonly found: string | null;
}

export function readChecks(columns: readonly Pick<Column, 'name'>[], rows: readonly Row[]): readonly QualityCheck[] {
  const places = new Map(columns.map(({name}, i) => [name, i]));
  return rows.map((row): QualityCheck => {
    const value = (name: string): Value => row[places.get(name) ?? -1] ?? null;
    const text = (name: string): string | null => {
      const found = value(name);
      return typeof found === 'string' ? found : null;
    };
    const number = (name: string): number | null => (value(name) === null ? null : Number(value(name)));
    return {
      table: text('table_name') ?? '',
      dimension: text('dimension') ?? '',
      name: text('check_name') ?? '',
      observed: number('observed'),
      unit: text('unit') ?? '',
      passed: value('passed') === true,
      failing: number('rows_failing'),
      checked: number('rows_checked'),
      expected: text('expected') ?? '',
      found: text('found'),
    };
  });
}

/** How many of a dimension’s checks pass, in the order of the checks. */
export interface Score {
  readonly dimension: string;
  readonly passed: number;
  readonly checks: number;
}

export function scoresOf(checks: readonly QualityCheck[]): readonly Score[] {
  return [...new Set(checks.map(({dimension}) => dimension))].map((dimension) => {
    const own = checks.filter((check) => check.dimension === dimension);
    return {dimension, passed: own.filter(({passed}) => passed).length, checks: own.length};
  });
}

/** `20 min`, `3 h 5 min`, `2 days` of minutes. */
export function ageOf(minutes: number): string {
  const whole = Math.round(minutes);
  if (minutes < 1) return `${Math.max(0, Math.round(minutes * 60))} s`;
  if (whole < 90) return `${count(whole)} min`;
  if (whole < 2880) return `${Math.floor(whole / 60)} h${whole % 60 === 0 ? '' : ` ${whole % 60} min`}`;
  return plural(Math.floor(whole / 1440), 'day');
}
