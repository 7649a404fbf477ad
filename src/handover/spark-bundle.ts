import {serializeNotebook} from '../notebook/model.ts';
import type {Handover, Left, TextFile} from './define.ts';
import {sparkNotebook} from './ipynb.ts';
import {jobName, sparkCommand, sparkJob, usesPostgres} from './job.ts';

// Delta Lake is built for one version of Spark.
const requirements = 'pyspark==4.0.1\ndelta-spark==4.0.1\n';

/** All that a cluster needs of a notebook: the job, the same as a Jupyter notebook, what it runs on, and the notebook itself. */
export function sparkBundle(h: Handover): {readonly files: readonly TextFile[]; readonly left: readonly Left[]} {
  const name = jobName(h);
  const job = sparkJob(h);
  return {
    files: [
      {path: `${name}.py`, text: job.text},
      {path: `${name}.ipynb`, text: sparkNotebook(h).text},
      {path: 'requirements.txt', text: requirements},
      {path: 'README.md', text: readme(h, name)},
      {path: `${name}.md`, text: serializeNotebook(h.notebook)},
    ],
    left: job.left,
  };
}

const writesLake = (h: Handover): boolean => h.plan.some((cell) => cell.ready && cell.applies !== undefined);

const readme = (h: Handover, name: string): string =>
  [
    `# ${(h.notebook.title || name).replace(/\s+/g, ' ')}`,
    `\`pip install -r requirements.txt\` (Python 3.9 or newer, Java 17), and put the notebook’s input files into a folder \`data\`.`,
    `Run \`${sparkCommand(h)}\`; the rows of every cell go to a folder of its name in \`output\`, as Parquet.${writesLake(h) ? ' A run that is repeated, also by a cluster that tries again, appends the same rows to the lake once, unless their SQL asks for the time or for chance.' : ''}`,
    `\`--help\` tells the rest: the notebook’s parameters, \`--from CELL\`, \`--skip CELL\`. It ends with 0 when all went well, 1 when a cell failed, 2 when the command line is wrong.`,
    ...(usesPostgres(h)
      ? [
          `PostgreSQL’s address and login come from the environment, as for psql: PGHOST, PGPORT, PGDATABASE, PGUSER and PGPASSWORD, or \`--jdbc jdbc:postgresql://…\` for the address. \`--skip-postgres\` leaves it out.`,
        ]
      : []),
    `Folders may be at \`s3a://\`: add \`--packages org.apache.hadoop:hadoop-aws:3.4.1\`; keys come from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY or the machine’s role.`,
    `\`${name}.ipynb\` is the same for Jupyter, Databricks and EMR; \`${name}.md\` is the notebook, which Lakebook opens.`,
    '',
  ].join('\n');
