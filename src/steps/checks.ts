import {invariant} from '../lib/invariant.ts';
import {closest} from '../lib/text.ts';
import {isFloat, isNumber, isText, isTime, type Column} from '../sql/types.ts';
import type {ColumnFamily} from '../params/index.ts';
import type {Input, StepProblem} from './define.ts';

/** The first input; steps that read a cell are never called without it. */
export function inputOf(inputs: readonly Input[]): Input {
  const [input] = inputs;
  invariant(input !== undefined, 'a step that reads a cell has an input');
  return input;
}

/** A column by name, compared without case, as DuckDB and Spark do. */
export const findColumn = (name: string, columns: readonly Column[]): Column | undefined =>
  columns.find((column) => column.name.toLowerCase() === name.toLowerCase());

/** The column of this name; one of no type where the columns aren't known yet, as in SQL that is shown before the first run. */
export const columnNamed = (name: string, columns: readonly Column[]): Column =>
  findColumn(name, columns) ?? {name, type: ''};

/** Names that are no column of the table, each with the closest one that is. */
export function checkColumns(names: readonly string[], input: Input, param: string): StepProblem[] {
  return names
    .filter((name) => findColumn(name, input.columns) === undefined)
    .map((name) => {
      const near = closest(
        name,
        input.columns.map((column) => column.name),
      );
      return {
        code: 'COLUMN_NOT_FOUND',
        message: `${input.name} has no column called ${name}.`,
        hint: near === undefined ? `Its columns are ${some(input.columns)}.` : `Did you mean ${near}?`,
        param,
        column: name,
      };
    });
}

/** The columns of these names. */
export const columnsNamed = (names: readonly string[], columns: readonly Column[]): readonly Column[] =>
  names.map((name) => columnNamed(name, columns));

const some = (columns: readonly Column[]): string =>
  columns
    .slice(0, 8)
    .map((column) => column.name)
    .join(', ') + (columns.length > 8 ? ' …' : '');

const families: Readonly<Record<ColumnFamily, {readonly is: (type: string) => boolean; readonly takes: string}>> = {
  number: {is: isNumber, takes: 'a column of numbers'},
  time: {is: isTime, takes: 'a column of times'},
  text: {is: isText, takes: 'a column of text'},
};

/** `checkColumns`, and columns that are of another kind than the step can work on. */
export function checkFamily(
  names: readonly string[],
  input: Input,
  param: string,
  family: ColumnFamily,
  what: string,
): StepProblem[] {
  const {is, takes} = families[family];
  const wrong = names.flatMap((name) => findColumn(name, input.columns) ?? []).filter((column) => !is(column.type));
  return [
    ...checkColumns(names, input, param),
    ...wrong.map((column) => ({
      code: 'COLUMN_TYPE',
      message: `${what} takes ${takes}, and ${column.name} is ${column.type}.`,
      hint:
        family === 'text'
          ? 'Choose a column of text.'
          : `Put a cast step before it that makes ${column.name} ${family === 'number' ? 'a double' : 'a timestamp'}.`,
      param,
      column: column.name,
    })),
  ];
}

/** Types whose values DuckDB and Spark write in the same characters. */
export const isWritable = (type: string): boolean =>
  (isNumber(type) && !isFloat(type)) || isText(type) || ['BOOLEAN', 'DATE', 'TIMESTAMP', ''].includes(type);

/** Names that would appear twice in the result. */
export function checkNames(names: readonly string[], param: string): StepProblem[] {
  const seen = new Set<string>();
  return names.flatMap((name) => {
    const key = name.toLowerCase();
    if (seen.has(key))
      return [
        {
          code: 'NAME_TAKEN',
          message: `The result would have two columns called ${name}.`,
          hint: 'Give one of them another name.',
          param,
          column: name,
        },
      ];
    seen.add(key);
    return [];
  });
}

/** A problem when a list that is needed is empty. */
export const checkSome = (items: readonly unknown[], param: string, message: string, hint: string): StepProblem[] =>
  items.length > 0 ? [] : [{code: 'PARAM', message, hint, param}];

/** A number as it was written: whole numbers keep every digit, for a BIGINT may be longer than a double. */
export const numberOf = (text: string): number | bigint => (/^\s*-?\d+\s*$/.test(text) ? BigInt(text) : Number(text));
