import type {Problem} from '../lib/problem.ts';
import type {KernelOutput, Ports, Progress} from '../ports/index.ts';
import type {Rows} from '../sql/rows.ts';
import type {Sql} from '../sql/sql.ts';
import type {Column} from '../sql/types.ts';
import type {FileRead} from '../sources/define.ts';
import type {Part} from './parts.ts';
import type {Input, Program, Verdict} from './program.ts';
import type {Touch} from './touch.ts';

/** The name of the table that keeps what a cell could not read or refused. */
export const rejectsOf = (name: string): string => `${name}_rejects`;

/** A table that a cell reads: the rows of the cell above with this hash, or what that cell rejected. */
export interface InputTable {
  readonly name: string;
  readonly hash: string;
  readonly rejects: boolean;
}

/** What a hash of work knows of an input: the rows, or those that were rejected. */
export const inputHash = ({hash, rejects}: InputTable): unknown => (rejects ? [hash, 'rejects'] : hash);

/** What a cell brings to a table of the lake, and what the cells above brought before it: a commit that has it is not made twice. */
export interface Applies {
  readonly self: string;
  readonly before: readonly string[];
}

/** The work behind a result, as far as a run has to know it. */
export interface Making {
  readonly touches: readonly Touch[];
  /** The problem that these columns make, before anything runs. */
  check(inputs: readonly Input[]): Problem | undefined;
  /** How the rows come about, once the inputs are there with their columns. */
  program(inputs: readonly Input[]): Program;
}

/** What gives rows: a cell, or a table of the lake that one reads. */
export interface Computed {
  /** The name its result goes by; charts without one are named after their place. */
  readonly name: string;
  readonly line: number;
  /** Tables it reads, `from` first. */
  readonly inputs: readonly InputTable[];
  /** The cell that must have run before, though its rows aren't read: it wrote a table that this one reads or writes. */
  readonly after?: string | undefined;
  /**
   * Names the result: a hash of the work, of its inputs' hashes and of its files' fingerprints. Equal hashes mean
   * equal rows, so a result that is there under its hash is never computed again.
   */
  readonly hash: string;
  readonly work: Making;
  /** What its rows are to the table of the lake that they go to. */
  readonly applies?: Applies | undefined;
  /** The files that it reads, and the fingerprints of those that are there. */
  readonly files?: readonly {readonly name: string; readonly fingerprint: string | undefined}[];
}

/** A version of a table of the lake that a cell reads. */
export interface LakeSource extends Computed {
  readonly work: Making & {readonly source: Extract<Program, {readonly kind: 'lake'}>};
}

/** A cell of a plan, as far as a run has to know it: it can run, or it says why not. */
export type Runnable =
  | (Computed & {readonly ready: true; readonly kind: string; readonly sources: readonly LakeSource[]})
  | {
      readonly ready: false;
      readonly name: string;
      readonly kind: string;
      readonly disabled: boolean;
      readonly problems: readonly Problem[];
      /** A step that is switched off lets its input through: cells that name it read this instead. */
      readonly standsFor?: InputTable;
    };
export type Ready = Extract<Runnable, {readonly ready: true}>;

/** A cell's result: a table in the engine, and the small things that stay when the table goes. */
export interface StoredResult extends Rows {
  readonly hash: string;
  readonly relation: Sql;
  readonly places: Rows['places'];
  /** Its tables in the engine: one of its own, beside those of the input whose columns it keeps. */
  readonly parts: readonly Part[];
  readonly columns: readonly Column[];
  readonly rows: number;
  readonly rejects: {readonly table: string; readonly rows: number; readonly columns: readonly Column[]} | undefined;
  /** The files that a load read, and how. */
  readonly files: readonly FileRead[];
  /** The result whose rows these are, when the cell only passes them on: `parts` are that one's. */
  readonly through: string | undefined;
  /** Figures and small tables beside the rows: a kernel's, or what a commit did. */
  readonly figures: Pick<KernelOutput, 'facts' | 'tables'> | undefined;
  /** What the rows say against the data; the run stops there, or goes on with a warning. */
  readonly verdict?: Verdict | undefined;
  readonly ms: number;
  readonly bytes: number;
}

export type RanStatus =
  | 'ok'
  /** The result was there already. */
  | 'cached'
  | 'failed'
  /** It can't run as written, or reads a cell that can't. */
  | 'broken'
  /** A cell above failed first. */
  | 'skipped'
  | 'cancelled'
  | 'disabled';

/** What a run did with one cell. */
export interface RanCell {
  readonly name: string;
  readonly kind: string;
  readonly status: RanStatus;
  readonly rowsIn: number | null;
  readonly rowsOut: number | null;
  readonly rejected: number;
  readonly ms: number;
  readonly bytes: number;
  readonly error?: Problem;
  /** What is wrong with the data that the run went on with; `mark` says it in a few words. */
  readonly warning?: Problem & {readonly mark: string};
}

export interface RunEvents {
  /** Whether cells may write to the lake and to PostgreSQL: looking at a result may not. */
  readonly mayWrite?: boolean;
  onStart?(name: string): void;
  onProgress?(name: string, progress: Progress): void;
  onCell?(ran: RanCell): void;
}

/** Rows that columns are put beside. */
export type Base = Pick<StoredResult, 'parts' | 'columns' | 'rows'>;

/** What a maker gives besides the table it made. */
export interface Made {
  readonly rejects?: string | undefined;
  readonly files?: readonly FileRead[];
  readonly figures?: StoredResult['figures'];
  readonly verdict?: Verdict | undefined;
  /** The result whose rows it passes on; then it has made no table. */
  readonly through?: StoredResult;
  /** Beside what the table's columns lie; undefined where it has all there are. */
  readonly base?: Base | undefined;
  readonly described?: {readonly columns: readonly Column[]; readonly rows: number};
}

/** What a maker works with. */
export interface MakerContext {
  readonly ports: Ports;
  readonly cell: Computed;
  /** The table to make. */
  readonly table: string;
  readonly inputs: readonly Input[];
  readonly events: RunEvents;
  readonly signal: AbortSignal | undefined;
  /** The notebook whose cells run, as the lake's history names it. */
  readonly notebookPath: string;
  /** The rows of the cell's first input. */
  readonly base: () => Base | undefined;
  readonly known: (hash: string) => StoredResult | undefined;
  /** Makes these the only names that SQL finds: one that is no input would go unnoticed in the hash. */
  readonly showOnly: (tables: readonly Pick<Input, 'name' | 'relation'>[]) => Promise<void>;
  /** What other cells wrote to a table of the lake counts as written no longer. */
  readonly forgetWriters: (table: string, applies: Applies) => void;
  /** What was written to or read from a table of PostgreSQL is forgotten: the cell has changed it. */
  readonly forgetPostgres: (table: string) => void;
}

export type Maker<P extends Program = Program> = (program: P, context: MakerContext) => Promise<Made>;
