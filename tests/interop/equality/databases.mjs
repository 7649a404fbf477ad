import {writeFileSync} from 'node:fs';
import {join} from 'node:path';
import sqlite3InitModule from '@sqlite.org/sqlite-wasm';
import {literal, openDuckDB} from './native.mjs';
import {folderOf, markdownOf, sqlCell, stepCell} from './notebooks.mjs';

/** Every type that a column can declare, with the values that drivers round, shift or make zeros of; `misfits` has rows for NAME_rejects. */
const sqlite = [
  `CREATE TABLE readings (id INTEGER PRIMARY KEY, sensor TEXT, value REAL, price DECIMAL(10,2), active BOOLEAN, day DATE, at TIMESTAMP, raw BLOB, "a ""b.c" VARCHAR(20), "select" BIGINT, took TIME)`,
  `INSERT INTO readings VALUES
  (1, 's-1', 0.1, 12.3, 1, '2024-02-29', '2024-02-29 12:34:56.789012', x'00ff', 'größe 😀 "q" ''s'' \\', 9223372036854775807, '12:30:00'),
  (2, '', -0.0, 7, 0, '1969-12-31', '1969-12-31T23:59:59.999999', x'', 'tab' || char(9) || 'line' || char(10), -9223372036854775807 - 1, 7),
  (3, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
  (4, 7, 9e999, -0.01, 1, '0001-01-01', '2024-03-31 01:30:00+02:00', NULL, ' x ', 0, 0.1),
  (5, 1.5, -9e999, 9007199254740992, 0, '9999-12-31', '2024-03-31 01:30', NULL, NULL, 1, NULL),
  (6, 'é', 5e-324, 1e300, NULL, '1582-10-10', '2024-10-27 02:30:00Z', NULL, '%', 2, NULL),
  (7, 'b', 1, 1, NULL, NULL, '2024-10-27', NULL, NULL, 3, NULL),
  (8, 'c', 1, 1, NULL, NULL, ' 2024-10-27 01:00:00.5 -0330 ', NULL, NULL, 4, NULL),
  (9, 'd', 1, 1, NULL, NULL, '1582-10-10 00:00:00.123456000', NULL, NULL, 5, NULL),
  (10, 'n' || char(0) || 'ul', 1, 1, NULL, NULL, NULL, NULL, NULL, 6, NULL)`,
  `CREATE TABLE misfits (n INTEGER, d DECIMAL(20), b BOOLEAN, day DATE, at DATETIME, raw BLOB, t TEXT)`,
  `INSERT INTO misfits VALUES
  (1, 1, 1, '2024-02-29', '2024-02-29 00:00:00', x'01', 'fits'),
  ('two', 1, 1, '2024-02-29', '2024-02-29 00:00:00', x'01', 'n'),
  (1.5, 1, 1, '2024-02-29', '2024-02-29 00:00:00', x'01', 'n'),
  (1, 9007199254740993, 1, '2024-02-29', '2024-02-29 00:00:00', x'01', 'd'),
  (1, 9223372036854775807, 1, '2024-02-29', '2024-02-29 00:00:00', x'01', 'd'),
  (1, 'many', 1, '2024-02-29', '2024-02-29 00:00:00', x'01', 'd'),
  (1, 1, 2, '2024-02-29', '2024-02-29 00:00:00', x'01', 'b'),
  (1, 1, 'yes', '2024-02-29', '2024-02-29 00:00:00', x'01', 'b'),
  (1, 1, 1, '2023-02-29', '2024-02-29 00:00:00', x'01', 'day'),
  (1, 1, 1, 19782, '2024-02-29 00:00:00', x'01', 'day'),
  (1, 1, 1, '2024-02-29 00:00', '2024-02-29 00:00:00', x'01', 'day'),
  (1, 1, 1, '2024-02-29', '2023-02-29 00:00:00', x'01', 'at'),
  (1, 1, 1, '2024-02-29', '2024-02-29 24:00:00', x'01', 'at'),
  (1, 1, 1, '2024-02-29', '2024-02-29 00:60', x'01', 'at'),
  (1, 1, 1, '2024-02-29', '2024-02-29 00:00:00.1234567', x'01', 'at'),
  (1, 1, 1, '2024-02-29', '2024-02-29 noon', x'01', 'at'),
  (1, 1, 1, '2024-02-29', '2024-02-29 12:00+15:00', x'01', 'at'),
  (1, 1, 1, '2024-02-29', 'now', x'01', 'at'),
  (1, 1, 1, '2024-02-29', 2460369.5, x'01', 'at'),
  (1, 1, 1, '2024-02-29', '', x'01', 'at'),
  (1, 1, 1, '2024-02-29', '2024-02-29 00:00:00', 'text', 'raw'),
  (1, 1, 1, '2024-02-29', '2024-02-29 00:00:00', x'01', x'02'),
  (NULL, NULL, NULL, NULL, NULL, NULL, NULL)`,
  'CREATE TABLE "odd ""table" ("Größe" INT, "back`tick" TEXT)',
  `INSERT INTO "odd ""table" VALUES (1, '1'), (2, NULL)`,
  'CREATE TABLE "empty" (id INTEGER, at TIMESTAMP)',
  'CREATE TABLE untyped (a, b, c)',
  `INSERT INTO untyped VALUES (1, 0.5, 'x'), (2, 7, 3), (NULL, NULL, NULL)`,
  'CREATE VIEW warm AS SELECT id, sensor, value * 2 AS doubled FROM readings WHERE value >= 0',
];

const duckdb = [
  "CREATE TYPE state AS ENUM ('normal', 'größer')",
  `CREATE TABLE readings (id INTEGER, tiny TINYINT, big BIGINT, huge HUGEINT, value DOUBLE, small FLOAT, price DECIMAL(18,3), active BOOLEAN, day DATE, "at" TIMESTAMP, seen TIMESTAMPTZ, sensor VARCHAR, "a ""b.c" VARCHAR,
    state state, code UUID, raw BLOB, tags VARCHAR[], found STRUCT(min BIGINT, "max of" DOUBLE))`,
  `INSERT INTO readings VALUES
  (1, 127, 9223372036854775807, 99999999999999999999999999999999999999, 0.1, 0.1, 12.345, true, '2024-02-29', '2024-02-29 12:34:56.789012', '2024-02-29 12:34:56.789012+02', 'größe 😀 "q" ''s'' \\', 'x', 'größer', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '\\x00\\xFF'::BLOB, ['a', NULL, 'q"u\\e'], {'min': 1, 'max of': 0.5}),
  (2, -128, -9223372036854775808, -1, -0.0, -2.5, -0.001, false, '1969-12-31', '1969-12-31 23:59:59.999999', '1969-12-31 23:59:59.999999+00', '', 'tab\tline
', 'normal', NULL, ''::BLOB, [], {'min': NULL, 'max of': NULL}),
  (3, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
  (4, 0, 0, 0, 'NaN', 'Infinity', 999999999999999.999, true, '9999-12-31', '9999-12-31 23:59:59', '2024-03-31 01:30:00+00', ' s ', NULL, NULL, NULL, NULL, NULL, NULL),
  (5, 1, 9007199254740993, 5, '-Infinity', 3.4028235e38, 0, false, '0001-02-01', '1582-10-10 00:00:00', '2024-10-27 00:30:00+00', '%', NULL, NULL, NULL, NULL, NULL, NULL)`,
  'CREATE TABLE "odd ""table" AS SELECT 1 AS "select", \'2\' AS "back`tick"',
  'CREATE TABLE "empty" (id INTEGER, "at" TIMESTAMP)',
  'CREATE SCHEMA plant',
  "CREATE TABLE plant.sensors AS SELECT i AS id, 's-' || i AS name FROM range(3000) t(i)",
  'CREATE VIEW hot AS SELECT id, price FROM readings WHERE price >= 0',
];

/** Views that name their database, and names with dots. */
const named = [
  'CREATE TABLE readings AS SELECT i AS id, i / 4 AS value FROM range(20) t(i)',
  'CREATE VIEW hot AS SELECT * FROM site.main.readings WHERE value > 4',
  'CREATE VIEW cold AS SELECT * FROM site.readings WHERE value < 1',
  'CREATE SCHEMA sales',
  'CREATE TABLE sales.orders AS SELECT 1 AS n',
  'CREATE TABLE "sales.orders" AS SELECT 2 AS n',
];

/** As pg_dump writes it. */
const dump = `--
-- PostgreSQL database dump
--

SET statement_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);

CREATE TYPE public.state AS ENUM ('normal', 'größer');
CREATE SCHEMA archive;
CREATE TABLE public.readings (
    id integer NOT NULL,
    small smallint,
    big bigint,
    value double precision,
    single real,
    price numeric(18,3),
    exact numeric,
    active boolean,
    day date,
    at timestamp without time zone,
    seen timestamp with time zone,
    sensor text,
    short character varying(20),
    "a ""b.c" text,
    state public.state,
    code uuid,
    raw bytea,
    tags text[]
);
CREATE TABLE archive."Old; readings" ("Select" bigint);
CREATE FUNCTION archive.oldest(above bigint) RETURNS bigint
    LANGUAGE sql
    BEGIN ATOMIC
 SELECT min(CASE WHEN ("Old; readings"."Select" > oldest.above) THEN "Old; readings"."Select" ELSE NULL::bigint END) AS min
    FROM archive."Old; readings";
END;
CREATE TABLE public.empty (id integer, at timestamp without time zone);
CREATE VIEW public.high AS SELECT id, price FROM public.readings WHERE (price > 0.0);

COPY public.readings (id, small, big, value, single, price, exact, active, day, at, seen, sensor, short, "a ""b.c", state, code, raw, tags) FROM stdin;
1\t32767\t9223372036854775807\t0.1\t0.1\t12.345\t1.25\tt\t2024-02-29\t2024-02-29 12:34:56.789012\t2024-02-29 12:34:56.789012+02\tgröße 😀 "q" 's' \\\\\tx\ty\tgrößer\ta0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11\t\\\\x00ff\t{a,"b c",NULL,"q\\\\"u"}
2\t-32768\t-9223372036854775808\t-0\t-2.5\t-0.001\t-3\tf\t1969-12-31\t1969-12-31 23:59:59.999999\t1969-12-31 23:59:59.999999+00\t\t\ttab\\there\\nline\tnormal\t\\N\t\\\\x\t{}
3\t\\N\t\\N\t\\N\t\\N\t\\N\t\\N\t\\N\t\\N\t\\N\t\\N\t\\N\t\\N\t\\N\t\\N\t\\N\t\\N\t\\N
4\t0\t9007199254740993\tNaN\tInfinity\t999999999999999.999\t100000\tt\t9999-12-31\t2024-03-31 02:30:00\t2024-03-31 01:30:00+00\t s \t%\t\\N\t\\N\t\\N\t\\N\t\\N
5\t1\t0\t-Infinity\t3.4028235e+38\t0.000\t0.00001\tf\t0001-02-01\t2024-11-03 01:30:00\t2024-10-27 00:30:00+00\t\\N\t\\N\t\\N\t\\N\t\\N\t\\N\t\\N
\\.

COPY archive."Old; readings" ("Select") FROM stdin;
9007199254740993
\\.

--
-- PostgreSQL database dump complete
--
`;

/** @param {string} file @param {Readonly<Record<string, Record<string, unknown>>>} loads what a load says beside its file, by the cell's name */
const cellsOf = (file, loads) => Object.entries(loads).map(([name, more]) => stepCell(name, 'load', {file, ...more}));

/** Tables of database files. Only a DuckDB with an extension reads those of SQLite's, and none reads a dump. @returns {Promise<import('./notebooks.mjs').Notebook[]>} */
export async function databaseNotebooks() {
  const {oo1, capi} = await sqlite3InitModule();
  const ofSqlite = await folderOf(async (path) => {
    const db = new oo1.DB();
    for (const statement of sqlite) db.exec(statement);
    writeFileSync(join(path, 'plant.sqlite'), capi.sqlite3_js_db_export(db));
    db.close();
  });
  /** @param {string} file @param {string} name what it is called while it is written @param {readonly string[]} statements */
  const writtenBy = (file, name, statements) =>
    folderOf(async (path) => {
      const connection = await openDuckDB();
      for (const statement of [
        `ATTACH ${literal(join(path, file))} AS ${name}`,
        `USE ${name}`,
        ...statements,
        'USE memory',
        `DETACH ${name}`,
      ])
        await connection.run(statement);
      connection.closeSync();
    });
  const ofDuckDb = await writtenBy('plant.duckdb', 'written', duckdb);
  const ofNamed = await writtenBy('site.duckdb', 'site', named);
  const ofPostgres = await folderOf((path) => Promise.resolve(writeFileSync(join(path, 'plant.sql'), dump)));
  const others = {odd: {table: 'odd "table'}, nothing: {table: 'empty'}};
  return [
    {
      name: 'load from an SQLite file',
      markdown: markdownOf('SQLite', [
        ...cellsOf('plant.sqlite', {
          readings: {table: 'readings'},
          misfits: {table: 'misfits'},
          untyped: {table: 'untyped'},
          warm: {table: 'warm', filename: true},
          ...others,
          cast: {table: 'readings', schema: {sensor: 'string', day: 'string', value: 'decimal(10,2)'}},
        }),
        sqlCell('counted', 'SELECT count(*) AS n, sum(value) AS total FROM readings WHERE id < 4'),
      ]),
      folder: ofSqlite,
      isMadeUp: true,
      isSparkAlone: true,
    },
    {
      name: 'load from a DuckDB file',
      markdown: markdownOf(
        'DuckDB',
        cellsOf('plant.duckdb', {
          readings: {table: 'readings'},
          sensors: {table: 'plant.sensors'},
          hot: {table: 'hot', filename: true},
          ...others,
          cast: {table: 'readings', schema: {sensor: 'double', big: 'string', huge: 'decimal(38,0)'}},
        }),
      ),
      folder: ofDuckDb,
      isMadeUp: true,
    },
    {
      name: 'load from a DuckDB file whose views name it',
      markdown: markdownOf(
        'Site',
        cellsOf('site.duckdb', {
          hot: {table: 'hot'},
          cold: {table: 'cold'},
          orders: {table: 'sales.orders'},
          dotted: {table: '"sales.orders"'},
        }),
      ),
      folder: ofNamed,
      isMadeUp: true,
    },
    {
      name: 'load from a dump of PostgreSQL',
      markdown: markdownOf(
        'PostgreSQL',
        cellsOf('plant.sql', {
          readings: {table: 'readings'},
          high: {table: 'high'},
          nothing: {table: 'empty'},
          cast: {table: 'readings', schema: {id: 'string', price: 'double', SMALL: 'decimal(10,2)'}},
          old: {table: 'archive.Old; readings', filename: true},
        }),
      ),
      folder: ofPostgres,
      dump: join(ofPostgres, 'plant.sql'),
      isMadeUp: true,
      isSparkAlone: true,
    },
  ];
}
