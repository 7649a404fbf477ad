import {DuckDBDataProtocol, type AsyncDuckDB} from '@duckdb/duckdb-wasm';
import {tableFromIPC} from 'apache-arrow';
import {cancelled, fail, ok} from '../../src/lib/problem.ts';
import type {
  Column,
  ColumnSet,
  EngineContract,
  EngineMemory,
  EngineUrls,
  KernelColumn,
  QueryResult,
  TableDescription,
} from '../contract/engine.ts';
import type {Outcome} from '../contract/outcome.ts';
import {addColumns, builderOf} from './columns.ts';
import {EngineError, explain} from './errors.ts';
import {exactQuery, quoted} from './exact.ts';
import {columnsIpc, ipcStream} from './ipc.ts';
import type {OpenDuckDB} from './sealed-duckdb.ts';

// What may be asked of DuckDB over the network or found stale is off; after the last line no SQL can turn it on again.
const settings = [
  'SET autoinstall_known_extensions = false',
  'SET autoload_known_extensions = false',
  'SET allow_community_extensions = false',
  // As in Spark, division by zero gives NULL: infinities and NaN come from data only.
  'SET ieee_floating_point_ops = false',
  // A file registered anew under a name has no later date than the old one, so a cache would give the old bytes.
  'SET enable_external_file_cache = false',
  'SET lock_configuration = true',
];

// How long DuckDB works between two looks for a cancel, in milliseconds.
const pollingInterval = 50;
const chunkBytes = 4 * 1024 * 1024;
// DuckDB's own row group: one insert fills one.
const insertRows = 122_880;

interface ColumnRow extends Column {
  /** Of the whole table, beside each of its columns. */
  readonly rows: number;
}

interface Job {
  cancelled: boolean;
  running: boolean;
  /** Resolves when the job has been answered. */
  readonly done: Promise<unknown>;
  readonly answer: (outcome: Outcome<never>) => void;
}

interface Started extends OpenDuckDB {
  /** Everything runs here, one job at a time. */
  readonly connection: number;
  /** `memory` alone asks here, so that it answers while a job runs. */
  readonly monitor: number;
  readonly memoryLimit: number;
}

/** The engine's contract over DuckDB, wherever that runs: jobs queue up, and each can be cancelled. */
export class Engine implements EngineContract {
  #started: Started | undefined;
  #tail: Promise<unknown> = Promise.resolve();
  readonly #jobs = new Map<number, Job>();
  /** Jobs that no caller can name have negative numbers. */
  #unnamed = 0;

  constructor(private readonly boot: (urls: EngineUrls) => Promise<OpenDuckDB>) {}

  async start(urls: EngineUrls): Promise<{version: string; memoryLimit: number}> {
    const opened = await this.boot(urls);
    this.#started = await opened.life.during(setUp(opened));
    return {version: await this.#started.db.getVersion(), memoryLimit: this.#started.memoryLimit};
  }

  execute(job: number, statements: readonly string[]): Promise<Outcome<null>> {
    return this.#enqueue(job, async (ticket) => {
      for (const statement of statements) await drain(this.#results(ticket, statement, false));
      return null;
    });
  }

  query(job: number, sql: string): Promise<Outcome<QueryResult>> {
    return this.#enqueue(job, async (ticket) => {
      const columns = await this.#columns(ticket, sql);
      const messages: Uint8Array[] = [];
      for await (const message of this.#results(
        ticket,
        columns === undefined ? sql : exactQuery(sql, columns),
        true,
        sql,
      ))
        messages.push(message);
      const [schema, ...batches] = messages;
      if (schema === undefined) throw new Error('DuckDB gave rows without a schema.');
      const ipc = ipcStream(schema, batches);
      return {
        columns: columns ?? tableFromIPC(schema).schema.fields.map(({name}) => ({name: String(name), type: 'VARCHAR'})),
        ipc,
      };
    });
  }

  stream(job: number, sql: string, onChunk: (chunk: Uint8Array) => Promise<void>): Promise<Outcome<null>> {
    return this.#enqueue(job, async (ticket) => {
      const exact = exactQuery(sql, await this.#describe(ticket, sql));
      for await (const chunk of this.#chunks(ticket, exact, sql)) await onChunk(chunk);
      return null;
    });
  }

  columns(job: number, sql: string): Promise<Outcome<ColumnSet>> {
    return this.#enqueue(job, async (ticket) => {
      const described = await this.#describe(ticket, sql);
      const builders = described.map(builderOf);
      // Names of our own, because a query may give two columns the same one.
      const selected = builders.map((builder, i) => builder.select(`c${i}`)).join(', ');
      const named = described.map((_, i) => `c${i}`).join(', ');
      for await (const chunk of this.#chunks(ticket, `SELECT ${selected} FROM (${sql}\n) AS t(${named})`, sql))
        addColumns(chunk, builders);
      const columns = builders.map((builder) => builder.finish());
      return {rows: columns[0]?.values.length ?? 0, columns};
    });
  }

  describe(job: number, sql: string): Promise<Outcome<readonly Column[]>> {
    return this.#enqueue(job, (ticket) => this.#describe(ticket, sql));
  }

  describeTable(job: number, table: string): Promise<Outcome<TableDescription>> {
    return this.#enqueue(job, async (ticket) => {
      const described: ColumnRow[] = [];
      // One statement for both: each costs a few messages to DuckDB's worker and back.
      for await (const chunk of this.#chunks(ticket, describeTableSql(table)))
        described.push(...(tableFromIPC(chunk).toArray() as readonly ColumnRow[]));
      return {columns: described.map(({name, type}) => ({name, type})), rows: described[0]?.rows ?? 0};
    });
  }

  insert(job: number, table: string, ipc: Uint8Array, create: boolean): Promise<Outcome<null>> {
    return this.#enqueue(job, async () => {
      await this.#insert(table, ipc, create);
      return null;
    });
  }

  insertColumns(job: number, table: string, columns: readonly KernelColumn[], create: boolean): Promise<Outcome<null>> {
    return this.#enqueue(job, async (ticket) => {
      const rows = columns[0]?.values.length ?? 0;
      const odd = columns.find(({values}) => values.length !== rows);
      if (odd !== undefined)
        throw new Error(`Column ${odd.name} has ${odd.values.length} values, the first has ${rows}.`);
      const run = (statement: string): Promise<void> =>
        drain(this.#results({...ticket, cancelled: false}, statement, false));
      await run('BEGIN');
      try {
        for (let start = 0; start === 0 || start < rows; start += insertRows) {
          if (ticket.cancelled) throw new EngineError(cancelled);
          await this.#insert(
            table,
            columnsIpc(columns, start, Math.min(rows, start + insertRows)),
            create && start === 0,
          );
        }
        await run('COMMIT');
      } catch (error) {
        await run('ROLLBACK');
        throw error;
      }
      return null;
    });
  }

  registerFile(name: string, file: File): Promise<Outcome<null>> {
    return this.#enqueue(--this.#unnamed, async () => {
      const {db} = this.#open();
      await this.#reply(db.dropFile(name));
      await this.#reply(db.registerFileHandle(name, file, DuckDBDataProtocol.BROWSER_FILEREADER, true));
      return null;
    });
  }

  dropFile(name: string): Promise<Outcome<null>> {
    return this.#enqueue(--this.#unnamed, async () => {
      await this.#reply(this.#open().db.dropFile(name));
      return null;
    });
  }

  async cancel(job: number): Promise<void> {
    const ticket = this.#jobs.get(job);
    if (ticket === undefined) return;
    ticket.cancelled = true;
    if (!ticket.running) return ticket.answer(fail(cancelled));
    const {db, connection} = this.#open();
    await this.#reply(db.cancelPendingQuery(connection));
    await ticket.done;
  }

  async memory(): Promise<EngineMemory> {
    const {db, monitor, memoryLimit} = this.#open();
    const used = await this.#reply(figure(db, monitor, 'SELECT sum(memory_usage_bytes)::DOUBLE FROM duckdb_memory()'));
    return {used: Number(used), limit: memoryLimit};
  }

  /** Runs `work` when everything before it is done; its failure is the outcome's, the queue goes on. */
  #enqueue<T>(number: number, work: (job: Job) => Promise<T>): Promise<Outcome<T>> {
    return new Promise((resolve) => {
      let finish = (): void => undefined;
      const done = new Promise<void>((resolveDone) => (finish = resolveDone));
      const answer = (outcome: Outcome<T>): void => {
        this.#jobs.delete(number);
        resolve(outcome);
        finish();
      };
      const job: Job = {cancelled: false, running: false, done, answer};
      this.#jobs.set(number, job);
      this.#tail = this.#tail.then(async () => {
        if (job.cancelled) return;
        job.running = true;
        try {
          answer(ok(await work(job)));
        } catch (error) {
          const problem = explain(error);
          answer(fail(job.cancelled && problem.fatal !== true ? cancelled : problem));
        }
      });
    });
  }

  #open(): Started {
    if (this.#started === undefined) throw new Error('The engine has not been started.');
    return this.#started;
  }

  /** An answer of DuckDB's worker, or its breakdown. */
  #reply<T>(answer: Promise<T>): Promise<T> {
    return this.#open().life.during(answer);
  }

  /** The Arrow IPC messages of one statement: the schema, then record batches. Between any two of them a cancel is obeyed. */
  async *#results(job: Job, sql: string, streaming: boolean, shown = sql): AsyncGenerator<Uint8Array> {
    const {db, connection} = this.#open();
    const check = (): void => {
      if (job.cancelled) throw new EngineError(cancelled);
    };
    try {
      check();
      // DuckDB would run one statement after the other; it prepares no more than one.
      if (sql.includes(';'))
        await this.#reply(db.closePrepared(connection, await this.#reply(db.createPrepared(connection, sql))));
      let schema = await this.#reply(db.startPendingQuery(connection, sql, streaming));
      // A cancelled query has to be polled once more: that is when DuckDB gives up its work.
      while (schema === null) schema = await this.#reply(db.pollPendingQuery(connection));
      check();
      yield schema;
      for (;;) {
        const message = await this.#reply(db.fetchQueryResults(connection));
        check();
        // Null says that DuckDB needs longer than one interval for the next batch.
        if (message === null) continue;
        if (message.length === 0) return;
        yield message;
      }
    } catch (error) {
      throw error instanceof EngineError ? error : new EngineError(explain(error, shown), {cause: error});
    }
  }

  /** The rows of a query as complete IPC streams of about `chunkBytes`; at least one, so that the schema always arrives. */
  async *#chunks(job: Job, sql: string, shown = sql): AsyncGenerator<Uint8Array> {
    let schema: Uint8Array | undefined;
    let batches: Uint8Array[] = [];
    let bytes = 0;
    let chunks = 0;
    for await (const message of this.#results(job, sql, true, shown)) {
      if (schema === undefined) {
        schema = message;
        continue;
      }
      batches.push(message);
      bytes += message.length;
      if (bytes < chunkBytes) continue;
      yield ipcStream(schema, batches);
      [batches, bytes] = [[], 0];
      chunks++;
    }
    if (schema !== undefined && (batches.length > 0 || chunks === 0)) yield ipcStream(schema, batches);
  }

  async #describe(job: Job, sql: string): Promise<readonly Column[]> {
    const columns: Column[] = [];
    for await (const chunk of this.#chunks(
      job,
      `SELECT column_name AS name, column_type AS type FROM (DESCRIBE (${sql}\n))`,
      sql,
    )) {
      for (const row of tableFromIPC(chunk).toArray() as readonly Column[])
        columns.push({name: row.name, type: row.type});
    }
    return columns;
  }

  /** A query's columns; undefined for EXPLAIN and others that can't be described. What else is wrong, the query says itself. */
  async #columns(job: Job, sql: string): Promise<readonly Column[] | undefined> {
    try {
      return await this.#describe(job, sql);
    } catch (error) {
      if (error instanceof EngineError && error.problem.code === 'SYNTAX_ERROR') return undefined;
      throw error;
    }
  }

  async #insert(table: string, ipc: Uint8Array, create: boolean): Promise<void> {
    const {db, connection} = this.#open();
    try {
      await this.#reply(db.insertArrowFromIPCStream(connection, ipc, {name: table, create}));
    } catch (error) {
      throw new EngineError(explain(error), {cause: error});
    }
  }
}

async function setUp({db, life}: OpenDuckDB): Promise<Started> {
  await db.open({path: ':memory:', query: {queryPollingInterval: pollingInterval}});
  const connection = await db.connectInternal();
  const monitor = await db.connectInternal();
  for (const setting of settings) await db.runQuery(connection, setting);
  return {
    db,
    life,
    connection,
    monitor,
    memoryLimit: bytesOf(String(await figure(db, monitor, `SELECT current_setting('memory_limit')`))),
  };
}

/** The one value of a quick query. */
async function figure(db: AsyncDuckDB, connection: number, sql: string): Promise<unknown> {
  return tableFromIPC(await db.runQuery(connection, sql))
    .getChildAt(0)
    ?.get(0);
}

/** `3.1 GiB` as bytes; DuckDB gives its limit only as such a text. */
function bytesOf(text: string): number {
  const [, figures = '0', unit = ''] = /^([\d.]+) ?(\w*)$/.exec(text) ?? [];
  return Math.round(Number(figures) * 1024 ** Math.max(0, ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'].indexOf(unit)));
}

// Not duckdb_columns(): that looks through all the tables there are.
const describeTableSql = (table: string): string =>
  `SELECT column_name AS name, column_type AS type, (SELECT count(*) FROM ${quoted(table)})::DOUBLE AS rows FROM (DESCRIBE ${quoted(table)})`;

async function drain(results: AsyncGenerator<Uint8Array>): Promise<void> {
  for await (const _ of results);
}
