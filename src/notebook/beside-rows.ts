import type {EnginePort, KernelColumn} from '../ports/index.ts';
import {numberedRows} from '../sql/rows.ts';
import {id, lit, sql} from '../sql/sql.ts';
import type {Input} from '../steps/define.ts';

/**
 * Makes a table of an input's rows with a kernel's columns beside them, part by part: only one part is ever there twice. A part's columns
 * are named by the kernel; its rows follow those of the part before.
 */
export class BesideRows {
  #next = 0;
  readonly #part: string;

  /** `rows` is how many rows the input has. */
  constructor(
    private readonly engine: EnginePort,
    private readonly input: Input,
    private readonly table: string,
    private readonly rows: number,
    private readonly signal: AbortSignal | undefined,
  ) {
    this.#part = `${table}_kernel`;
  }

  async add(columns: readonly KernelColumn[]): Promise<void> {
    const {relation} = this.input;
    const [from, call, part] = [this.#next, {signal: this.signal}, id(this.#part)];
    const count = columns[0]?.values.length ?? 0;
    this.#next += count;
    await this.engine.execute([sql`DROP TABLE IF EXISTS ${part}`], call);
    await this.engine.insertColumns(this.#part, columns, call);
    const numbered = numberedRows(relation, this.input.columns);
    const isWhole = count === this.rows;
    const slice = isWhole ? relation : sql`(SELECT ${numbered.all} FROM ${numbered.from} WHERE ${numbered.row} >= ${lit(from)} AND ${numbered.row} < ${lit(from + count)})`;
    const rows = sql`SELECT * FROM ${slice} POSITIONAL JOIN ${part}`;
    await this.engine.execute([from === 0 ? sql`CREATE OR REPLACE TABLE ${id(this.table)} AS ${rows}` : sql`INSERT INTO ${id(this.table)} ${rows}`, sql`DROP TABLE ${part}`], call);
  }

  /** Leaves nothing of what was added. */
  async discard(): Promise<void> {
    // What went wrong matters more than that this does, too: an engine that is gone has no tables.
    await this.engine.execute([this.#part, this.table].map((name) => sql`DROP TABLE IF EXISTS ${id(name)}`)).catch(() => undefined);
  }
}
