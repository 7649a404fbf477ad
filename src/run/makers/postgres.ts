import {problemOf, ProblemError} from '../../lib/problem.ts';
import type {Maker} from '../define.ts';
import type {ProgramOf} from '../program.ts';

/** What PostgreSQL answers to a statement. */
export const makeByPostgres: Maker<ProgramOf<'postgres'>> = async ({statement, line}, {ports, table, signal}) => {
  const {readPostgres} = await import('../../tables/postgres-read.ts');
  await readPostgres(ports, statement, table, signal).catch((thrown: unknown) => {
    // PostgreSQL counts the lines of the statement, which starts below the fence.
    const {where, ...problem} = problemOf(thrown);
    throw new ProblemError({
      ...problem,
      ...(where?.line === undefined ? {} : {where: {...where, line: line + where.line}}),
    });
  });
  return {};
};
