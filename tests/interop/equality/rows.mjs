/**
 * A table of any engine. Values are canonical, as python/canonical.py says; `kind` tells what a column's texts stand for.
 * @typedef {'boolean' | 'whole' | 'float' | 'text' | 'binary' | 'date' | 'time' | 'nested'} Kind
 * @typedef {{columns: readonly {name: string, kind: Kind}[], rows: readonly (readonly unknown[])[]}} Table
 */

/** The kind of a DuckDB type. @param {string} type @returns {Kind} */
export function duckKind(type) {
  if (/\]$|^(STRUCT|MAP|UNION)\(/.test(type)) return 'nested';
  if (/^(FLOAT|DOUBLE)$/.test(type)) return 'float';
  if (/^(U?(TINY|SMALL|BIG|HUGE)INT|U?INTEGER|DECIMAL\()/.test(type)) return 'whole';
  if (type === 'DATE') return 'date';
  if (type.startsWith('TIMESTAMP')) return 'time';
  return type === 'BOOLEAN' ? 'boolean' : type === 'BLOB' ? 'binary' : 'text';
}

/** The kind of a Spark type by its simple name. @param {string} type @returns {Kind} */
export function sparkKind(type) {
  if (/^(array|map|struct)</.test(type)) return 'nested';
  if (/^(float|double)$/.test(type)) return 'float';
  if (/^(tinyint|smallint|int|bigint|decimal\()/.test(type)) return 'whole';
  if (type === 'date') return 'date';
  if (type.startsWith('timestamp')) return 'time';
  return type === 'boolean' || type === 'binary' ? type : 'text';
}

const relative = 1e-9;
const absolute = 1e-12;

/** @param {unknown} a @param {unknown} b */
function closeEnough(a, b) {
  if (a === null || b === null) return a === b;
  const [x, y] = [Number(a), Number(b)];
  if (Number.isNaN(x) || Number.isNaN(y)) return Number.isNaN(x) && Number.isNaN(y);
  return x === y || Math.abs(x - y) <= Math.max(absolute, relative * Math.max(Math.abs(x), Math.abs(y)));
}

/** A whole number or a decimal without what says nothing: its scale. @param {unknown} value */
const decimal = (value) =>
  typeof value !== 'string'
    ? value
    : value
        .replace(/(\.\d*?)0+$/, '$1')
        .replace(/\.$/, '')
        .replace(/^-0$/, '0');

/** The keys of structs and maps have no order. @param {unknown} value @returns {unknown} */
function inOrder(value) {
  if (Array.isArray(value)) return value.map(inOrder);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, inOrder(inner)]),
  );
}

/**
 * How two tables differ, or undefined when they are equal: the same columns in the same order, and the same rows in any. NULL equals
 * NULL and NaN equals NaN; whole numbers, decimals, texts and times are equal by value; numbers of which one is floating are within a
 * relative 1e-9 or an absolute 1e-12.
 * @param {Table} found @param {Table} expected
 */
export function difference(found, expected) {
  const names = (/** @type {Table} */ {columns}) => columns.map(({name}) => name).join(', ');
  if (names(found) !== names(expected)) return `its columns are ${names(found)}, expected ${names(expected)}`;
  const isNumber = (/** @type {Kind | undefined} */ kind) => kind === 'whole' || kind === 'float';
  const floats = expected.columns.map(
    ({kind}, i) =>
      isNumber(kind) && isNumber(found.columns[i]?.kind) && (kind === 'float' || found.columns[i]?.kind === 'float'),
  );
  for (const [i, {name, kind}] of expected.columns.entries()) {
    const its = found.columns[i]?.kind;
    if (its !== kind && !floats[i]) return `${name} is ${its}, expected ${kind}`;
  }
  if (found.rows.length !== expected.rows.length)
    return `it has ${found.rows.length} rows, expected ${expected.rows.length}${firstOnly(found, expected, floats)}`;
  /** Rows by their exact values. @param {Table} table */
  const bags = (table) => {
    /** @type {Map<string, unknown[][]>} */
    const bag = new Map();
    for (const row of table.rows) {
      const key = keyOf(row, expected, floats);
      const inexact = row.filter((_, i) => floats[i]);
      const same = bag.get(key);
      if (same) same.push(inexact);
      else bag.set(key, [inexact]);
    }
    return bag;
  };
  const [left, right] = [bags(found), bags(expected)];
  for (const [key, wanted] of right) {
    const have = left.get(key) ?? [];
    if (have.length !== wanted.length || !sameFloats(have, wanted)) {
      const show = (/** @type {Table} */ table) =>
        table.rows
          .filter((row) => keyOf(row, expected, floats) === key)
          .slice(0, 3)
          .map((row) => JSON.stringify(row))
          .join(' ');
      return `found ${show(found) || `no row like this${nearest(found, expected)}`}, expected ${show(expected)}`;
    }
  }
  return undefined;
}

/** @param {Table} found @param {Table} expected */
const nearest = (found, expected) =>
  ` (first rows ${JSON.stringify(found.rows.slice(0, 2))}, expected ${JSON.stringify(expected.rows.slice(0, 2))})`;

/** @param {readonly unknown[]} row @param {Table} table @param {readonly boolean[]} floats */
const keyOf = (row, table, floats) =>
  JSON.stringify(
    row.map((value, i) =>
      floats[i]
        ? null
        : table.columns[i]?.kind === 'whole'
          ? decimal(value)
          : table.columns[i]?.kind === 'nested'
            ? inOrder(value)
            : value,
    ),
  );

/** A row that only one side has, where the numbers of rows differ. @param {Table} found @param {Table} expected @param {readonly boolean[]} floats */
function firstOnly(found, expected, floats) {
  const keys = (/** @type {Table} */ table) => new Set(table.rows.map((row) => keyOf(row, expected, floats)));
  const [left, right] = [keys(found), keys(expected)];
  const more = found.rows.find((row) => !right.has(keyOf(row, expected, floats)));
  const fewer = expected.rows.find((row) => !left.has(keyOf(row, expected, floats)));
  return `${more ? `; it has ${JSON.stringify(more)}` : ''}${fewer ? `; it has not ${JSON.stringify(fewer)}` : ''}`;
}

/** Whether each list of numbers has a partner of its own. @param {unknown[][]} left @param {unknown[][]} right */
function sameFloats(left, right) {
  const order = (/** @type {unknown[]} */ a, /** @type {unknown[]} */ b) => {
    for (const [i, x] of a.entries()) {
      const y = b[i];
      if (closeEnough(x, y)) continue;
      if (x === null || y === null) return x === null ? -1 : 1;
      const [m, n] = [Number(x), Number(y)];
      return Number.isNaN(m) ? 1 : Number.isNaN(n) ? -1 : m - n;
    }
    return 0;
  };
  const [a, b] = [[...left].sort(order), [...right].sort(order)];
  const alike = (/** @type {unknown[]} */ x, /** @type {unknown[]} */ y) =>
    x.every((value, i) => closeEnough(value, y[i]));
  if (a.every((row, i) => alike(row, b[i] ?? []))) return true;
  // Numbers that are nearly equal may be sorted the other way round.
  if (a.length > 2000) return false;
  const free = [...b];
  return a.every((row) => {
    const at = free.findIndex((other) => alike(row, other));
    if (at === -1) return false;
    free.splice(at, 1);
    return true;
  });
}

/**
 * Clusters under the numbers in which their first rows come, rows being sorted by what is exact in them: two engines number clusters as they like.
 * @param {Table} table @param {string} column
 * @returns {Table}
 */
export function renumbered(table, column) {
  const at = table.columns.findIndex(({name}) => name === column);
  if (at === -1) return table;
  const exact = (/** @type {readonly unknown[]} */ row) =>
    JSON.stringify(row.filter((_, i) => i !== at && table.columns[i]?.name !== 'distance'));
  const sorted = [...table.rows].sort((a, b) => (exact(a) < exact(b) ? -1 : 1));
  /** @type {Map<unknown, string>} */
  const numbers = new Map();
  for (const row of sorted) if (row[at] !== null && !numbers.has(row[at])) numbers.set(row[at], String(numbers.size));
  return {
    columns: table.columns,
    rows: table.rows.map((row) => row.map((value, i) => (i === at && value !== null ? numbers.get(value) : value))),
  };
}
