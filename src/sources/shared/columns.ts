import {ProblemError} from '../../lib/problem.ts';
import {closest, list} from '../../lib/text.ts';
import type {Ports} from '../../ports/index.ts';
import {id, lit, sql, typeName} from '../../sql/sql.ts';
import type {Destination, LoadOptions} from '../define.ts';

/** Columns of the table that `schema` names, with the types it gives them; throws when there is no such column. */
export async function checkTypes(
  ports: Ports,
  file: string,
  options: LoadOptions,
  to: Destination,
): Promise<{column: string; type: string}[]> {
  const wanted = Object.entries(options.types);
  if (wanted.length === 0) return [];
  const names = (await ports.engine.describeTable(to.table, {signal: to.signal})).columns.map((column) => column.name);
  return wanted.map(([name, type]) => {
    const column = names.find((known) => known.toLowerCase() === name.toLowerCase());
    if (column !== undefined) return {column, type};
    const near = closest(name, names);
    const hint =
      near === undefined
        ? `Its columns are ${list(names.slice(0, 8))}${names.length > 8 ? ' …' : ''}.`
        : `Did you mean ${near}?`;
    throw new ProblemError({
      code: 'COLUMN_NOT_FOUND',
      message: `${file} has no column ${name}, which schema gives a type.`,
      hint,
      where: {file, column: name},
    });
  });
}

/** JSON, Parquet and databases bring types of their own; `schema` casts the columns it names. */
export async function finish(ports: Ports, file: string, options: LoadOptions, to: Destination): Promise<void> {
  if (options.filename)
    await ports.engine.execute([sql`ALTER TABLE ${id(to.table)} ADD COLUMN filename VARCHAR DEFAULT ${lit(file)}`]);
  for (const {column, type} of await checkTypes(ports, file, options, to))
    await ports.engine.execute(
      [
        sql`ALTER TABLE ${id(to.table)} ALTER ${id(column)} TYPE ${typeName(type)} USING TRY_CAST(${id(column)} AS ${typeName(type)})`,
      ],
      {
        signal: to.signal,
      },
    );
}
