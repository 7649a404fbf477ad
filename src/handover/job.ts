import {isRunnable} from '../cells/define.ts';
import type {CompiledCell} from '../notebook/plan.ts';
import {py, pyIdentifier} from '../pyspark/py.ts';
import {rejectsOf} from '../run/define.ts';
import {isPostgres} from '../run/touch.ts';
import type {SparkNeeds} from '../sources/define.ts';
import {deltaTable, sourceOf} from '../sources/index.ts';
import type {HandedOver, Handover} from './define.ts';
import {comments, docstring, importBlock, indented, filledMarkdown} from './python-text.ts';
import {baseName} from './prose.ts';
import {cellImports, inSections, paramValues, runtimeImports, runtimeNames, sectionsOf} from './spark-runtime.ts';
import {sparkParts, usesLake, type SparkCell, type SparkParts} from './spark-cells.ts';

/** The notebook as one PySpark job: a function a cell, and a command line. */
export function sparkJob(h: Handover): HandedOver {
  const parts = sparkParts(h, (name) => `path(${py(name)})`, runtimeNames);
  const cells = parts.items.filter((item) => item.type === 'cell');
  const sections = sectionsOf(parts);
  const name = jobName(h);
  const imports = [...runtimeImports, ...cellImports(parts)];
  const fill = (slot: string): string => {
    if (slot === '"""DOCSTRING"""') return docstring(introduction(h, parts, name)).join('\n');
    if (slot === "'NAME'") return py(name);
    if (slot === '# <cells>') return functions(parts).join('\n');
    if (slot.startsWith('CELLS'))
      return [slot.slice(0, -1), ...cells.map((cell) => `    ${registered(cell)},`), ']'].join('\n');
    if (slot.startsWith('PARAMS'))
      return sections.params ? `${slot.trimEnd().slice(0, -2)}${py(paramValues(parts))}\n\n` : '';
    return importBlock(imports);
  };
  // In one pass over the template: the notebook's text is never looked through.
  return {text: inSections(sections).replace(slots, fill), left: parts.left};
}

const slots =
  /^"""DOCSTRING"""$|^from __future__[\s\S]*?# <imports>$|^# <cells>$|^CELLS: .* = \[\]$|^PARAMS: .* = \{\}\n\n|'NAME'/gm;

/** The name of the job, its file without `.py`. */
export function jobName({path, notebook}: Handover): string {
  const name = (path === '' ? notebook.title : baseName(path))
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '_')
    .replace(/^_+|_+$/g, '');
  return name === '' ? 'notebook' : /^\d/.test(name) ? `job_${name}` : pyIdentifier(name);
}

/** PostgreSQL's driver for Java, by its address at Maven. */
const postgresDriver = 'org.postgresql:postgresql:42.7.7';

export const usesPostgres = ({plan, known}: Handover): boolean =>
  plan.some((cell) => cell.ready && (cell.work.touches.some(isPostgres) || readNeeds(cell, known)?.postgres === true));

/** What a job needs to read the files of a cell; undefined where it reads none. */
function readNeeds({hash, work}: CompiledCell, known: Handover['known']): SparkNeeds | undefined {
  if (work.files.length === 0) return undefined;
  const program = work.program([]);
  return program.kind === 'read' ? sourceOf(program.files, program.options, known(hash)?.files[0]).spark : undefined;
}

/** The drivers of the databases whose files the notebook loads. */
const databaseDrivers = ({plan, known}: Handover): readonly string[] => [
  ...new Set(plan.flatMap((cell) => (cell.ready ? (readNeeds(cell, known)?.packages ?? []) : []))),
];

/** The command that runs the job. */
export function sparkCommand(h: Handover): string {
  const isLake = h.plan.some((cell) => cell.ready && usesLake(cell));
  const packages = [
    ...(isLake ? deltaTable.spark.packages : []),
    ...(usesPostgres(h) ? [postgresDriver] : []),
    ...databaseDrivers(h),
  ];
  return `spark-submit ${packages.length > 0 ? `--packages ${packages.join(',')} ` : ''}${jobName(h)}.py --input data --output output${isLake ? ' --lake lake' : ''}`;
}

/** Title, first paragraph, and how the job is run. */
function introduction(h: Handover, parts: SparkParts, name: string): string[] {
  const title = h.notebook.title || name;
  const about = firstParagraph(h);
  return [
    title,
    '',
    ...(about === '' ? [] : [...filledMarkdown(about, 100), '']),
    ...filledMarkdown(
      'Written by Lakebook from the notebook of that name, for Spark 4. The rows of every cell go to a folder of its name in --output, as Parquet. Run it with',
      100,
    ),
    '',
    `    ${sparkCommand(h)}`,
    '',
    'and see --help for the rest.',
    ...parts.left.flatMap(({cell, why, instead}) => [
      '',
      ...filledMarkdown(`Left out: ${cell}. ${why} ${instead}`, 100),
    ]),
  ];
}

function firstParagraph({notebook}: Handover): string {
  const [text] = notebook.cells;
  if (text === undefined || isRunnable(text)) return '';
  return text.markdown.split(/\n\s*\n/).find((block) => !/^\s*(#|[-*+>|]|```|\d+[.)])/.test(block)) ?? '';
}

/** The functions of the cells, each under the prose that stands above it. */
function functions(parts: SparkParts): string[] {
  const out: string[] = [];
  let above: string[] = [];
  for (const item of parts.items) {
    if (item.type !== 'cell') {
      above.push(...(above.length === 0 ? [] : ['#']), ...comments(item.text));
      continue;
    }
    out.push('', ...above, ...functionOf(item), '');
    above = [];
  }
  return out.length === 0 ? above : [...out.slice(1), ...(above.length === 0 ? [] : ['', ...above])];
}

/** What the function of a cell takes beside tables. */
const takes = ({code, isParameterised}: SparkCell): string[] => [
  ...(/\bspark\b/.test(code) ? ['spark'] : []),
  ...(/\bpath\(/.test(code) ? ['path'] : []),
  ...(isParameterised ? ['params'] : []),
];

const annotations: Readonly<Record<string, string>> = {
  spark: 'SparkSession',
  path: 'Callable[[str], str]',
  params: 'argparse.Namespace',
};

function functionOf(cell: SparkCell): string[] {
  const args = [
    ...takes(cell).map((name) => `${name}: ${annotations[name] ?? 'Any'}`),
    ...cell.reads.map(({variable}) => `${variable}: DataFrame`),
  ];
  const result = cell.rejects ? 'tuple[DataFrame, DataFrame]' : 'DataFrame';
  return [
    `def ${cell.variable}(${args.join(', ')}) -> ${result}:`,
    ...docstring(filledMarkdown(`${cell.sentence}.`, 92), '    '),
    ...indented(cell.lines),
    `    return ${cell.variable}${cell.rejects ? `, ${rejectsOf(cell.variable)}` : ''}`,
  ];
}

function registered(cell: SparkCell): string {
  const taken = [...takes(cell).map((name) => `@${name}`), ...cell.reads.map(({table}) => table)];
  const gives = [cell.name, ...(cell.rejects ? [rejectsOf(cell.name)] : [])];
  return `Cell(${py(cell.name)}, ${cell.variable}, takes=${tuple(taken)}, gives=${tuple(gives)}${cell.isLive ? ', live=True' : ''}${cell.layer === undefined ? '' : `, layer=${py(cell.layer)}`}${/\bread_postgres\(/.test(cell.code) ? ', psql=True' : ''})`;
}

const tuple = (items: readonly string[]): string =>
  `(${items.map((item) => py(item)).join(', ')}${items.length === 1 ? ',' : ''})`;
