import type {Problem} from '../lib/problem.ts';
import type {ParamProblem} from '../params/index.ts';
import {touching, type Touch} from '../run/touch.ts';
import type {CellText, RunnableCell, Report} from './define.ts';
import {lineOf, readYaml, withValues} from './source.ts';

const cellName = /^[A-Za-z_]\w*$/;

/** Why a cell can't have this name: SQL couldn't take it for a table's. */
export const nameProblem = (name: string): Problem | undefined =>
  cellName.test(name)
    ? undefined
    : {
        code: 'CELL_NAME',
        message: `“${name}” can’t be the name of a cell.`,
        hint: 'Use letters, digits and underscores, starting with a letter, so that SQL can name it.',
      };

export function checkName(name: string, report: Report): void {
  const problem = nameProblem(name);
  if (problem !== undefined) report(problem.code, problem.message, problem.hint);
}

/** A body of “name: value” lines: its parameters, and the two that every such cell has. */
export function readBody(body: string, report: Report): Pick<CellText, 'from' | 'disabled' | 'values'> {
  const {values, yamlProblems} = readYaml(body, 0);
  for (const {code, message, hint, where} of yamlProblems) report(code, message, hint, where?.line);
  const {from, disabled, ...rest} = values;
  if (from !== undefined && typeof from !== 'string')
    report('CELL_FROM', 'from takes the name of one cell above.', 'Write from: NAME.');
  return {from: typeof from === 'string' ? from : undefined, disabled: disabled === true, values: rest};
}

/** The cell's lines, switched off or on. */
export const switchedInYaml = (cell: RunnableCell, disabled: boolean): string =>
  withValues(cell, {disabled: disabled ? true : undefined});

/** The cell's lines with what its parameters name called otherwise. `touches` say which parameters name cells, `from` besides. */
export function renamedInYaml(
  cell: RunnableCell,
  touches: readonly Touch[],
  nameOf: (name: string) => string | undefined,
): string {
  const changes: Record<string, unknown> = {};
  const from = cell.from === undefined ? undefined : nameOf(cell.from);
  if (from !== undefined) changes['from'] = from;
  for (const {param} of touching(touches, 'cell')) {
    if (param === undefined || param === 'from') continue;
    const changed = renamedValue(cell.values[param], nameOf);
    if (changed !== undefined) changes[param] = changed;
  }
  return Object.keys(changes).length === 0 ? cell.source : withValues(cell, changes);
}

/** A name, or a list of names, with those that have another name now; undefined where none has. */
export function renamedValue(value: unknown, nameOf: (name: string) => string | undefined): unknown {
  if (typeof value === 'string') return nameOf(value);
  if (!Array.isArray(value)) return undefined;
  const renamed = value.map((item: unknown) => (typeof item === 'string' ? (nameOf(item) ?? item) : item));
  return renamed.some((item, i) => item !== value[i]) ? renamed : undefined;
}

/** A problem with a parameter, with the line it stands on. */
export const paramIssue = (problem: ParamProblem, cell: RunnableCell): Problem => ({
  code: 'PARAM',
  message: problem.message,
  ...(problem.hint === undefined ? {} : {hint: problem.hint}),
  where: {param: problem.path, line: lineOf(cell, problem.path)},
});
