import {pyIdentifier} from '../pyspark/py.ts';
import type {ParamValue} from '../cells/define.ts';
import runtime from './runtime.py?raw';
import {importedNames} from './python-text.ts';
import type {SparkCell, SparkParts} from './spark-cells.ts';

/** Which parts of the template a notebook needs. */
export interface Sections {
  readonly lake: boolean;
  readonly params: boolean;
  readonly layers: boolean;
  readonly literal: boolean;
  readonly postgres: boolean;
}

/** The import statements of the template. */
export const runtimeImports = [...runtime.matchAll(/^(?:from|import) .+$/gm)].map(([line]) => line);

/** Names that a job's file has for itself. */
export const runtimeNames = [
  ...[...runtime.matchAll(/^(?:def|class) (\w+)|^([A-Za-z]\w*)(?:: [^=\n]+)? = /gm)].map(
    ([, defined, given]) => defined ?? given ?? '',
  ),
  ...runtimeImports.flatMap(importedNames),
  'Window',
];

const cellsOf = ({items}: SparkParts): readonly SparkCell[] => items.filter((item) => item.type === 'cell');

const usesPostgres = (parts: SparkParts): boolean =>
  cellsOf(parts).some(({code}) => /\b(?:write|read)_postgres\(/.test(code));

export const sectionsOf = (parts: SparkParts): Sections => ({
  lake: parts.usesLake,
  params: Object.keys(parts.params).length > 0,
  layers: cellsOf(parts).some(({layer}) => layer !== undefined),
  postgres: usesPostgres(parts),
  literal:
    parts.usesLake ||
    cellsOf(parts).some(
      ({isParameterised, lines}) => isParameterised && lines.some(({text}) => text.includes('{literal(params.')),
    ),
});

/** The import statements that the cells need. */
export function cellImports(parts: SparkParts): string[] {
  const code = cellsOf(parts)
    .map((cell) => cell.code)
    .join('\n');
  const ofPostgres = usesPostgres(parts) ? ['import os', 'import uuid', 'from pyspark.sql import functions as F'] : [];
  return [
    ...parts.imports,
    ...ofPostgres,
    ...(/\bF\./.test(code) ? ['from pyspark.sql import functions as F'] : []),
    ...(/\bWindow\b/.test(code) ? ['from pyspark.sql import Window'] : []),
  ];
}

/** The notebook's parameters by the names that Python has for them. */
export const paramValues = ({params}: SparkParts): Record<string, ParamValue> =>
  Object.fromEntries(Object.entries(params).map(([name, value]) => [pyIdentifier(name), value]));

/** The template with the lines of the sections that are wanted; the marks go. */
export function inSections(wanted: Sections): string {
  const dropped = Object.entries(wanted).reduce(
    (text, [name, stays]) =>
      stays ? text : text.replaceAll(new RegExp(`^ *# <${name}>\\n[\\s\\S]*?^ *# </${name}>\\n`, 'gm'), ''),
    runtime,
  );
  return dropped.replace(/^ *# <\/?(?:lake|params|literal|layers|postgres)>\n/gm, '');
}

/** One function of the template. */
export function runtimeFunction(name: string, wanted: Sections): string {
  const text = inSections(wanted);
  const start = text.indexOf(`def ${name}(`);
  return text.slice(start, text.indexOf('\n\n\n', start));
}
