import {py} from '../pyspark/py.ts';
import {lit, sql, type Sql} from '../sql/sql.ts';
import {isNumber, isText, isTime, type Column} from '../sql/types.ts';
import {numberOf} from './checks.ts';
import type {StepProblem} from './define.ts';

/** A value from a notebook as the column's values are compared with it. */
export const boundSql = (text: string, column: Column): Sql =>
  isNumber(column.type) ? lit(numberOf(text)) : isTime(column.type) ? sql`TIMESTAMP ${lit(text)}` : lit(text);

export const boundSpark = (text: string, column: Column): string =>
  // As a float 0.1 is another number than as a double.
  column.type === 'FLOAT'
    ? `F.lit(${py(numberOf(text))}).cast('float')`
    : isNumber(column.type)
      ? py(numberOf(text))
      : isTime(column.type)
        ? `F.lit(${py(text)}).cast('timestamp')`
        : py(text);

/** A date that the calendar has, with or without a time of day. */
function isTimeText(text: string): boolean {
  if (!/^\d{4}-\d\d-\d\d([ T]\d\d:\d\d(:\d\d(\.\d{1,6})?)?)?$/.test(text)) return false;
  const day = new Date(`${text.slice(0, 10)}T00:00:00Z`);
  return (
    !Number.isNaN(day.getTime()) &&
    day.toISOString().startsWith(text.slice(0, 10)) &&
    /^([ T]([01]\d|2[0-3]):[0-5]\d.*)?$/.test(text.slice(10))
  );
}

const isNumeric = (text: string): boolean => text.trim() !== '' && Number.isFinite(Number(text));

/** A value that the column's can't be equal to. */
export function checkValue(text: string, column: Column, param: string): StepProblem[] {
  if (isNumber(column.type) && !isNumeric(text))
    return [
      {
        code: 'PARAM',
        message: `${column.name} is ${column.type}, and ${text} is no number.`,
        hint: 'Write a number.',
        param,
        column: column.name,
      },
    ];
  if (isTime(column.type) && !isTimeText(text))
    return [
      {
        code: 'PARAM',
        message: `${column.name} is ${column.type}, and ${text} is no time.`,
        hint: 'Write 2024-02-01 or 2024-02-01 10:00:00.',
        param,
        column: column.name,
      },
    ];
  return [];
}

/** A limit that the column's values can't be compared with. */
export const checkLimit = (text: string, column: Column, param: string): StepProblem[] =>
  isText(column.type) && isNumeric(text)
    ? [
        {
          code: 'COLUMN_TYPE',
          message: `${column.name} is text, and ${text} is a number: as text, 9 is greater than 10.`,
          hint: `Put a cast step before it that makes ${column.name} a double.`,
          param,
          column: column.name,
        },
      ]
    : checkValue(text, column, param);
