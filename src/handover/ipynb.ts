import {rejectsOf} from '../run/define.ts';
import {py, pyIdentifier} from '../pyspark/py.ts';
import type {HandedOver, Handover} from './define.ts';
import {jobName} from './job.ts';
import {importBlock} from './python-text.ts';
import {cellImports, paramValues, runtimeFunction, runtimeNames, sectionsOf, type Sections} from './spark-runtime.ts';
import {sparkParts, type SparkCell, type SparkParts} from './spark-cells.ts';

const ownNames = [...runtimeNames, 'SimpleNamespace', 'input_folder', 'lake_folder'];

type NotebookCell = Readonly<Record<string, unknown>>;

/** The notebook as a Jupyter notebook of PySpark (nbformat 4.5), for Jupyter, Databricks and EMR: a code cell a cell, prose as it is. */
export function sparkNotebook(h: Handover): HandedOver {
  const parts = sparkParts(h, (name) => `path(${py(name)})`, ownNames);
  const name = jobName(h);
  const sections = sectionsOf(parts);
  const start = [code(parameters(parts), {tags: ['parameters']}), code(session(parts, sections, name))];
  const cells = parts.items.map((item) =>
    item.type === 'cell'
      ? code(cellCode(item))
      : {cell_type: 'markdown', metadata: {}, source: item.type === 'note' ? `*${item.text}*` : item.text},
  );
  // The first text is the title and says what it is about.
  const all =
    cells[0]?.['cell_type'] === 'markdown' ? [...cells.slice(0, 1), ...start, ...cells.slice(1)] : [...start, ...cells];
  const notebook = {
    cells: all.map((cell, i) => ({id: `cell-${i + 1}`, ...cell})),
    metadata: {
      kernelspec: {display_name: 'Python 3', language: 'python', name: 'python3'},
      language_info: {name: 'python'},
    },
    nbformat: 4,
    nbformat_minor: 5,
  };
  return {text: `${JSON.stringify(notebook, null, 1)}\n`, left: parts.left};
}

const code = (source: string, metadata: Readonly<Record<string, unknown>> = {}): NotebookCell => ({
  cell_type: 'code',
  execution_count: null,
  metadata,
  outputs: [],
  source,
});

function parameters(parts: SparkParts): string {
  return [
    '# Folders here, or at s3a:// or dbfs:/',
    "input_folder = '.'",
    ...(parts.usesLake ? ["lake_folder = 'lake'"] : []),
    ...Object.entries(paramValues(parts)).map(([name, value]) => `${paramVariable(name, parts)} = ${py(value)}`),
  ].join('\n');
}

/** The variable of a parameter, apart from all that the notebook calls by its name. */
function paramVariable(name: string, parts: SparkParts): string {
  const cells = parts.items.flatMap((item) => (item.type === 'cell' ? [item.variable, rejectsOf(item.variable)] : []));
  const others = Object.keys(paramValues(parts)).filter((other) => other !== name);
  return pyIdentifier(name, new Set([...ownNames, ...cells, ...others]));
}

const postgresFunctions = [
  'postgres_login',
  'postgres_connection',
  'quoted',
  'write_postgres',
  'postgres_table',
  'read_postgres',
];

function session(parts: SparkParts, sections: Sections, name: string): string {
  const values = Object.keys(paramValues(parts));
  const needed = [
    'new_session',
    'settle',
    ...(sections.literal ? ['literal'] : []),
    ...(sections.lake ? ['open_lake'] : []),
    ...(sections.postgres ? postgresFunctions : []),
  ];
  const imports = [
    'from pyspark.sql import SparkSession',
    ...cellImports(parts),
    ...(sections.params ? ['from types import SimpleNamespace'] : []),
    ...(sections.literal || sections.postgres ? ['from typing import Any'] : []),
    ...(sections.postgres ? ['from pyspark.sql import DataFrame'] : []),
  ];
  return [
    `${importBlock(imports)}\n\n`,
    ...(sections.postgres
      ? [
          "# The address is PGHOST's where none is given here.\npostgres: dict[str, Any] = {'jdbc': None, 'skip': False}\n\n",
        ]
      : []),
    ...needed.map((each) => `${runtimeFunction(each, sections).replaceAll("'NAME'", () => py(name))}\n\n`),
    'def path(name: str) -> str:\n    return f"{input_folder.rstrip(\'/\')}/{name}"\n\n',
    '# The session that is there, as on Databricks and EMR, or a new one',
    'spark = SparkSession.getActiveSession() or new_session()',
    'settle(spark)',
    ...(sections.lake ? ['open_lake(spark, lake_folder)'] : []),
    ...(sections.params
      ? [`params = SimpleNamespace(${values.map((value) => `${value}=${paramVariable(value, parts)}`).join(', ')})`]
      : []),
  ].join('\n');
}

/** Rows are kept, so that later cells read what is shown here, in the same order; a frame over a Delta table would follow what is written to that. */
const cellCode = ({lines, variable, isLive}: SparkCell): string =>
  [
    ...lines.map(({text}) => text),
    ...(isLive
      ? [`${variable} = ${variable}.localCheckpoint()`, `${variable}.show(20)`]
      : [`${variable}.persist().show(20)`]),
  ].join('\n');
