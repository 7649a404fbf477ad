import {isRecord, withKey} from '../../forms/values.ts';
import {problemOf} from '../../lib/problem.ts';
import {loadCell, type NewCell} from '../../notebook/insert.ts';
import type {FilePreview} from '../../notebook/preview.ts';
import type {Session} from '../../notebook/session.svelte.ts';
import type {SourceTable} from '../../sources/databases/define.ts';
import {Loaded} from '../loaded.svelte.ts';

type Values = Readonly<Record<string, unknown>>;

const pause = 250;

/** One file on its way in: the options the user set, and its first rows read with them. */
export class ImportedFile {
  values = $state.raw<Values>({});
  /** Columns whose chosen types went, because the file read with these options has no such column. */
  dropped = $state.raw<readonly string[]>([]);
  readonly preview = new Loaded<FilePreview>();
  /** Tables of a database; empty for other files, and before the first look. */
  tables = $state.raw<readonly SourceTable[]>([]);
  /** Names of those that are to be loaded, in the database's order. */
  chosen = $state.raw<readonly string[]>([]);
  /** The options of tables that aren't shown now. */
  readonly #others = new Map<string, Values>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #abort: AbortController | undefined;

  constructor(
    readonly name: string,
    private readonly session: Session,
  ) {}

  /** Sets options (undefined: find out) and reads the file again soon; an older reading is called off. */
  set(changes: Values): void {
    this.dropped = [];
    this.values = Object.fromEntries(
      Object.entries({...this.values, ...changes}).filter(([, value]) => value !== undefined),
    );
    clearTimeout(this.#timer);
    this.#abort?.abort();
    this.preview.loading = true;
    this.#timer = setTimeout(() => void this.read(), pause);
  }

  /** Shows a table of a database, with the options that were set for it. */
  show(table: string): void {
    const {table: shown} = this.values;
    if (shown === table) return;
    if (typeof shown === 'string') this.#others.set(shown, this.values);
    this.values = {};
    this.set({...this.#others.get(table), table});
  }

  choose(table: string, isChosen: boolean): void {
    this.chosen = this.tables.flatMap(({name}) =>
      (name === table ? isChosen : this.chosen.includes(name)) ? [name] : [],
    );
  }

  /** The parameters of each load cell that the file becomes. */
  loads(): readonly Values[] {
    return this.tables.length === 0
      ? [this.values]
      : this.chosen.map((table) =>
          table === this.values['table'] ? this.values : (this.#others.get(table) ?? {table}),
        );
  }

  async read(): Promise<void> {
    const abort = new AbortController();
    this.#abort = abort;
    await this.preview.load(() => this.#read(abort.signal));
  }

  /** Reads with the types of columns that are there: other options may have renamed them. */
  async #read(signal: AbortSignal): Promise<FilePreview> {
    try {
      const preview = await this.session.files.preview(this.name, this.values, signal);
      if (this.tables.length === 0 && preview.table !== undefined) {
        this.tables = preview.tables;
        this.chosen = [preview.table];
        this.values = {...this.values, table: preview.table};
      }
      return preview;
    } catch (thrown) {
      const {code, where} = problemOf(thrown);
      const {schema} = this.values;
      const column = where?.column;
      if (
        signal.aborted ||
        code !== 'COLUMN_NOT_FOUND' ||
        column === undefined ||
        !isRecord(schema) ||
        !(column in schema)
      )
        throw thrown;
      const types = withKey(schema, column, undefined);
      this.values = withKey(this.values, 'schema', Object.keys(types).length === 0 ? undefined : types);
      this.dropped = [...this.dropped, column];
      return this.#read(signal);
    }
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#abort?.abort();
  }
}

/** The files of one import, and whether they become one table. */
export class Importing {
  readonly files: readonly ImportedFile[];
  at = $state(0);
  together = $state(false);
  readonly shown = $derived.by(() => {
    const file = this.files[this.at];
    if (file === undefined) throw new Error('An import has one file at least.');
    return file;
  });
  /** Why the files can't be one table; undefined when they can. */
  readonly whyNotTogether = $derived.by(() => {
    if (this.files.some(({tables}) => tables.length > 0)) return 'A database is loaded table by table.';
    const [first, ...others] = this.files;
    const columns = first?.preview.value?.columns;
    if (columns === undefined) return 'Their columns are being read.';
    for (const other of others) {
      const theirs = other.preview.value?.columns;
      if (theirs === undefined)
        return other.preview.problem === undefined
          ? 'Their columns are being read.'
          : `${other.name} can’t be read yet.`;
      const odd =
        theirs.find((column) => !columns.some((known) => known.name === column.name)) ??
        columns.find((column) => !theirs.some((known) => known.name === column.name));
      if (odd !== undefined) return `They differ in the column ${odd.name}.`;
    }
    return undefined;
  });

  constructor(
    names: readonly string[],
    private readonly session: Session,
  ) {
    this.files = names.map((name) => new ImportedFile(name, session));
  }

  /** Reads every file's first rows, one after the other. */
  async read(): Promise<void> {
    for (const file of this.files) await file.read().catch(problemOf);
  }

  stop(): void {
    for (const file of this.files) file.stop();
  }

  /** Inserts the load cells and gives their ids. */
  insert(): string[] {
    const [first] = this.files;
    if (this.together && first !== undefined) {
      const id = this.#append(loadCell(first.name, {...first.values, file: this.files.map((file) => file.name)}));
      return id === undefined ? [] : [id];
    }
    return this.files.flatMap((file) =>
      file.loads().flatMap((values) => this.#append(loadCell(file.name, values)) ?? []),
    );
  }

  #append(newCell: NewCell): string | undefined {
    const {document} = this.session;
    return document.insert(document.notebook.cells.at(-1)?.id, newCell);
  }
}
