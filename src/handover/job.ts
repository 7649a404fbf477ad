import {rejectsOf} from '../notebook/cells.ts';
import {py, pyIdentifier, type PyValue} from '../pyspark/py.ts';
import type {HandedOver, Handover} from './define.ts';
import {comments, docstring, importBlock, indented, filledMarkdown} from './python-text.ts';
import {baseName} from './prose.ts';
import runtime from './runtime.py?raw';
import {sparkParts, type SparkCell, type SparkParts} from './spark-cells.ts';

const runtimeImports = [...runtime.matchAll(/^(?:from|import) .+$/gm)].map(([line]) => line);
/** Names that the job's file has for itself. */
const runtimeNames = [
  ...[...runtime.matchAll(/^(?:def|class) (\w+)|^([A-Za-z]\w*)(?:: [^=\n]+)? = /gm)].map(([, defined, given]) => defined ?? given ?? ''),
  ...runtimeImports.flatMap((line) => (/import (.+)$/.exec(line)?.[1] ?? '').split(/,\s*/)),
  'Window',
];

/** The notebook as one PySpark job: a function a cell, and a command line. */
export function sparkJob(h: Handover): HandedOver {
  const parts = sparkParts(h, (name) => `path(${py(name)})`, runtimeNames);
  const cells = parts.items.filter((item) => item.type === 'cell');
  const code = cells.flatMap(({lines}) => lines.map(({text}) => text)).join('\n');
  const sections = {lake: parts.usesLake, params: Object.keys(parts.params).length > 0, literal: parts.usesLake || code.includes('literal(')};
  const name = jobName(h);
  const imports = [
    ...runtimeImports,
    ...parts.imports,
    ...(/\bF\./.test(code) ? ['from pyspark.sql import functions as F'] : []),
    ...(/\bWindow\b/.test(code) ? ['from pyspark.sql import Window'] : []),
  ];
  const text = inSections(runtime, sections)
    .replace(/^"""DOCSTRING"""$/m, () => docstring(introduction(h, parts, name)).join('\n'))
    .replace(/^from __future__[\s\S]*?# <imports>$/m, () => importBlock(imports))
    .replace(/^# <cells>$/m, () => functions(parts).join('\n'))
    .replace(/^CELLS: (.*) = \[\]$/m, (_line, type: string) => [`CELLS: ${type} = [`, ...cells.map((cell) => `    ${registered(cell)},`), ']'].join('\n'))
    .replace(/^PARAMS: (.*) = \{\}\n\n/m, (_line, type: string) => (sections.params ? `PARAMS: ${type} = ${py(paramValues(parts))}\n\n` : ''))
    .replaceAll(`'NAME'`, () => py(name));
  return {text, left: parts.left};
}

/** The name of the job, its file without `.py`. */
export function jobName({path, notebook}: Handover): string {
  const name = (path === '' ? notebook.title : baseName(path))
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '_')
    .replace(/^_+|_+$/g, '');
  return name === '' ? 'notebook' : /^\d/.test(name) ? `job_${name}` : pyIdentifier(name);
}

const paramValues = ({params}: SparkParts): PyValue => Object.fromEntries(Object.entries(params).map(([name, value]) => [pyIdentifier(name), value]));

/** The template with the lines of the sections that are wanted; the marks go. */
function inSections(template: string, wanted: Readonly<Record<string, boolean>>): string {
  const dropped = Object.entries(wanted).reduce(
    (text, [name, stays]) => (stays ? text : text.replaceAll(new RegExp(`^ *# <${name}>\\n[\\s\\S]*?^ *# </${name}>\\n`, 'gm'), '')),
    template,
  );
  return dropped.replace(/^ *# <\/?(?:lake|params|literal)>\n/gm, '');
}

/** Title, first paragraph, and how the job is run. */
function introduction(h: Handover, parts: SparkParts, name: string): string[] {
  const title = h.notebook.title || name;
  const about = firstParagraph(h);
  const packages = parts.usesLake ? '--packages io.delta:delta-spark_2.13:4.0.1 ' : '';
  const lake = parts.usesLake ? ' --lake lake' : '';
  return [
    title,
    '',
    ...(about === '' ? [] : [...filledMarkdown(about, 100), '']),
    ...filledMarkdown(
      'Written by Lakebook from the notebook of that name, for Spark 4. The rows of every cell go to a folder of its name in --output, as Parquet. Run it with',
      100,
    ),
    '',
    `    spark-submit ${packages}${name}.py --input data --output output${lake}`,
    '',
    'and see --help for the rest.',
    ...parts.left.flatMap(({cell, why, instead}) => ['', ...filledMarkdown(`Left out: ${cell}. ${why} ${instead}`, 100)]),
  ];
}

function firstParagraph({notebook}: Handover): string {
  const [text] = notebook.cells;
  if (text?.type !== 'text') return '';
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
const takes = ({lines}: SparkCell): string[] => {
  const code = lines.map(({text}) => text).join('\n');
  return [/\bspark\b/.test(code) ? 'spark' : '', /\bpath\(/.test(code) ? 'path' : '', /\bparams\./.test(code) ? 'params' : ''].filter((name) => name !== '');
};

const annotations: Readonly<Record<string, string>> = {spark: 'SparkSession', path: 'Callable[[str], str]', params: 'argparse.Namespace'};

function functionOf(cell: SparkCell): string[] {
  const args = [...takes(cell).map((name) => `${name}: ${annotations[name] ?? 'Any'}`), ...cell.reads.map(({variable}) => `${variable}: DataFrame`)];
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
  return `Cell(${py(cell.name)}, ${cell.variable}, takes=${tuple(taken)}, gives=${tuple(gives)})`;
}

const tuple = (items: readonly string[]): string => `(${items.map((item) => py(item)).join(', ')}${items.length === 1 ? ',' : ''})`;
