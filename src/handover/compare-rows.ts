import type {RowsFound} from '../tables/lake-diff.ts';
import type {EnginePort} from '../ports/index.ts';
import {numberedRows, type Rows} from '../sql/rows.ts';
import {id, join, lit, sql, type Sql} from '../sql/sql.ts';
import {isNested, type Column} from '../sql/types.ts';
import type {Step} from '../steps/define.ts';
import {isClose, pairColumns, stepOf, valueOf, type Paired, type PairedColumns} from './comparable.ts';

/** One of two tables that are compared. */
export interface Side extends Rows {
  readonly columns: readonly Column[];
}

/** Columns of cluster numbers and of the distances to the centres. */
type Clusters = NonNullable<Step['clusters']>;

/** Two tables as bags of rows. */
export interface RowsCompared extends Pick<PairedColumns, 'differences' | 'reordered'> {
  readonly rows: number;
  readonly rowsThere: number;
  /** Rows that are equal only within the tolerances. */
  readonly close: number;
  readonly onlyHere: RowsFound;
  readonly onlyThere: RowsFound;
  /** Rows of both sides that belong together, with some values that differ: `X here` and `X in Spark` for each column that does in any row. */
  readonly changed: RowsFound & {readonly perColumn: Readonly<Record<string, number>>};
  /** How clusters here are numbered there, where that is otherwise. */
  readonly renumbered: readonly (readonly [here: number, there: number])[];
}

const shownRows = 100;
// What a search for the nearest rows may look at.
const mostCandidates = 2_000_000;
const mostRounds = 50;
// With more columns or rows left, none is sought that differs in just one column.
const mostSingles = 64;
const mostSingleRows = 50_000;

let comparisons = 0;

/**
 * Compares two tables as bags of rows, by columns of the same names: NULL is NULL, NaN is NaN, floating point within the tolerances, all
 * else by value. Rows that are equal in every bit go first. Of those left, rows with equal other columns and floating-point values within the
 * tolerances are equal, each with one of the other side: those in the same steps of a scale in their order, then the nearest to the nearest.
 * The rest differ; where most columns, or all but one, agree, two rows are shown as one that changed. `clusters` names a column of cluster
 * numbers, which count as equal when one numbering is the other's under other numbers.
 */
export async function compareRows(
  engine: EnginePort,
  here: Side,
  there: Side,
  {clusters, signal}: {readonly clusters?: Clusters | undefined; readonly signal?: AbortSignal | undefined} = {},
): Promise<RowsCompared> {
  const {pairs, differences, reordered} = pairColumns(here.columns, there.columns);
  const base = `same_rows_${++comparisons}`;
  const [apart, left, right, same, candidates, paired] = ['apart', 'here', 'there', 'same', 'near', 'paired'].map(
    (part) => id(`${base}_${part}`),
  ) as [Sql, Sql, Sql, Sql, Sql, Sql]; // The cast: six names give six.
  const run = (...statements: Sql[]): Promise<void> => engine.execute(statements, {signal});
  const figures = async (query: Sql): Promise<number[]> =>
    ((await engine.rows(query, {signal})).rows[0] ?? []).map(Number);
  const figure = async (query: Sql): Promise<number> => (await figures(query))[0] ?? 0;
  const cluster =
    clusters === undefined ? -1 : pairs.findIndex((pair) => isNamed(pair, clusters.column) && pair.kind === 'exact');

  const names = pairs.map((_, i) => id(`c${i}`));
  const exact = names.filter((_, i) => pairs[i]?.kind === 'exact');
  const floats = names.filter((_, i) => pairs[i]?.kind === 'float');
  const inexact = names.filter((_, i) => pairs[i]?.kind !== 'exact');
  const [numberedHere, numberedThere] = [numberedRows(here), numberedRows(there)];
  let renumbered: readonly (readonly [number, number])[] = [];
  const valuesHere = (): Sql[] =>
    pairs.map((pair, i) => {
      const value = valueOf(id(pair.here.name), pair.here.type, pair);
      if (i !== cluster || renumbered.length === 0) return value;
      return sql`CASE ${value} ${join(
        renumbered.map(([from, to]) => sql`WHEN ${lit(from)} THEN ${lit(to)}`),
        ' ',
      )} ELSE ${value} END`;
    });
  const valuesThere = pairs.map((pair) => valueOf(id(pair.there.name), pair.there.type, pair));
  // An empty list has the hash of NULL, also inside; their texts differ.
  const hashed = (value: Sql, i: number): Sql =>
    isNested(pairs[i]?.type ?? '') ? sql`${value}, CAST(${value} AS VARCHAR)` : value;
  /** Both 64-bit hashes of a row's values: together they tell rows apart. */
  const hashes = (values: readonly Sql[]): Sql =>
    sql`hash(${join(values.map(hashed))}) AS a, hash(0, ${join(values.map(hashed))}) AS b`;
  const rows = await figure(sql`SELECT count(*) FROM ${here.relation}`);
  const rowsThere = await figure(sql`SELECT count(*) FROM ${there.relation}`);
  const nothing = {count: 0, columns: [], rows: []};
  const result = {
    differences,
    reordered,
    rows,
    rowsThere,
    close: 0,
    onlyHere: nothing,
    onlyThere: nothing,
    changed: {...nothing, perColumn: {}},
    renumbered,
  };
  // Tables that share no column have no rows to compare.
  if (pairs.length === 0) return result;

  try {
    if (cluster >= 0) renumbered = await findNumbers();
    await findApart();
    if ((await figure(sql`SELECT count(*) FROM ${apart}`)) === 0) return {...result, renumbered};
    await findLeft();
    await run(sql`CREATE TABLE ${same} (l BIGINT, r BIGINT)`, sql`CREATE TABLE ${paired} (l BIGINT, r BIGINT)`);
    if (inexact.length > 0) await matchClose();
    const close = await figure(sql`SELECT count(*) FROM ${same}`);
    await run(
      sql`DELETE FROM ${left} WHERE n IN (SELECT l FROM ${same})`,
      sql`DELETE FROM ${right} WHERE n IN (SELECT r FROM ${same})`,
    );
    await pairChanged();
    return {
      ...result,
      renumbered,
      close,
      onlyHere: await alone(left, 'l', numberedHere.from, numberedHere.row, here.columns),
      onlyThere: await alone(right, 'r', numberedThere.from, numberedThere.row, there.columns),
      changed: await changedRows(),
    };
  } finally {
    await engine
      .execute([apart, left, right, same, candidates, paired].map((table) => sql`DROP TABLE IF EXISTS ${table}`))
      .catch(() => undefined);
  }

  /** Counts rows by what they hash to; what the sides have equally often is equal. */
  async function findApart(): Promise<void> {
    const [a, b] = [hashes(valuesHere()), hashes(valuesThere)];
    await run(
      sql`CREATE TABLE ${apart} AS SELECT a, b, count(*) FILTER (WHERE is_here) AS n_here, count(*) FILTER (WHERE NOT is_here) AS n_there FROM (SELECT ${a}, true AS is_here FROM ${here.relation} UNION ALL SELECT ${b}, false FROM ${there.relation}) GROUP BY a, b HAVING n_here <> n_there`,
    );
  }

  /** The rows that have no equal one, with their place `n`. */
  async function findLeft(): Promise<void> {
    const select = (from: Sql, row: Sql, values: readonly Sql[]): Sql => {
      const numbered = sql`SELECT ${row} AS n, ${join(values.map((value, i) => sql`${value} AS ${names[i] ?? id('c')}`))}, ${hashes(values)} FROM ${from}`;
      const nth = sql`SELECT v.*, row_number() OVER (PARTITION BY v.a, v.b ORDER BY v.n) AS nth, least(d.n_here, d.n_there) AS shared FROM (${numbered}) v JOIN ${apart} d ON v.a = d.a AND v.b = d.b`;
      return sql`SELECT n, ${join(names)} FROM (${nth}) WHERE nth > shared`;
    };
    await run(
      sql`CREATE TABLE ${left} AS ${select(numberedHere.from, numberedHere.row, valuesHere())}`,
      sql`CREATE TABLE ${right} AS ${select(numberedThere.from, numberedThere.row, valuesThere)}`,
    );
  }

  /** Whether the rows x and y are equal. */
  function allClose(): Sql {
    const each = pairs.map((pair, i) => isClose(sql`x.${names[i] ?? id('c')}`, sql`y.${names[i] ?? id('c')}`, pair));
    return join(each, ' AND ');
  }

  /** Rows of a side that are not in `taken` yet, each with a hash of `keys`. */
  function keyed(side: 'l' | 'r', taken: Sql, keys: readonly Sql[], more: readonly Sql[] = []): Sql {
    const [table, column] = side === 'l' ? [left, sql`l`] : [right, sql`r`];
    return sql`SELECT ${join([sql`n`, keys.length === 0 ? sql`0` : sql`hash(${join(keys)})`, ...more])} FROM ${table} WHERE n NOT IN (SELECT ${column} FROM ${taken})`;
  }

  /** Pairs rows left over on both sides that agree in `keys`: the first with the first, and so on, in the order of their floating-point values. With `isSame` only those that are equal. */
  function pairBy(into: Sql, keys: readonly Sql[], isSame: boolean): Sql {
    const columns = join([sql`n`, sql`k`, ...inexact]);
    const nth = join([...inexact, sql`n`]);
    const numbered = (own: Sql, other: Sql): Sql =>
      sql`SELECT n, k, row_number() OVER (PARTITION BY k ORDER BY ${nth}) AS nth FROM ${own} WHERE k IN (SELECT k FROM ${other})`;
    const checked = isSame ? sql` JOIN ${left} x ON p.n = x.n JOIN ${right} y ON q.n = y.n WHERE ${allClose()}` : sql``;
    return sql`INSERT INTO ${into} WITH l(${columns}) AS MATERIALIZED (${keyed('l', into, keys, inexact)}), r(${columns}) AS MATERIALIZED (${keyed('r', into, keys, inexact)}),
p AS (${numbered(sql`l`, sql`r`)}), q AS (${numbered(sql`r`, sql`l`)})
SELECT p.n, q.n FROM p JOIN q ON p.k = q.k AND p.nth = q.nth${checked}`;
  }

  async function matchClose(): Promise<void> {
    for (const shift of [0, 0.5])
      await run(pairBy(same, [...exact, ...floats.map((name) => stepOf(name, shift))], true));
    await matchNearest();
  }

  /** Rows that no scale has put together: each with the nearest one, as long as both have no nearer one. */
  async function matchNearest(): Promise<void> {
    const counts =
      floats.length === 0
        ? []
        : await figures(sql`SELECT ${join(floats.map((name) => sql`approx_count_distinct(${name})`))} FROM ${left}`);
    // The column that tells most rows apart.
    const by = floats[counts.indexOf(Math.max(...counts))];
    const step = by === undefined ? sql`0` : stepOf(by, 0);
    const near = sql`SELECT n, k, step + away AS step FROM l, ${by === undefined ? sql`(VALUES (0))` : sql`(VALUES (-1), (0), (1))`} AS s(away)`;
    const both = sql`WITH l(n, k, step) AS MATERIALIZED (${keyed('l', same, exact, [step])}), r(n, k, step) AS MATERIALIZED (${keyed('r', same, exact, [step])}), near AS (${near})`;
    const grouped = (table: Sql): Sql => sql`(SELECT k, step, count(*) AS many FROM ${table} GROUP BY k, step)`;
    const many = await figure(
      sql`${both} SELECT coalesce(sum(p.many * q.many), 0) FROM ${grouped(sql`near`)} p JOIN ${grouped(sql`r`)} q ON p.k = q.k AND p.step = q.step`,
    );
    if (many === 0 || many > mostCandidates) return;
    const scaled = (name: Sql): Sql =>
      sql`CASE WHEN isfinite(x.${name}) AND isfinite(y.${name}) THEN abs(x.${name} - y.${name}) / greatest(abs(x.${name}), abs(y.${name}), 1e-3) ELSE 0 END`;
    const distance =
      floats.length === 0
        ? sql`0`
        : join(
            floats.map((name) => sql`coalesce(${scaled(name)}, 0)`),
            ' + ',
          );
    const joined = sql`near p JOIN r q ON p.k = q.k AND p.step = q.step JOIN ${left} x ON p.n = x.n JOIN ${right} y ON q.n = y.n`;
    await run(
      sql`CREATE TABLE ${candidates} AS ${both} SELECT DISTINCT x.n AS l, y.n AS r, ${distance} AS d FROM ${joined} WHERE ${allClose()}`,
    );
    for (let round = 0, matched = -1; round < mostRounds; round++) {
      const before = matched;
      matched = await figure(sql`SELECT count(*) FROM ${same}`);
      if (matched === before) return;
      await run(
        sql`DELETE FROM ${candidates} WHERE l IN (SELECT l FROM ${same}) OR r IN (SELECT r FROM ${same})`,
        sql`INSERT INTO ${same} SELECT l, r FROM (SELECT l, r, row_number() OVER (PARTITION BY l ORDER BY d, r) AS i, row_number() OVER (PARTITION BY r ORDER BY d, l) AS j FROM ${candidates}) WHERE i = 1 AND j = 1`,
      );
    }
  }

  /** Which rows without an equal one belong together all the same: those that agree in most columns, then those that differ in one. */
  async function pairChanged(): Promise<void> {
    const sizes = await figures(sql`SELECT (SELECT count(*) FROM ${left}), (SELECT count(*) FROM ${right})`);
    const fewest = Math.min(...sizes);
    if (fewest === 0) return;
    const keys = names.map((name, i) => (pairs[i]?.kind === 'float' ? stepOf(name, 0) : name));
    const overlap = (key: Sql): Sql => {
      const counted = (table: Sql): Sql => sql`(SELECT hash(${key}) AS k, count(*) AS many FROM ${table} GROUP BY k)`;
      return sql`SELECT coalesce(sum(least(x.many, y.many)), 0) FROM ${counted(left)} x JOIN ${counted(right)} y ON x.k = y.k`;
    };
    const shared: number[] = [];
    for (const key of keys) shared.push(await figure(overlap(key)));
    const agreeing = keys.filter((_, i) => (shared[i] ?? 0) * 2 >= fewest);
    if (agreeing.length > 0 || Math.max(...sizes) === 1) await run(pairBy(paired, agreeing, false));
    if (
      keys.length < 2 ||
      keys.length > mostSingles ||
      fewest - (await figure(sql`SELECT count(*) FROM ${paired}`)) > mostSingleRows
    )
      return;
    for (const key of keys) {
      if ((await figure(sql`SELECT count(*) FROM ${paired}`)) === fewest) return;
      await run(
        pairBy(
          paired,
          keys.filter((other) => other !== key),
          false,
        ),
      );
    }
  }

  /** Rows of one side that belong to none of the other. */
  async function alone(
    table: Sql,
    own: 'l' | 'r',
    from: Sql,
    row: Sql,
    columns: readonly Column[],
  ): Promise<RowsFound> {
    const unpaired = sql`SELECT n FROM ${table} WHERE n NOT IN (SELECT ${own === 'l' ? sql`l` : sql`r`} FROM ${paired})`;
    const count = await figure(sql`SELECT count(*) FROM (${unpaired})`);
    if (count === 0) return {count, columns, rows: []};
    const shown = sql`SELECT ${join(columns.map((column) => id(column.name)))} FROM ${from} WHERE ${row} IN (${unpaired}) ORDER BY ${row} LIMIT ${lit(shownRows)}`;
    return {count, columns, rows: (await engine.rows(shown, {signal})).rows};
  }

  async function changedRows(): Promise<RowsCompared['changed']> {
    const count = await figure(sql`SELECT count(*) FROM ${paired}`);
    if (count === 0) return {...nothing, perColumn: {}};
    const joined = sql`${paired} p JOIN ${left} x ON p.l = x.n JOIN ${right} y ON p.r = y.n`;
    const each = await figures(
      sql`SELECT ${join(pairs.map((pair, i) => sql`count(*) FILTER (WHERE NOT (${isClose(sql`x.${names[i] ?? id('c')}`, sql`y.${names[i] ?? id('c')}`, pair)}))`))} FROM ${joined}`,
    );
    const perColumn = Object.fromEntries(pairs.map((pair, i) => [pair.here.name, each[i] ?? 0]));
    const [differing, agreeing] = [
      pairs.filter((_, i) => (each[i] ?? 0) > 0),
      pairs.filter((_, i) => (each[i] ?? 0) === 0),
    ];
    const context = agreeing.map(({here: {name}}) => sql`a.${id(name)} AS ${id(name)}`);
    const both = differing.flatMap((pair) => [
      sql`a.${id(pair.here.name)} AS ${id(`${pair.here.name} here`)}`,
      sql`b.${id(pair.there.name)} AS ${id(`${pair.here.name} in Spark`)}`,
    ]);
    // What differs stands behind a column to know the row by.
    const shown = [...context.slice(0, 1), ...both, ...context.slice(1)];
    const page = sql`SELECT ${join(shown)} FROM (FROM ${paired} ORDER BY l LIMIT ${lit(shownRows)}) p JOIN (SELECT ${numberedHere.row} AS n, ${join(here.columns.map((column) => id(column.name)))} FROM ${numberedHere.from}) a ON p.l = a.n JOIN (SELECT ${numberedThere.row} AS n, ${join(there.columns.map((column) => id(column.name)))} FROM ${numberedThere.from}) b ON p.r = b.n ORDER BY p.l`;
    return {count, ...(await engine.rows(page, {signal})), perColumn};
  }

  /** Which number a cluster here has there: rows that agree in all else are counted by both, and the largest counts decide. */
  async function findNumbers(): Promise<readonly (readonly [number, number])[]> {
    const isKey = (i: number): boolean =>
      i !== cluster && !isNamed(pairs[i], clusters?.distance) && pairs[i]?.kind !== 'close';
    const side = (from: Sql, values: readonly Sql[]): Sql => {
      const keys = values.flatMap((value, i) =>
        isKey(i) ? [pairs[i]?.kind === 'float' ? stepOf(value, 0) : value] : [],
      );
      return sql`(SELECT c, h, row_number() OVER (PARTITION BY h ORDER BY c) AS nth FROM (SELECT ${values[cluster] ?? sql`NULL`} AS c, ${keys.length === 0 ? sql`0` : sql`hash(${join(keys)})`} AS h FROM ${from}))`;
    };
    const counted = await engine.rows(
      sql`SELECT x.c, y.c, count(*) AS many FROM ${side(here.relation, valuesHere())} x JOIN ${side(there.relation, valuesThere)} y ON x.h = y.h AND x.nth = y.nth WHERE x.c IS NOT NULL AND y.c IS NOT NULL GROUP BY ALL ORDER BY many DESC, x.c, y.c`,
      {signal},
    );
    const to = new Map<number, number>();
    for (const [a, b] of counted.rows)
      if (!to.has(Number(a)) && ![...to.values()].includes(Number(b))) to.set(Number(a), Number(b));
    return [...to].some(([a, b]) => a !== b) ? [...to].sort(([a], [b]) => a - b) : [];
  }
}

const isNamed = (pair: Paired | undefined, name: string | undefined): boolean =>
  pair?.here.name.toLowerCase() === name?.toLowerCase();
