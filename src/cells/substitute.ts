import type {Problem} from '../lib/problem.ts';
import type {Control, Params} from '../params/index.ts';
import {lit} from '../sql/sql.ts';
import {closest} from '../lib/text.ts';
import type {NotebookParams, ParamValue} from './define.ts';

const placeholder = /\$\{([A-Za-z_]\w*)\}/g;

/** A text with `${name}` filled in from the notebook's params; inside SQL a value stands as a literal, so it stays data. */
export function substitute(text: string, params: NotebookParams, asSql: boolean, problems: Problem[]): string {
  return text.replace(placeholder, (whole, name: string) => {
    const value = paramNamed(name, params);
    if (typeof value === 'object') {
      problems.push(value);
      return whole;
    }
    if (!asSql) return String(value);
    // In `10-${n}` a bare −5 would open a comment.
    return typeof value === 'number' && value < 0 ? `(${lit(value)})` : lit(value);
  });
}

/** The body's values with `${name}` filled in. A text that is nothing but one placeholder takes the value's own type. */
export function substituteValues(
  found: Readonly<Record<string, unknown>>,
  params: Params,
  given: NotebookParams,
  problems: Problem[],
): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(found).map(([name, value]) => [name, walk(value, params[name]?.control, given, problems)]),
  );
}

function walk(value: unknown, control: Control | undefined, given: NotebookParams, problems: Problem[]): unknown {
  if (typeof value === 'string') {
    const asSql = control?.kind === 'expression';
    const whole = /^\$\{([A-Za-z_]\w*)\}$/.exec(value)?.[1];
    const replaced = whole === undefined || asSql || !Object.hasOwn(given, whole) ? undefined : given[whole];
    return replaced ?? substitute(value, given, asSql, problems);
  }
  if (Array.isArray(value))
    return value.map((item: unknown) =>
      control?.kind === 'items' && isRecord(item)
        ? substituteValues(item, control.fields, given, problems)
        : walk(item, control, given, problems),
    );
  if (!isRecord(value)) return value;
  if (control?.kind === 'group' || control?.kind === 'items')
    return substituteValues(value, control.fields, given, problems);
  if (control?.kind === 'map') {
    const shortControl = control.short === undefined ? undefined : control.fields[control.short]?.control;
    return Object.fromEntries(
      Object.entries(value).map(([key, inner]) => [
        substitute(key, given, false, problems),
        isRecord(inner)
          ? substituteValues(inner, control.fields, given, problems)
          : walk(inner, shortControl, given, problems),
      ]),
    );
  }
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, walk(inner, undefined, given, problems)]),
  );
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  value !== null && typeof value === 'object' && !Array.isArray(value);

/** What `${name}` stands for, or a Problem that names the parameters there are. */
function paramNamed(name: string, params: NotebookParams): ParamValue | Problem {
  const value = Object.hasOwn(params, name) ? params[name] : undefined;
  if (value !== undefined) return value;
  const near = closest(name, Object.keys(params));
  return {
    code: 'PARAM_NOT_FOUND',
    message: `The notebook has no parameter ${name}.`,
    hint:
      near === undefined
        ? `Add it to params at the top of the notebook: params: {${name}: …}.`
        : `Did you mean ${near}?`,
  };
}
