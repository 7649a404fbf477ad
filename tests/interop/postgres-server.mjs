import {spawnSync} from 'node:child_process';
import {chmodSync, existsSync, mkdtempSync, readdirSync, rmSync} from 'node:fs';
import {createServer} from 'node:net';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {same} from './compare.mjs';
import {difference} from './equality/rows.mjs';

/** What the tables of a database are made of. */
export const columns = `SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod) AS type, a.attnotnull FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' ORDER BY 1, a.attnum`;
export const indexes = `SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1`;

/** The folder of PostgreSQL's own programs: Debian has them beside the path. */
function programs() {
  const debian = '/usr/lib/postgresql';
  const versions = existsSync(debian) ? readdirSync(debian).sort((a, b) => Number(b) - Number(a)) : [];
  const folders = [...versions.map((version) => join(debian, version, 'bin')), ...(process.env.PATH ?? '').split(':')];
  return folders.find((folder) => existsSync(join(folder, 'initdb')) && existsSync(join(folder, 'postgres')));
}

/** PostgreSQL refuses to run as root. @type {string[]} */
const asOther = process.getuid?.() === 0 ? ['runuser', '-u', 'postgres', '--'] : [];

/** @param {string[]} command @param {Record<string, string>} [env] */
function run(command, env = {}) {
  const [program = '', ...args] = command;
  const {status, stdout, stderr, error} = spawnSync(program, args, {
    encoding: 'utf8',
    env: {...process.env, ...env},
    cwd: tmpdir(),
    maxBuffer: 1 << 28,
  });
  if (error !== undefined || status !== 0)
    throw new Error(`${command.slice(0, 6).join(' ')}: ${error?.message ?? stderr}`);
  return stdout;
}

/** Why there can be no server here; undefined when there can. */
export const whyNoServer = () =>
  programs() === undefined ? 'PostgreSQL is not installed here (Debian: postgresql).' : undefined;

/** A stock PostgreSQL server of its own on a free port of this machine, with a password; gone after `close`. */
export async function startServer() {
  const bin = programs();
  if (bin === undefined) throw new Error(whyNoServer());
  const folder = mkdtempSync(join(tmpdir(), 'lakebook-postgres-'));
  if (asOther.length > 0) {
    chmodSync(folder, 0o755);
    run(['chown', 'postgres', folder]);
  }
  const data = join(folder, 'data');
  const port = await freePort();
  const password = 'lake book';
  run([...asOther, 'bash', '-c', `printf '%s' '${password}' > '${folder}/password'`]);
  run([
    ...asOther,
    join(bin, 'initdb'),
    '-D',
    data,
    '-U',
    'postgres',
    '--auth=scram-sha-256',
    `--pwfile=${folder}/password`,
    '--locale=C.UTF-8',
    '--encoding=UTF8',
  ]);
  const options = `-p ${port} -k ${folder} -c listen_addresses=127.0.0.1 -c timezone=America/New_York`;
  run([...asOther, join(bin, 'pg_ctl'), '-D', data, '-w', '-l', join(folder, 'log'), '-o', options, 'start']);
  const env = {
    PGHOST: '127.0.0.1',
    PGPORT: String(port),
    PGUSER: 'postgres',
    PGPASSWORD: password,
    PGDATABASE: 'postgres',
    PGTZ: 'UTC',
    PGDATESTYLE: 'ISO',
  };
  return {
    /** What a client needs to know, as libpq's environment variables. */
    env,
    version: run([join(bin, 'postgres'), '--version']).trim(),
    /** Runs a file as a reader would; fails at the first error. @param {string} file @param {string} [database] */
    load: (file, database = 'postgres') =>
      run([join(bin, 'psql'), '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d', database, '-f', file], env),
    /** A query's rows, one JSON text each. @param {string} query @param {string} [database] @returns {any[]} */
    rows: (query, database = 'postgres') =>
      run([join(bin, 'psql'), '-X', '-q', '-A', '-t', '-d', database, '-c', `SELECT to_json(r) FROM (${query}) r`], env)
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line)),
    /** Runs a statement. @param {string} statement @param {string} [database] */
    execute: (statement, database = 'postgres') =>
      run([join(bin, 'psql'), '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d', database, '-c', statement], env),
    close() {
      run([...asOther, join(bin, 'pg_ctl'), '-D', data, '-m', 'immediate', 'stop']);
      rmSync(folder, {recursive: true, force: true});
    },
  };
}

/**
 * Throws unless two databases of a server have the same tables: columns, types, keys, indexes and rows.
 * @param {Awaited<ReturnType<typeof startServer>>} server @param {string} found @param {string} expected
 */
export function sameDatabases(server, found, expected) {
  const made = server.rows(columns, expected);
  same('columns in PostgreSQL', server.rows(columns, found), made);
  same('indexes in PostgreSQL', server.rows(indexes, found), server.rows(indexes, expected));
  for (const table of new Set(made.map(({relname}) => String(relname)))) {
    const own = made.filter(({relname}) => relname === table);
    const query = `SELECT * FROM public."${table.replaceAll('"', '""')}"`;
    /** @param {string} database @returns {import('./equality/rows.mjs').Table} */
    const rowsIn = (database) => ({
      columns: own.map(({attname, type}) => ({
        name: attname,
        kind: /^(double precision|real)$/.test(type)
          ? 'float'
          : /^(smallint|integer|bigint|numeric)/.test(type)
            ? 'whole'
            : 'text',
      })),
      rows: server
        .rows(query, database)
        .map((row) => own.map(({attname}) => (row[attname] === null ? null : String(row[attname])))),
    });
    const differs = difference(rowsIn(found), rowsIn(expected));
    if (differs !== undefined) throw new Error(`${table} in PostgreSQL: ${differs}`);
  }
}

/** @returns {Promise<number>} */
function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}
