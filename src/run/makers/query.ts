import {query} from '../../sql/sql.ts';
import type {Maker} from '../define.ts';
import type {ProgramOf} from '../program.ts';
import {createAs} from './statements.ts';

/** A query of the user's own: it finds its inputs under their names, and nothing else. */
export const makeQuery: Maker<ProgramOf<'query'>> = async ({text}, {ports, table, inputs, showOnly, signal}) => {
  await showOnly(inputs);
  await ports.engine.execute([createAs(table, query(text))], {signal});
  return {};
};
