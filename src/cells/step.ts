import {inputHash} from '../run/define.ts';
import {contentHash} from '../lib/hash.ts';
import type {Problem} from '../lib/problem.ts';
import {closest} from '../lib/text.ts';
import {readParams, type Params} from '../params/index.ts';
import {identifiers} from '../sql/lexer.ts';
import {sql} from '../sql/sql.ts';
import type {Input, Program, Step} from '../steps/define.ts';
import {isLakeTable, touching, type Touch} from '../run/touch.ts';
import {stepKinds, stepOf} from '../steps/index.ts';
import type {CellType, NotebookParams, RunnableCell, Scope, Work} from './define.ts';
import {lineOf, withValues} from './source.ts';
import {substituteValues} from './substitute.ts';
import {checkName, paramIssue, readBody, renamedInYaml, switchedInYaml} from './yaml-cell.ts';

type StepValues = Readonly<Record<string, unknown>>;

/** One of the steps: `step NAME = KIND`. */
export const stepCell: CellType = {
  fence: 'step',
  title: 'Step',
  gives: 'rows',
  language: 'yaml',
  mayBeUnnamed: false,
  read(info, body, report) {
    const header = /^(\S+)\s*=\s*(\S+)$/.exec(info);
    const name = header?.[1] ?? info;
    if (header === null)
      report(
        'CELL_HEADER',
        `A step cell starts with “step NAME = KIND”, and this one says “step ${info}”.`,
        'Write, for example, step clean = dedup.',
      );
    else checkName(name, report);
    return {name, kind: header?.[2] ?? '', ...readBody(body, report)};
  },
  header: ({kind}, name) => `${name} = ${kind}`,
  switched: switchedInYaml,
  create: (name, _above, given = {}) => ({header: name, body: given}),
  params: ({kind}) => stepOf(kind)?.params,
  readsFrom: ({kind}) => stepOf(kind)?.input === 'one',
  touches(cell, params, leniently = false) {
    const step = stepOf(cell.kind);
    if (step === undefined) return undefined;
    const unfilled: Problem[] = [];
    const filled = substituteValues(cell.values, step.params, params, unfilled);
    if (leniently) return touchesOf(step, readable(step.params, filled), cell.from);
    const values = readParams(step.params, filled);
    return values.ok && unfilled.length === 0 ? touchesOf(step, values.value, cell.from) : undefined;
  },
  renamed: (cell, nameOf) => renamedInYaml(cell, stepCell.touches(cell, {}, true) ?? [], nameOf),
  tableRenamed(cell, from, to) {
    const changes = (stepCell.touches(cell, {}, true) ?? []).flatMap((touch): [string, unknown][] => {
      const param = isLakeTable(touch, from) ? touch.param : undefined;
      return param === undefined ? [] : [[param, to]];
    });
    return changes.length === 0 ? cell.source : withValues(cell, Object.fromEntries(changes));
  },
  understand: (cell, scope, problems) => understand(cell, scope, scope.params, problems),
  describe({kind, values: written}) {
    const step = stepOf(kind);
    if (step === undefined) return `Unknown step ${kind}`;
    const values = readParams(step.params, written);
    return values.ok ? step.sentence(values.value) : step.title;
  },
};

const touchesOf = (step: Step, values: StepValues, from: string | undefined): readonly Touch[] => [
  ...(from === undefined || step.input === 'none' ? [] : [{kind: 'cell', name: from, param: 'from'} as const]),
  ...(step.touches?.(values) ?? []),
];

/** The parameters that can be read, and the defaults of the others. */
function readable(params: Params, written: StepValues): StepValues {
  return Object.fromEntries(
    Object.entries(params).map(([name, param]) => {
      const read = written[name] === undefined ? undefined : param.read(written[name], name);
      return [name, read?.ok === true ? read.value : param.default];
    }),
  );
}

function understand(cell: RunnableCell, scope: Scope, params: NotebookParams, problems: Problem[]): Work | undefined {
  const step = stepOf(cell.kind);
  if (step === undefined) {
    const near = closest(cell.kind, stepKinds);
    problems.push({
      code: 'UNKNOWN_STEP',
      message: `There is no step called ${cell.kind}.`,
      hint:
        near === undefined
          ? 'Choose one from the list of steps; the cell stays in the file as it is.'
          : `Did you mean ${near}?`,
    });
    return undefined;
  }
  const read = readParams(step.params, substituteValues(cell.values, step.params, params, problems));
  if (!read.ok) {
    problems.push(...read.problems.map((problem) => paramIssue(problem, cell)));
    return undefined;
  }
  if (step.input === 'none' && cell.from !== undefined)
    problems.push({
      code: 'NO_INPUT',
      message: `${step.title} reads no cell, so it takes no from.`,
      hint: 'Take the line out.',
      where: {line: lineOf(cell, 'from')},
    });
  if (step.input === 'one' && cell.from === undefined && scope.nearest === undefined) {
    problems.push({
      code: 'NOTHING_ABOVE',
      message: `${step.title} reads the table of a cell above, and there is none.`,
      hint: 'Load a file first, or move this cell below one that gives a table.',
    });
    return undefined;
  }
  return workOf(step, read.value, cell, scope);
}

/** `values` are of the step's own parameters. */
function workOf(step: Step, values: StepValues, cell: RunnableCell, scope: Scope): Work {
  const touches = touchesOf(step, values, cell.from ?? scope.nearest);
  const files = touching(touches, 'file').flatMap(({name}) =>
    scope.files.has(name) ? [name] : matching(name, [...scope.files.keys()]),
  );
  const program = (inputs: readonly Input[]): Program => step.toSql(values, inputs);
  return {
    type: 'step',
    step,
    touches,
    effect: step.effectOf?.(values) ?? step.effect,
    files,
    sentence: step.sentence(values),
    runTimes: step.runTimes?.(values) ?? [],
    tests: step.columnTests?.(values) ?? [],
    hash(inputs, rows) {
      return contentHash([
        step.kind,
        step.version,
        hashed(step, rows ?? values),
        inputs.map(inputHash),
        files,
        files.map((file) => scope.files.get(file) ?? null),
        ...(step.namesInput === true ? [inputs.map(({name}) => name)] : []),
      ]);
    },
    shown(inputs) {
      const made = program(inputs);
      const text = made.kind === 'sql' ? made.sql : made.shown;
      return identifiers(text, ['rowid']).length > 0
        ? sql`-- rowid is the row's place: run this over tables, as the exported script does.\n${text}`
        : text;
    },
    program,
    check(inputs) {
      const [found] = step.check?.(values, inputs) ?? [];
      if (found === undefined) return undefined;
      const {param, column, ...problem} = found;
      return {...problem, where: {...(param === undefined ? {} : {param}), ...(column === undefined ? {} : {column})}};
    },
    pyspark({spark, naming, target, inputs, columns = [], rows, files: found, rerun}) {
      const lines = step.toPySpark(values, {
        spark,
        target,
        frames: inputs.map(({name}) => naming.variable(name)),
        inputs,
        columns,
        rows,
        found,
        rerun,
        ...(naming.file === undefined ? {} : {file: naming.file}),
      });
      return 'notExportable' in lines ? lines : lines.join('\n');
    },
    withParams(params) {
      const read = readParams(step.params, substituteValues(cell.values, step.params, params, []));
      return read.ok ? workOf(step, read.value, cell, scope) : undefined;
    },
  };
}

/** The values that the hash knows: all but the defaults of parameters that came later. */
const hashed = (step: Step, values: StepValues): StepValues =>
  Object.fromEntries(
    Object.entries(values).filter(
      ([name, value]) => step.params[name]?.later !== true || value !== step.params[name].default,
    ),
  );

/** Names that match a glob of `*` and `?`, sorted; the pattern itself when none does, so that its absence is reported by name. */
function matching(pattern: string, names: readonly string[]): string[] {
  const expression = new RegExp(
    `^${pattern
      .replace(/[.+^${}()|[\]\\]/g, '\\$&')
      .replaceAll('*', '[^/]*')
      .replaceAll('?', '[^/]')}$`,
  );
  const found = names.filter((name) => expression.test(name)).sort();
  return found.length > 0 ? found : [pattern];
}
