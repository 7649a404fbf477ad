import {id, join, sql} from '../../sql/sql.ts';
import {rejectsOf, type Made, type Maker, type MakerContext} from '../define.ts';
import {replacesMost} from '../parts.ts';
import type {ProgramOf} from '../program.ts';
import {createAs} from './statements.ts';

/** A query that a step wrote, the rows it rejected, and what its rows say of the data. */
export const makeSql: Maker<ProgramOf<'sql'>> = async (program, context) => {
  const {ports, table, signal, showOnly} = context;
  await showOnly([]);
  const made = await assignOrCreate(program, context);
  const rejects = rejectsOf(table);
  if (program.rejects !== undefined) await ports.engine.execute([createAs(rejects, program.rejects)], {signal});
  return {
    ...made,
    ...(program.rejects === undefined ? {} : {rejects}),
    ...(program.judge === undefined
      ? {}
      : {verdict: program.judge.read((await ports.engine.rows(program.judge.ask(id(table)), {signal})).rows)}),
  };
};

/** Makes a table of the columns that a query assigns where they can lie beside the input's, or of all that it gives. */
async function assignOrCreate(
  {sql: all, assigned = []}: ProgramOf<'sql'>,
  {ports: {engine}, table, signal, base: baseOf}: MakerContext,
): Promise<Pick<Made, 'base' | 'described'>> {
  const base = baseOf();
  if (base !== undefined && assigned.length > 0 && !replacesMost(assigned, base)) {
    await engine.execute([createAs(table, sql`SELECT ${join(assigned.map(id))} FROM (${all}\n)`)], {signal});
    const described = await engine.describeTable(table, {signal});
    if (described.rows === base.rows) return {base, described};
    await engine.execute([sql`DROP TABLE ${id(table)}`], {signal});
  }
  await engine.execute([createAs(table, all)], {signal});
  return {};
}
