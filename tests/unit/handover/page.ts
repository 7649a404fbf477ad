import {Runner} from '../../../src/run/runner.ts';
import type {RanCell} from '../../../src/run/define.ts';
import {parseNotebook} from '../../../src/notebook/model.ts';
import {plan} from '../../../src/notebook/plan.ts';
import type {Handover} from '../../../src/handover/define.ts';
import type {Ports} from '../../../src/ports/index.ts';
import {id, sql, type Sql} from '../../../src/sql/sql.ts';
import type {Column} from '../../../src/sql/types.ts';
import {startNodeEngine} from '../engine/node-engine.ts';
import {localCompute} from '../kernels/run.ts';
import {memoryWorkspace} from '../storage/memory-storage.ts';
import {nodePostgres} from '../postgres/node-postgres.ts';
import {nodeSqlite} from '../sqlite/node-sqlite.ts';

/** A table with its values as DuckDB writes them, in its order. */
export interface Content {
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly (string | null)[])[];
}

/** What the page is without its screen: the engine, the storage and the kernels that it has, and these files in its workspace. */
export async function openPage(files: Readonly<Record<string, string | Uint8Array>>) {
  const {engine, file, close} = await startNodeEngine();
  const workspace = memoryWorkspace();
  for (const [name, content] of Object.entries(files))
    await workspace.storage.addFile(name, new Blob([typeof content === 'string' ? content : content.slice()]));
  const registerFile = async (name: string, data: File): Promise<void> =>
    file(name, new Uint8Array(await data.arrayBuffer()));
  const ports: Ports = {
    engine: {...engine, registerFile},
    compute: localCompute,
    ...workspace,
    postgres: nodePostgres().postgres,
    throwAwayPostgres: () => nodePostgres().postgres,
    sqlite: nodeSqlite(),
  };
  return {
    lake: workspace.lake,
    close,
    /** Runs a notebook as after a reload: nothing is known but what is stored. */
    async run(
      markdown: string,
      path = 'notebook.md',
    ): Promise<{report: readonly RanCell[]; handover: Handover; contentOf: (name: string) => Promise<Content>}> {
      const runner = new Runner(ports);
      runner.notebookPath = path;
      const notebook = parseNotebook(markdown);
      const fingerprints = new Map(
        (await workspace.storage.files()).map((stored) => [stored.name, stored.fingerprint]),
      );
      const tables = new Map((await workspace.lake.tables()).map((table) => [table.name.toLowerCase(), table]));
      const planned = plan(notebook, fingerprints, tables, path);
      runner.usePlan(planned);
      const report = await runner.run(undefined, {mayWrite: true}, new AbortController().signal);
      return {
        report,
        handover: {path, notebook, plan: planned, known: (hash) => runner.known(hash)},
        contentOf: (name) =>
          runner.query([name], [], async () => {
            const columns = await engine.describe(sql`FROM ${id(name)}`);
            // Text is as exact as the engine writes it.
            return {columns, rows: (await engine.rows(asText(sql`${id(name)}`))).rows as Content['rows']};
          }),
      };
    },
  };
}

export const asText = (relation: Sql): Sql => sql`SELECT COLUMNS(*)::VARCHAR FROM ${relation}`;

/** The first value of two tables that differs, as “row, column: one, other”, or undefined: floating point within a relative 1e-9, all else exactly. */
export function difference(a: Content, b: Content): string | undefined {
  const shape = (content: Content): string => content.columns.map(({name, type}) => `${name} ${type}`).join(', ');
  if (shape(a) !== shape(b)) return `columns: ${shape(a)} / ${shape(b)}`;
  if (a.rows.length !== b.rows.length) return `rows: ${a.rows.length} / ${b.rows.length}`;
  for (const [i, row] of a.rows.entries())
    for (const [j, value] of row.entries()) {
      const other = b.rows[i]?.[j];
      const isFloat = /^(DOUBLE|FLOAT)$/.test(a.columns[j]?.type ?? '');
      if (value !== other && !(isFloat && isNear(Number(value), Number(other))))
        return `row ${i + 1}, ${a.columns[j]?.name}: ${value} / ${other}`;
    }
  return undefined;
}

const isNear = (a: number, b: number): boolean =>
  Math.abs(a - b) <= Math.max(1e-12, 1e-9 * Math.max(Math.abs(a), Math.abs(b)));
