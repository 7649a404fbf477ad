import {dbtProject} from './dbt.ts';
import type {Handover, Left, TextFile} from './define.ts';
import {sparkNotebook} from './ipynb.ts';
import {jobName, sparkCommand} from './job.ts';
import {baseName} from './prose.ts';
import {sparkBundle} from './spark-bundle.ts';
import {runScript, sqlScript} from './sql-script.ts';

/** What a notebook leaves as: its files, and the cells that stay behind. */
export interface Made {
  readonly files: readonly TextFile[];
  readonly left: readonly Left[];
}

/** A way to leave. */
interface Target {
  readonly target: string;
  readonly title: string;
  /** What it is, in a sentence. */
  readonly about: string;
  /** What runs it, a command a line. */
  readonly command: (h: Handover) => string;
  /** What it is saved as: a zip where it is several files. */
  readonly fileName: (h: Handover) => string;
  /** Where the notebook's input files lie in the zip; undefined where there is none. */
  readonly inputs: string | undefined;
  readonly make: (h: Handover) => Made;
}

/** The ways a notebook leaves, in the order they are offered. */
export const handovers = [
  {
    target: 'pyspark',
    title: 'PySpark job',
    about: 'One file for spark-submit with a function for each cell, and all that belongs to it.',
    command: sparkCommand,
    fileName: (h) => `${jobName(h)}.zip`,
    inputs: 'data/',
    make: sparkBundle,
  },
  {
    target: 'ipynb',
    title: 'Jupyter notebook',
    about: 'The same in PySpark for Jupyter, Databricks and EMR notebooks.',
    command: (h) => `jupyter lab ${jobName(h)}.ipynb`,
    fileName: (h) => `${jobName(h)}.ipynb`,
    inputs: undefined,
    make: (h) => {
      const {text, left} = sparkNotebook(h);
      return {files: [{path: `${jobName(h)}.ipynb`, text}], left};
    },
  },
  {
    target: 'sql',
    title: 'DuckDB script',
    about: 'One script that makes a table of each cell with the DuckDB command line.',
    command: runScript,
    fileName: ({path}) => `${baseName(path)}.sql`,
    inputs: undefined,
    make: (h) => {
      const {text, left} = sqlScript(h);
      return {files: [{path: `${baseName(h.path)}.sql`, text}], left};
    },
  },
  {
    target: 'dbt',
    title: 'dbt project',
    about: 'A folder that dbt builds on DuckDB: a model for each cell.',
    command: () => 'dbt build --profiles-dir .',
    fileName: ({path}) => `${baseName(path)}-dbt.zip`,
    inputs: '',
    make: dbtProject,
  },
] as const satisfies readonly Target[];

export type HandoverTarget = (typeof handovers)[number]['target'];
