import {ProblemError} from '../lib/problem.ts';
import {list} from '../lib/text.ts';
import type {Row} from '../lib/value.ts';
import type {At, Ports, ReadPlan} from '../ports/index.ts';
import {columnChanges, type ColumnChange} from '../sql/changes.ts';
import {numberedRows} from '../sql/rows.ts';
import {id, join, lit, sql, type Sql} from '../sql/sql.ts';
import type {Column} from '../sql/types.ts';
import {fillTable} from './lake-read.ts';

/** Rows of one kind: how many, and the first of them. */
export interface RowsFound {
  readonly count: number;
  readonly columns: readonly Column[];
  readonly rows: readonly Row[];
}

/** Two versions of a table beside each other. */
export interface Comparison {
  readonly before: {readonly version: number; readonly rows: number};
  readonly after: {readonly version: number; readonly rows: number};
  /** Columns paired by name; dropped ones last. */
  readonly columns: readonly ColumnChange[];
  readonly added: RowsFound;
  readonly removed: RowsFound;
  /** Rows with the same key and other values: the key, then each column that changed in any row, before and after. Undefined without keys. */
  readonly changed: (RowsFound & {readonly perColumn: Readonly<Record<string, number>>}) | undefined;
}

const pageRows = 200;
let comparisons = 0;

/**
 * Compares the rows of two versions: by `keys`, or as whole rows where there are none. Rows with equal keys are paired in
 * their order. Only files that the versions don't share are read. Columns that one version lacks don't count.
 */
export async function compareVersions(
  ports: Pick<Ports, 'engine' | 'lake'>,
  table: string,
  a: At,
  b: At,
  keys: readonly string[],
  signal?: AbortSignal,
): Promise<Comparison> {
  const {engine, lake} = ports;
  const name = `lake_compare_${++comparisons}`;
  const [left, right, paired] = [`${name}_before`, `${name}_after`, `${name}_paired`];
  const readers: number[] = [];
  const open = async (at: At): Promise<ReadPlan> => {
    const plan = await lake.openRead(table, at);
    readers.push(plan.reader);
    return plan;
  };
  const rowsOf = async (query: Sql): Promise<readonly Row[]> => (await engine.rows(query, {signal})).rows;
  const figure = async (query: Sql): Promise<number> => Number((await rowsOf(query))[0]?.[0] ?? 0);
  /** The rows that have no partner, with their version's columns. */
  const alone = async (from: string, columns: readonly Column[], other: 'a' | 'b'): Promise<RowsFound> => {
    const own = other === 'a' ? sql`b` : sql`a`;
    const {from: numbered, row} = numberedRows({relation: id(from), columns});
    const without = sql`FROM ${id(paired)} WHERE ${other === 'a' ? sql`a` : sql`b`} IS NULL`;
    const chosen = sql`SELECT ${join(columns.map((column) => id(column.name)))} FROM ${numbered} WHERE ${row} IN (SELECT ${own} ${without}) ORDER BY ${row} LIMIT ${lit(pageRows)}`;
    return {count: await figure(sql`SELECT count(*) ${without}`), columns, rows: await rowsOf(chosen)};
  };
  try {
    const [before, after] = [await open(a), await open(b)];
    const [own, other] = [parts(before, after), parts(after, before)];
    await fillTable(ports, before, own.files, {table: left, signal});
    await fillTable(ports, after, other.files, {table: right, signal});
    const [leftColumns, rightColumns] = [
      await engine.describe(sql`FROM ${id(left)}`, {signal}),
      await engine.describe(sql`FROM ${id(right)}`, {signal}),
    ];
    const columns = columnChanges(leftColumns, rightColumns);
    const shared = columns.filter((column) => column.before !== undefined && column.after !== undefined);
    const by = keys.length === 0 ? shared : keyColumns(table, keys, shared);
    await engine.execute(
      [pairRows(paired, {table: left, columns: leftColumns}, {table: right, columns: rightColumns}, by)],
      {signal},
    );
    return {
      before: {version: before.version, rows: own.sharedRows + (await figure(sql`SELECT count(*) FROM ${id(left)}`))},
      after: {version: after.version, rows: other.sharedRows + (await figure(sql`SELECT count(*) FROM ${id(right)}`))},
      columns,
      added: await alone(right, rightColumns, 'a'),
      removed: await alone(left, leftColumns, 'b'),
      changed: keys.length === 0 ? undefined : await changedRows(),
    };

    async function changedRows(): Promise<NonNullable<Comparison['changed']>> {
      const compared = shared.filter((column) => !by.includes(column));
      const [x, y] = [
        numberedRows({relation: id(left), columns: leftColumns}),
        numberedRows({relation: id(right), columns: rightColumns}),
      ];
      const joined = sql`${id(paired)} p JOIN ${x.from} x ON p.a = x.${x.row} JOIN ${y.from} y ON p.b = y.${y.row}`;
      const differs = compared.map((column) => sql`${before_(column)} IS DISTINCT FROM y.${id(column.name)}`);
      if (compared.length === 0) return {count: 0, columns: [], rows: [], perColumn: {}};
      const counts = await rowsOf(
        sql`SELECT ${join([sql`count(*) FILTER (WHERE ${join(differs, ' OR ')})`, ...differs.map((each) => sql`count(*) FILTER (WHERE ${each})`)])} FROM ${joined}`,
      );
      const [count = 0, ...each] = (counts[0] ?? []).map(Number);
      const perColumn = Object.fromEntries(compared.map((column, i) => [column.name, each[i] ?? 0]));
      const moved = compared.filter((_, i) => (each[i] ?? 0) > 0);
      const shown = [
        ...by.map((column) => sql`y.${id(column.name)} AS ${id(column.name)}`),
        ...moved.flatMap((column) => [
          sql`x.${id(leftName(column))} AS ${id(`${column.name} before`)}`,
          sql`y.${id(column.name)} AS ${id(`${column.name} after`)}`,
        ]),
      ];
      if (count === 0) return {count, columns: [], rows: [], perColumn};
      const page = sql`SELECT ${join(shown)} FROM ${joined} WHERE ${join(differs, ' OR ')} ORDER BY p.b LIMIT ${lit(pageRows)}`;
      return {count, ...(await engine.rows(page, {signal})), perColumn};
    }

    /** The value before as the column's type after; one that can't be has changed. */
    function before_(column: ColumnChange): Sql {
      const value = sql`x.${id(leftName(column))}`;
      return column.before === column.after ? value : sql`CAST(${value} AS VARCHAR)`;
    }

    function leftName(column: ColumnChange): string {
      return (
        leftColumns.find(({name: known}) => known.toLowerCase() === column.name.toLowerCase())?.name ?? column.name
      );
    }
  } finally {
    // A failure to clear up does not replace what was found, or why nothing was.
    for (const reader of readers) await lake.closeRead(reader).catch(() => undefined);
    await engine
      .execute([left, right, paired].map((each) => sql`DROP TABLE IF EXISTS ${id(each)}`))
      .catch(() => undefined);
  }
}

/** The files that another version doesn't have, and how many rows those have that it does. Where rows are deleted or uncounted, a file is its version's own. */
function parts(plan: ReadPlan, other: ReadPlan): {files: number[]; sharedRows: number} {
  const isWhole = ({deleted, rows}: ReadPlan['files'][number]): boolean => deleted === 0 && rows !== undefined;
  const paths = new Set(other.files.flatMap((file) => (isWhole(file) ? [file.path] : [])));
  const files: number[] = [];
  let sharedRows = 0;
  plan.files.forEach((file, i) => {
    if (isWhole(file) && paths.has(file.path)) sharedRows += file.rows ?? 0;
    else files.push(i);
  });
  return {files, sharedRows};
}

function keyColumns(table: string, keys: readonly string[], shared: readonly ColumnChange[]): ColumnChange[] {
  return keys.map((key) => {
    const column = shared.find(({name}) => name.toLowerCase() === key.toLowerCase());
    if (column !== undefined) return column;
    throw new ProblemError({
      code: 'COLUMN_NOT_FOUND',
      message: `The two versions of table ${table} don't both have a column ${key}.`,
      hint: `Both have ${list(shared.map(({name}) => name))}.`,
      where: {column: key},
    });
  });
}

interface Side {
  readonly table: string;
  readonly columns: readonly Column[];
}

/** A table of places `a` and `b` of the rows that belong together; the other is NULL for a row alone. Of rows with equal keys the first belongs to the first, and so on. */
function pairRows(paired: string, before: Side, after: Side, by: readonly ColumnChange[]): Sql {
  const side = ({table, columns}: Side): Sql => {
    const {from, row} = numberedRows({relation: id(table), columns});
    const names = by.map(({name}) =>
      id(columns.find((column) => column.name.toLowerCase() === name.toLowerCase())?.name ?? name),
    );
    // Columns whose type changed are compared as texts.
    const values = by.map((column, i) =>
      column.before === column.after ? (names[i] ?? sql`NULL`) : sql`CAST(${names[i] ?? sql`NULL`} AS VARCHAR)`,
    );
    const nth = sql`row_number() OVER (${values.length === 0 ? sql`` : sql`PARTITION BY ${join(values)} `}ORDER BY ${row})`;
    return sql`(SELECT ${row} AS place, ${nth} AS nth, ${join(values.map((value, i) => sql`${value} AS ${id(`k${i}`)}`))} FROM ${from})`;
  };
  const same = [sql`x.nth = y.nth`, ...by.map((_, i) => sql`x.${id(`k${i}`)} IS NOT DISTINCT FROM y.${id(`k${i}`)}`)];
  return sql`CREATE OR REPLACE TABLE ${id(paired)} AS SELECT x.place AS a, y.place AS b FROM ${side(before)} x FULL JOIN ${side(after)} y ON ${join(same, ' AND ')}`;
}
