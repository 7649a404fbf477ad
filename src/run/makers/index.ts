import type {Made, Maker, MakerContext} from '../define.ts';
import type {Program, ProgramOf} from '../program.ts';
import {makeByKernel} from './kernel.ts';
import {makeFromLake} from './lake.ts';
import {makeByPostgres} from './postgres.ts';
import {makeQuery} from './query.ts';
import {makeByReading} from './read.ts';
import {makeSql} from './sql.ts';
import {makeThrough} from './through.ts';

/** Who makes the rows of each kind of program. */
const makers: {readonly [K in Program['kind']]: Maker<ProgramOf<K>>} = {
  sql: makeSql,
  query: makeQuery,
  kernel: makeByKernel,
  read: makeByReading,
  through: makeThrough,
  postgres: makeByPostgres,
  lake: makeFromLake,
};

/** Makes a cell's table in the engine, or says whose rows it passes on. */
export function make<P extends Program>(program: P, context: MakerContext): Promise<Made> {
  // The record's key and its maker's program are of the same kind by its type.
  const maker = makers[program.kind] as unknown as Maker<P>;
  return maker(program, context);
}
