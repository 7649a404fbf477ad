import type {SparkProblem} from '../pyspark/sql/translate.ts';
import {py} from '../pyspark/py.ts';
import type {Column} from '../sql/types.ts';
import type {NotExportable, SparkContext} from './define.ts';

/** An expression of a step as a Spark column. */
export interface SparkColumn {
  readonly code: string;
  /** DuckDB's type of its values, `''` where it isn't known. */
  readonly type: string;
  readonly problems: readonly SparkProblem[];
}

/** `F.expr('…')` of a DuckDB expression over these columns. */
export function exprOf(sql: string, columns: readonly Column[], {spark}: Pick<SparkContext, 'spark'>): SparkColumn {
  const {text, type, problems} = spark.sparkExpression(sql, columns);
  return {code: `F.expr(${py(text)})`, type: type ?? '', problems};
}

/** Why expressions can't go to Spark, and what to write instead; undefined when they can. */
export function notInSpark(problems: readonly SparkProblem[]): NotExportable | undefined {
  if (problems.length === 0) return undefined;
  const said = (texts: readonly string[]): string =>
    [...new Set(texts)].map((text) => `${text.charAt(0).toUpperCase()}${text.slice(1).replace(/\.$/, '')}.`).join(' ');
  return {notExportable: said(problems.map(({message}) => message)), instead: said(problems.map(({hint}) => hint))};
}
