import {SvelteMap} from 'svelte/reactivity';
import type {ChartSpec} from '../charts/spec.ts';
import {exportedAs} from '../encrypt/define.ts';
import {cancelled, problemOf, ProblemError, unwrap, type Problem} from '../lib/problem.ts';
import type {Row} from '../lib/value.ts';
import type {
  Encryption,
  ImportOptions,
  ImportedItem,
  Ownership,
  Ports,
  Progress,
  StorageStatus,
  StoredFile,
} from '../ports/index.ts';
import type {Sort} from '../sql/page.ts';
import {lakeReads} from '../sql/lake.ts';
import {checkQuery} from '../sql/lexer.ts';
import {tablesRead} from '../sql/table-places.ts';
import {query, type Sql} from '../sql/sql.ts';
import type {ColumnProfile} from '../sql/profile.ts';
import type {Column} from '../sql/types.ts';
import type {NotExportable} from '../steps/define.ts';
import {stepOf, steps} from '../steps/index.ts';
import {Alerts} from './alerts.svelte.ts';
import {cellTypes, givesRows} from '../cells/index.ts';
import {isRunnable, type Fence, type ParamValue, type RunnableCell} from '../cells/define.ts';
import {newText} from '../cells/text.ts';
import {rejectsOf, type RanCell, type RunEvents, type StoredResult} from '../run/define.ts';
import type {Notebook} from './define.ts';
import {Database} from './database.svelte.ts';
import * as edit from './edit.ts';
import type {DashboardEdit, Tile} from './dashboard.ts';
import type {DecryptedFile} from './encrypted.ts';
import type {ExportFormat, ExportOptions} from './export-format.ts';
import {Faces, type ChartFace, type Changes, type PagedTable} from './faces.ts';
import {History} from './history.ts';
import {inputsHeld, otherInputs, type HeldInput, type OtherInput} from './implicit.ts';
import {LakeScope} from './lake-plan.ts';
import {bytesTo, Lake, type ExportWork, type Work} from './lake.svelte.ts';
import {Owner} from './owner.svelte.ts';
import {newCell} from '../cells/source.ts';
import {parseNotebook, serializeNotebook} from './model.ts';
import {plan, readsClock, type CompiledCell, type PlannedCell, type Runs} from './plan.ts';
import {previewFile, type FilePreview} from './preview.ts';
import {Runner} from '../run/runner.ts';
import {sampleFileUrl, samples} from './samples.ts';
import {pysparkOf, sqlOf} from './source.ts';
import {Tiles} from './tiles.ts';
import {asked, decided, denialsOf, newTrust, type Origin, type Trust, type Want} from './trust.ts';
import {Workspace, type KeptNotebook, type NotebookEntry, type Remembered} from './workspace.ts';

/** How a runnable cell stands. `stale`: it ran, and then something it depends on changed. */
export type CellStatus = 'new' | 'stale' | 'fresh' | 'queued' | 'running' | 'failed' | 'broken' | 'disabled';

export interface Running {
  readonly name: string;
  readonly startedAt: number;
  readonly progress: Progress | undefined;
}

/** What a run did, as the page and `lakebook.run()` report it. */
export interface RunReport {
  readonly ok: boolean;
  readonly ms: number;
  readonly cells: readonly RanCell[];
}

/** The last run, with what it was a run of. */
export interface LastRun extends RunReport {
  readonly title: string;
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  readonly notebook: Notebook;
  readonly plan: readonly PlannedCell[];
}

export interface Notice {
  readonly id: number;
  readonly problem: Problem;
}

const autosaveDelay = 400;

/** The page's state and commands: what the UI shows and calls. The work is done by the modules it holds together. */
export class Session {
  notebook = $state.raw<Notebook>(parseNotebook(''));
  path = $state('');
  files = $state.raw<readonly StoredFile[]>([]);
  notebooks = $state.raw<readonly NotebookEntry[]>([]);
  engine = $state<'starting' | 'ready' | 'failed'>('starting');
  /** False until the workspace's own state is read: the page shows neither the empty start nor a notebook before. */
  opened = $state(false);
  saved = $state<'saved' | 'saving' | 'failed'>('saved');
  storage = $state.raw<StorageStatus | undefined>();
  memory = $state.raw<{readonly used: number; readonly limit: number} | undefined>();
  running = $state.raw<Running | undefined>();
  lastRun = $state.raw<LastRun | undefined>();
  selection = $state.raw<ReadonlySet<string>>(new Set());
  notices = $state.raw<readonly Notice[]>([]);
  /** The file that is being copied into the workspace. */
  adding = $state.raw<{readonly name: string; readonly bytes: number; readonly total: number} | undefined>();
  canUndo = $state(false);
  canRedo = $state(false);

  readonly samples = samples;
  readonly steps = steps;
  readonly title = $derived(this.notebook.title || 'Untitled notebook');
  readonly isSample = $derived(samples.some((sample) => sample.path === this.path));
  /** Undefined for a notebook of the user's own. */
  trust = $state.raw<Trust | undefined>();
  /** What the open notebook, being somebody else's, asks for. */
  readonly wants: readonly Want[] = $derived(this.trust === undefined ? [] : asked(this.trust, this.notebook));
  readonly undecided: readonly Want[] = $derived(
    this.wants.filter(({key}) => this.trust?.allowed.has(key) !== true && this.trust?.refused.has(key) !== true),
  );
  #clockRuns = $state.raw<Runs>(new Map());
  readonly #plan = $derived.by(() => {
    const files = new Map(this.files.map((file) => [file.name, file.fingerprint]));
    return plan(
      this.notebook,
      files,
      this.lake.byName,
      this.path,
      this.trust === undefined ? undefined : denialsOf(this.trust),
      this.#clockRuns,
    );
  });
  /** Whether a cell writes to PostgreSQL or asks it. */
  readonly usesPostgres: boolean = $derived(
    this.#plan.some(
      (cell) => cell.ready && cell.work.touches.some(({kind}) => kind === 'postgres-read' || kind === 'postgres-write'),
    ),
  );
  readonly planned: ReadonlyMap<string, PlannedCell> = $derived(new Map(this.#plan.map((cell) => [cell.id, cell])));

  readonly #remembered = new SvelteMap<string, Remembered>();
  #queued = $state.raw<ReadonlySet<string>>(new Set());
  readonly lake: Lake;
  readonly database: Database;
  readonly alerts: Alerts;
  readonly owner = new Owner();
  readonly #history = new History<Notebook>();
  readonly #runner: Runner;
  readonly #faces: Faces;
  readonly tiles: Tiles;
  readonly #workspace: Workspace;
  /** Stops the runs that were asked for since the last stop. */
  #abort = new AbortController();
  #runs: Promise<unknown> = Promise.resolve();
  #saveTimer: ReturnType<typeof setTimeout> | undefined;
  #saves: Promise<void> = Promise.resolve();
  /** The notebook as the workspace has it. */
  #written: Notebook | undefined;
  #lastNotice = 0;
  /** Resolves once a lesson that is being opened has its files. */
  #arriving: Promise<unknown> = Promise.resolve();
  /** Resolves once the engine holds nothing of other notebooks that the open one could look at. */
  #cleared: Promise<void> = Promise.resolve();

  /** Is told of cells whose input was written down, and of those that read another one than before. */
  onInputs: (held: readonly HeldInput[], others: readonly OtherInput[]) => void = () => undefined;

  constructor(readonly ports: Ports) {
    this.#runner = new Runner(ports);
    this.#faces = new Faces(ports, this.#runner);
    this.tiles = new Tiles(ports, this.#runner);
    this.#workspace = new Workspace(ports.storage);
    this.lake = new Lake(ports, {
      notify: (problem) => this.notify(problem),
      onGone: (table) => this.#forgetLake(table),
      onTables: () => {
        this.#runner.usePlan(this.#plan);
        this.#recall();
      },
    });
    this.database = new Database(ports, (table) => this.#forget(this.#runner.forgetPostgres(table)));
    this.alerts = new Alerts(ports.engine, ports.storage, {
      names: () =>
        new Set(this.#plan.flatMap((cell) => (cell.ready && cell.work.step?.isAlert === true ? [cell.name] : []))),
      title: () => this.title,
      keep: (write) => this.#keep(write),
    });
    ports.engine.onRestart((why) => {
      this.notify({
        code: 'ENGINE_RESTARTED',
        message: why,
        hint: 'Results are computed again when they are looked at; the notebook and its files are as they were.',
      });
    });
  }

  /** Reads the workspace and waits for the engine. */
  async start(ownership?: Promise<Ownership>): Promise<void> {
    if (ownership !== undefined)
      await this.owner
        .start(ownership, () => void this.stop().finally(() => this.ports.postgres.close()))
        .catch((thrown: unknown) => this.notify(problemOf(thrown)));
    await this.#load();
    this.opened = true;
    try {
      this.memory = await this.ports.engine.memory();
      this.engine = 'ready';
    } catch (thrown) {
      this.engine = 'failed';
      this.notify(problemOf(thrown));
    }
  }

  async #load(): Promise<void> {
    try {
      await Promise.all([this.#refreshFiles(), this.lake.refresh()]);
      this.notebooks = await this.#workspace.list();
      const last = await this.#workspace.lastOpen();
      if (last !== undefined) await this.openPath(last);
      await this.#refreshStatus();
    } catch (thrown) {
      this.notify(problemOf(thrown));
    }
  }

  /** Takes the workspace over from another tab, as it is stored: what this tab had and could not save is let go. */
  async takeOver(): Promise<void> {
    await this.owner.takeOver();
    this.#written = this.notebook;
    // What the other tab did to PostgreSQL isn't known.
    this.#forget(this.#runner.forgetPostgres());
    await this.#load();
  }

  // ---- the open notebook

  async openPath(path: string): Promise<void> {
    await this.#saveNow();
    const found = await this.#workspace.read(path);
    if (found === undefined) return;
    await this.#open(path, found);
  }

  /** Opens a shipped notebook: the user's own copy if there is one, else a new one with its data files. */
  openSample(path: string): Promise<void> {
    const opening = (async () => {
      if ((await this.#workspace.read(path)) === undefined) await this.#placeSample(path);
      else await this.openPath(path);
      await this.#fetchSampleFiles();
    })();
    this.#arriving = opening.catch(() => undefined);
    return opening;
  }

  /** A shipped notebook back to its original; undo brings the user's version back. */
  async resetSample(): Promise<void> {
    const sample = samples.find((known) => known.path === this.path);
    if (sample !== undefined) this.#edit(parseNotebook(await sample.text()));
    await this.#fetchSampleFiles();
  }

  async newNotebook(): Promise<void> {
    const path = await this.#workspace.freePath('Untitled notebook');
    await this.#create(path, '---\nlakebook: 1\ntitle: Untitled notebook\n---\n\n');
  }

  /** Opens a notebook's Markdown as a new notebook of the workspace: the user's own, or one that came `from` elsewhere and may use nothing yet. */
  async openMarkdown(text: string, name?: string, from?: Origin): Promise<void> {
    const before = this.notebook;
    const opened = parseNotebook(text);
    const title = opened.title || (name ?? 'notebook').replace(/\.md$/i, '');
    const reserved = from === undefined ? [] : samples.map((sample) => sample.path);
    await this.#create(
      await this.#workspace.freePath(title, reserved),
      text,
      from === undefined ? undefined : newTrust(from, text),
    );
    // The same notebook as it was edited elsewhere.
    const others = opened.title !== '' && opened.title === before.title ? otherInputs(before, opened) : [];
    if (others.length > 0) this.onInputs([], others);
    await this.#fetchSampleFiles();
  }

  /** What the user says to these wants of the open notebook; those not `allowed` are refused. */
  async decide(shown: readonly Want[], allowed: ReadonlySet<string>): Promise<void> {
    if (this.trust === undefined) return;
    const {path} = this;
    const trust = decided(this.trust, shown, allowed);
    this.trust = trust;
    this.#runner.usePlan(this.#plan);
    this.#recall();
    await this.#keep(() => this.#workspace.writeTrust(path, trust));
    await this.#fetchSampleFiles();
  }

  /** Replaces the open notebook's text with one of the user's own, keeping its place in the workspace. */
  async replaceMarkdown(text: string): Promise<void> {
    const notebook = parseNotebook(text);
    // What was measured at a moment, and the last run, were those of the text before.
    this.#clockRuns = new Map();
    this.lastRun = undefined;
    const others = otherInputs(this.notebook, notebook);
    this.#edit(notebook);
    if (others.length > 0) this.onInputs([], others);
    const wants = this.wants;
    if (wants.length > 0) await this.decide(wants, new Set(wants.map(({key}) => key)));
    await this.#fetchSampleFiles();
  }

  async deleteNotebook(path: string): Promise<void> {
    if (path === this.path) {
      await this.stop();
      await this.#saveNow();
      this.path = '';
      this.trust = undefined;
      this.notebook = parseNotebook('');
      this.#history.clear();
      this.#tellHistory();
      this.#remembered.clear();
      await this.alerts.load('');
    }
    await this.#workspace.remove(path);
    this.notebooks = await this.#workspace.list();
  }

  markdown(): string {
    return serializeNotebook(this.notebook);
  }

  async #placeSample(path: string): Promise<void> {
    const sample = samples.find((known) => known.path === path);
    if (sample === undefined)
      throw new ProblemError({
        code: 'NOTEBOOK_NOT_FOUND',
        message: `No notebook called ${path} ships with the app.`,
        hint: 'Choose one from the list.',
      });
    await this.#create(path, await sample.text());
  }

  async #create(path: string, text: string, trust?: Trust): Promise<void> {
    const notebook = parseNotebook(text);
    await this.#keep(async () => {
      if (trust !== undefined) await this.#workspace.writeTrust(path, trust);
      await this.#workspace.write(path, notebook);
    });
    await this.#open(path, {notebook, ran: new Map(), trust});
    this.notebooks = await this.#workspace.list();
  }

  async #open(path: string, {notebook, ran, trust}: KeptNotebook): Promise<void> {
    await this.stop();
    await this.#saveNow();
    this.path = path;
    this.lastRun = undefined;
    this.trust = trust;
    this.notebook = notebook;
    this.#written = notebook;
    this.saved = 'saved';
    this.selection = new Set();
    this.#clockRuns = new Map();
    this.#history.clear();
    this.#tellHistory();
    this.#remembered.clear();
    for (const [name, remembered] of ran) this.#remembered.set(name, remembered);
    this.#runner.notebookPath = path;
    this.#runner.usePlan(this.#plan);
    this.#cleared = trust === undefined ? Promise.resolve() : this.#runner.leaveOnly();
    // Who runs the notebook is told.
    this.#cleared.catch(() => undefined);
    await this.alerts.load(path);
    await this.#keep(() => this.#workspace.setOpen(path));
  }

  /** Data files that ship with the app come into the workspace when a notebook names them and they aren't there. */
  async #fetchSampleFiles(): Promise<void> {
    const named = this.#plan.flatMap((cell) => (cell.ready ? cell.work.files : []));
    const missing = [...new Set(named)].filter((name) => !this.files.some((file) => file.name === name));
    for (const name of missing) {
      const answer = await fetch(sampleFileUrl(name)).catch(() => undefined);
      // A single-page host answers unknown paths with its HTML page.
      if (answer?.ok === true && answer.headers.get('content-type')?.includes('text/html') !== true)
        await this.addFiles([new File([await answer.blob()], name)]);
    }
  }

  // ---- edits

  #edit(next: Notebook, topic?: string): void {
    if (next === this.notebook) return;
    const before = this.notebook;
    this.#history.record(before, topic, Date.now());
    this.#show(next);
    // What one parameter was set to is no news.
    const held = topic === undefined ? inputsHeld(before, next) : [];
    if (held.length > 0) this.onInputs(held, []);
  }

  #show(next: Notebook): void {
    this.notebook = next;
    this.#tellHistory();
    this.#runner.usePlan(this.#plan);
    this.#recall();
    this.saved = 'saving';
    clearTimeout(this.#saveTimer);
    this.#saveTimer = setTimeout(() => void this.#saveNow(), autosaveDelay);
  }

  /** An edit or an undo may lead back to results that are known: their cells are as if they had just run. */
  #recall(): void {
    for (const cell of this.#plan) {
      const ran =
        cell.ready && this.#remembered.get(cell.name)?.hash !== cell.hash ? this.#runner.recall(cell) : undefined;
      if (cell.ready && ran !== undefined) this.#remembered.set(cell.name, {hash: cell.hash, ran});
    }
  }

  /** What was read from or written to a table that is gone is no longer what the notebook gives. */
  #forgetLake(table: string): void {
    this.#forget(this.#runner.forgetLake(table));
  }

  #forget(hashes: ReadonlySet<string>): void {
    for (const [name, remembered] of this.#remembered) if (hashes.has(remembered.hash)) this.#remembered.delete(name);
  }

  #tellHistory(): void {
    this.canUndo = this.#history.canUndo;
    this.canRedo = this.#history.canRedo;
  }

  /** Writes what is not written yet; writes follow one another, so the last one wins. */
  #saveNow(): Promise<void> {
    clearTimeout(this.#saveTimer);
    const {path, notebook, title} = this;
    const recalled = new Map(this.#remembered);
    this.#saves = this.#saves.then(async () => {
      if (path === '') return;
      if (notebook === this.#written) {
        // An edit that was undone before it was saved.
        if (this.notebook === notebook) this.saved = 'saved';
        return;
      }
      const isKept = await this.#keep(async () => {
        await this.#workspace.write(path, notebook);
        await this.#workspace.writeRan(path, recalled);
      });
      if (isKept) this.#written = notebook;
      if (this.notebook === notebook) this.saved = isKept ? 'saved' : 'failed';
      this.notebooks = this.notebooks.map((known) =>
        known.path === path && known.title !== title ? {...known, title} : known,
      );
    });
    return this.#saves;
  }

  /** Writes what is not written yet: for when the page goes away. */
  flush(): Promise<void> {
    return this.#saveNow();
  }

  /** Writes to the workspace; a failure is told, and what is on the page stays. */
  async #keep(write: () => Promise<void>): Promise<boolean> {
    if (!this.owner.isHere) return false;
    try {
      await write();
      return true;
    } catch (thrown) {
      this.notify(problemOf(thrown));
      return false;
    }
  }

  undo(): void {
    const before = this.#history.undo(this.notebook);
    if (before !== undefined) this.#show(before);
  }
  redo(): void {
    const after = this.#history.redo(this.notebook);
    if (after !== undefined) this.#show(after);
  }

  setSource(id: string, source: string): void {
    this.#edit(edit.setSource(this.notebook, id, source), `source ${id}`);
  }
  setText(id: string, markdown: string): void {
    this.setSource(id, `${markdown.trimEnd()}\n\n`);
  }
  setSql(id: string, text: string): void {
    this.#edit(edit.setBody(this.notebook, id, text), `source ${id}`);
  }
  setValues(id: string, values: Readonly<Record<string, unknown>>): void {
    this.#edit(edit.setValues(this.notebook, id, values), `${Object.keys(values).join()} ${id}`);
  }
  setName(id: string, name: string): void {
    this.#edit(edit.rename(this.notebook, id, name));
  }
  setDisabled(ids: readonly string[], disabled: boolean): void {
    this.#edit(edit.setDisabled(this.notebook, ids, disabled));
  }
  setTitle(title: string): void {
    this.#edit(edit.setFront(this.notebook, {title}), 'title');
  }
  setParam(name: string, value: ParamValue): void {
    this.#edit(edit.setFront(this.notebook, {params: {[name]: value}}), `param ${name}`);
  }
  /** Names a table of the lake otherwise in every cell that reads or writes it. */
  renameTable(from: string, to: string): void {
    this.#edit(edit.renameTable(this.notebook, from, to));
  }
  editDashboard(change: DashboardEdit): void {
    this.#edit(edit.setDashboard(this.notebook, change));
  }
  /** Adds tiles of these cells to the dashboard; a chart without a name gets the one it goes by, so that the tile can name it. */
  addTiles(
    tiles: readonly {
      readonly id: string;
      readonly show: Tile['show'];
      readonly values?: Readonly<Record<string, unknown>>;
    }[],
  ): void {
    const nameOf = (id: string): string => this.planned.get(id)?.name ?? '';
    const named = tiles.reduce((notebook, {id}) => edit.rename(notebook, id, nameOf(id)), this.notebook);
    this.#edit(
      edit.setDashboard(named, {
        do: 'add',
        tiles: tiles.map(({id, show, values}) => ({[show]: nameOf(id), ...values})),
      }),
    );
  }
  /** Lets cells read the nearest table above again, whichever that is. */
  readNearest(ids: readonly string[]): void {
    this.#edit(
      ids.reduce((notebook, id) => edit.setValues(notebook, id, {from: undefined}), this.notebook),
      'from',
    );
  }
  remove(ids: readonly string[]): void {
    this.#edit(edit.remove(this.notebook, ids));
    this.selection = new Set();
  }
  duplicate(ids: readonly string[]): void {
    this.#edit(edit.duplicate(this.notebook, ids));
  }
  move(ids: readonly string[], index: number): void {
    this.#edit(edit.move(this.notebook, ids, index));
  }
  select(ids: Iterable<string>): void {
    this.selection = new Set(ids);
  }

  /** Inserts a cell of one kind; `given` is its body, a step's header says its kind. */
  insertCell(
    afterId: string | undefined,
    type: Fence,
    called: string,
    given?: Readonly<Record<string, unknown>> | string,
    headerOf: (name: string) => string = (name) => name,
  ): string | undefined {
    const name = headerOf(this.#freeName(called));
    const above = this.cellNamesAbove(afterId, true);
    return this.#insert(afterId, newCell(cellTypes[type], cellTypes[type].create(name, above, given)));
  }
  insertStep(
    afterId: string | undefined,
    kind: string,
    values: Readonly<Record<string, unknown>> = {},
    name: string = kind,
  ): string | undefined {
    return this.insertCell(afterId, 'step', name, values, (free) => `${free} = ${kind}`);
  }
  /** Inserts a step with an example's parameters. */
  insertExample(afterId: string | undefined, kind: string, exampleName?: string): string | undefined {
    const examples = stepOf(kind)?.examples ?? [];
    const example = examples.find((known) => known.name === exampleName) ?? examples[0];
    return this.insertStep(afterId, kind, example?.params ?? {});
  }
  insertText(afterId: string | undefined, markdown = 'Say why, for whoever reads this next.'): string | undefined {
    return this.#insert(afterId, newText(markdown));
  }
  insertLoad(file: string, values: Readonly<Record<string, unknown>>): string | undefined {
    const {table} = values;
    const stem =
      typeof table === 'string'
        ? table
        : file.replace(/\.(gz|csv|tsv|txt|json|ndjson|jsonl|parquet)$/gi, '').replace(/\.\w+$/, '');
    const name =
      stem
        .toLowerCase()
        .replace(/[^a-z0-9]+/g, '_')
        .replace(/^_+|_+$/g, '')
        .replace(/^(?=\d)/, 't_') || 'data';
    return this.insertStep(this.notebook.cells.at(-1)?.id, 'load', {file, ...values}, name);
  }

  #insert(afterId: string | undefined, source: string): string | undefined {
    const inserted = edit.insert(this.notebook, afterId, source);
    this.#edit(inserted.notebook);
    return inserted.id;
  }

  #freeName(name: string): string {
    return edit.freeName(name, new Set(this.notebook.cells.flatMap((cell) => (isRunnable(cell) ? [cell.name] : []))));
  }

  cellNamesAbove(id: string | undefined, including = false): string[] {
    const index = this.notebook.cells.findIndex((cell) => cell.id === id);
    const above = this.notebook.cells.slice(0, including ? index + 1 : Math.max(0, index));
    return above.flatMap((cell) => (isRunnable(cell) && givesRows(cell) ? [cell.name] : []));
  }

  // ---- files

  /** Adds files one by one; one that can't be kept is told, the others come in. */
  async addFiles(files: Iterable<File>): Promise<StoredFile[]> {
    const added: StoredFile[] = [];
    for (const file of files) {
      try {
        added.push(await this.addFile(file.name, file));
      } catch (thrown) {
        this.notify(problemOf(thrown));
      }
    }
    return added;
  }

  async addFile(name: string, data: Blob): Promise<StoredFile> {
    this.adding = {name, bytes: 0, total: data.size};
    try {
      return await this.ports.storage.addFile(name, data, (bytes) => (this.adding = {name, bytes, total: data.size}));
    } finally {
      this.adding = undefined;
      await this.#refreshFiles();
      await this.#refreshStatus();
    }
  }

  async removeFile(name: string): Promise<void> {
    await this.ports.storage.removeFile(name);
    await this.#refreshFiles();
    await this.#refreshStatus();
  }

  /** The same notebook on another file: every load cell that names the old one reads the new one. */
  replaceFile(old: string, name: string): void {
    this.#edit(edit.replaceFile(this.notebook, old, name));
  }

  preview(file: string, values: Readonly<Record<string, unknown>>, signal?: AbortSignal): Promise<FilePreview> {
    return this.#runner.query([], [], () => previewFile(this.ports, file, values, signal));
  }

  async #refreshFiles(): Promise<void> {
    this.files = await this.ports.storage.files();
    this.#runner.usePlan(this.#plan);
  }

  async #refreshStatus(): Promise<void> {
    this.storage = await this.ports.storage.status();
  }

  /** Asks the browser to keep what is stored; true when it will. Call it from a gesture. */
  async persist(): Promise<boolean> {
    const granted = await this.ports.storage.persist();
    await this.#refreshStatus();
    return granted;
  }

  // ---- the whole workspace

  /** Notebooks, files and tables as one zip. */
  async exportWorkspace(work: ExportWork): Promise<File> {
    await this.#saveNow();
    const file = await this.ports.storage.exportWorkspace(bytesTo(work), work);
    return exportedAs(`lakebook-${new Date().toISOString().slice(0, 10)}.zip`, 'application/zip', file, work.encrypt);
  }

  /** Brings an exported workspace in and says what became of each part. */
  async importWorkspace(zip: File, options: ImportOptions, work: Work): Promise<readonly ImportedItem[]> {
    await this.#saveNow();
    try {
      return await this.ports.storage.importWorkspace(zip, options, bytesTo(work), {signal: work.signal});
    } finally {
      await Promise.all([this.#refreshFiles(), this.lake.refresh(), this.#refreshStatus()]);
      this.notebooks = await this.#workspace.list();
      // The open notebook may have been replaced.
      if (this.path !== '') await this.openPath(this.path);
    }
  }

  // ---- encrypted files

  /** A file that was made in the page, such as the notebook itself. */
  async encryptFile(file: File, encrypt: Encryption): Promise<File> {
    const {encryptFile} = await import('./encrypted.ts');
    return encryptFile(this.ports, file, encrypt);
  }

  /** What is in an encrypted file, by its passphrase, key or age identity. */
  async decryptFile(file: File, secret: string, work: Work = {}): Promise<DecryptedFile> {
    const {decryptFile} = await import('./encrypted.ts');
    return decryptFile(this.ports, file, secret, work);
  }

  /** About how many bits it takes to guess a passphrase. */
  passphraseBits(passphrase: string): Promise<number> {
    return this.ports.storage.passphraseBits(passphrase);
  }

  // ---- runs

  /** Runs the notebook, or one cell with what it reads. Runs follow one another. */
  run(name?: string): Promise<RunReport> {
    return this.#inTurn(name, true);
  }

  #inTurn(name: string | undefined, mayWrite: boolean): Promise<RunReport> {
    const {signal} = this.#abort;
    const next = this.#runs.then(() => this.#run(name, mayWrite, signal));
    this.#runs = next.catch(() => undefined);
    return next;
  }

  /** A cell that looks at the clock is another one in every run that asks for it. */
  #tickClocks(target: string | undefined): void {
    const names = this.#plan.flatMap((cell) =>
      cell.ready && readsClock(cell.work) && (target === undefined || cell.name === target) ? [cell.name] : [],
    );
    if (names.length > 0)
      this.#clockRuns = new Map([...this.#clockRuns, ...names.map((name) => [name, Date.now()] as const)]);
  }

  async #run(target: string | undefined, mayWrite: boolean, signal: AbortSignal): Promise<RunReport> {
    await this.#cleared;
    await Promise.race([this.#arriving, aborted(signal)]);
    const started = performance.now();
    const {path, notebook, title} = this;
    const startedAt = new Date().toISOString();
    if (mayWrite) this.#tickClocks(target);
    const current = this.#plan;
    this.#runner.usePlan(current);
    const hashes = new Map(current.map((cell) => [cell.name, cell.ready ? cell.hash : '']));
    this.#queued = new Set(
      target === undefined ? current.flatMap((cell) => (cell.ready ? [cell.name] : [])) : [target],
    );
    const {soon, now} = drawnTogether();
    const writes = current.some((cell) => cell.ready && cell.applies !== undefined);
    try {
      const events: RunEvents = {
        mayWrite,
        onStart: (name) => {
          const startedAt = performance.now();
          soon(() => (this.running = {name, startedAt, progress: undefined}));
        },
        onProgress: (name, progress) =>
          soon(() => (this.running = {name, startedAt: this.running?.startedAt ?? performance.now(), progress})),
        onCell: (ran) =>
          soon(() => {
            this.#queued = new Set([...this.#queued].filter((name) => name !== ran.name));
            const isRun =
              ran.error?.code !== 'NOT_RUN' &&
              (ran.status === 'ok' || ran.status === 'cached' || ran.status === 'failed');
            if (isRun) this.#remembered.set(ran.name, {hash: hashes.get(ran.name) ?? '', ran});
          }),
      };
      const cells = await this.lake.during(writes, () => this.#runner.run(target, events, signal));
      now();
      const report = {
        ok: cells.every((cell) => cell.status === 'ok' || cell.status === 'cached' || cell.status === 'disabled'),
        ms: performance.now() - started,
        cells,
      };
      // To look at a result is no run.
      if (mayWrite && path === this.path) this.lastRun = {...report, title, startedAt, notebook, plan: current};
      if (path === this.path) this.#readAlerts(cells, hashes);
      return report;
    } finally {
      now();
      this.running = undefined;
      this.#queued = new Set();
      this.#afterRun(path);
    }
  }

  #readAlerts(ran: readonly RanCell[], hashes: ReadonlyMap<string, string>): void {
    const names = this.alerts.names;
    const cells = ran
      .filter(({name, status}) => names.has(name) && (status === 'ok' || status === 'cached'))
      .map(({name}) => ({name, hash: hashes.get(name) ?? ''}));
    this.alerts.read(cells, ({name, hash}, use) =>
      this.#runner.query([name], [], () => {
        const result = this.#runner.known(hash);
        if (result === undefined) throw new ProblemError(cancelled);
        return use(result);
      }),
    );
  }

  /** What follows a run without holding up its report. */
  #afterRun(path: string): void {
    if (this.ports.postgres.isStarted()) this.database.refresh().catch(() => undefined);
    const remembered = new Map(this.#remembered);
    this.#saves = this.#saves.then(async () => {
      if (path !== '' && path === this.path) await this.#keep(() => this.#workspace.writeRan(path, remembered));
      this.memory = await this.ports.engine.memory().catch(() => undefined);
      await this.#refreshStatus().catch(() => undefined);
    });
  }

  /** Stops the run and those that wait behind it; resolves once they have stopped. */
  async stop(): Promise<void> {
    this.#abort.abort();
    this.#abort = new AbortController();
    await this.#runs;
  }

  statusOf(id: string): CellStatus {
    const cell = this.planned.get(id);
    if (cell === undefined) return 'new';
    if (!cell.ready) return cell.disabled ? 'disabled' : 'broken';
    if (this.running?.name === cell.name) return 'running';
    if (this.#queued.has(cell.name)) return 'queued';
    const remembered = this.#remembered.get(cell.name);
    if (remembered === undefined) return this.#runner.known(cell.hash) === undefined ? 'new' : 'fresh';
    if (remembered.hash !== cell.hash) return this.#runner.known(cell.hash) === undefined ? 'stale' : 'fresh';
    return remembered.ran.status === 'failed' ? 'failed' : 'fresh';
  }

  /** The last run's line for a cell, kept across reloads. */
  ranOf(id: string): RanCell | undefined {
    const cell = this.planned.get(id);
    return cell === undefined ? undefined : this.#remembered.get(cell.name)?.ran;
  }

  /** Fills a cell's parameters with what its step proposes for the rows that it reads: one edit, which undo takes back. Gives the values. */
  async propose(id: string): Promise<Readonly<Record<string, unknown>>> {
    const cell = this.notebook.cells.filter(isRunnable).find((other) => other.id === id);
    const propose = stepOf(cell?.kind ?? '')?.propose;
    if (cell === undefined || propose === undefined)
      throw new ProblemError({
        code: 'NO_PROPOSAL',
        message: 'This cell has nothing to propose.',
        hint: 'A quality cell has.',
      });
    const input = cell.from ?? this.cellNamesAbove(id).at(-1) ?? '';
    const proposer = await propose();
    const ask = async (query: Sql): Promise<readonly Row[]> => (await this.ports.engine.rows(query)).rows;
    const values = await this.#runner.withResult(input, 'study', ({relation, columns}) =>
      proposer(ask, {relation, columns}, new Date()),
    );
    this.setValues(id, values);
    return values;
  }

  // ---- a cell's faces

  #compiled(id: string): CompiledCell {
    const cell = this.planned.get(id);
    if (cell?.ready === true) return cell;
    throw new ProblemError(
      cell?.problems[0] ?? {
        code: 'CELL_DISABLED',
        message: 'This cell is switched off.',
        hint: 'Switch it on to see its result.',
      },
    );
  }

  /** A cell's result; one that is not there is made as in a run, with its progress and its Stop, but nothing is written to the lake. */
  async result(id: string): Promise<StoredResult> {
    const {name, hash} = this.#compiled(id);
    if (!this.#runner.isPresent(hash)) {
      const {cells} = await this.#inTurn(name, false);
      const failed = cells.find((cell) => cell.error !== undefined);
      // What it reads can't be made without a run: then it is as if it had not run, or the page would look again for ever.
      if (
        failed !== undefined &&
        failed.error?.code !== 'CANCELLED' &&
        (failed.name !== name || failed.error?.code === 'NOT_RUN')
      )
        this.#remembered.delete(name);
      // What stops the run by what its rows say has rows to show.
      if (failed?.error !== undefined && this.#runner.known(hash)?.verdict === undefined)
        throw new ProblemError(failed.error);
    }
    const result = this.#runner.known(hash);
    if (result === undefined) throw new ProblemError(cancelled);
    return result;
  }
  page(
    id: string,
    offset: number,
    limit: number,
    sort: readonly Sort[] = [],
    table: PagedTable = 'rows',
  ): Promise<readonly Row[]> {
    return this.#faces.page(this.#compiled(id).name, offset, limit, sort, table);
  }
  profiles(id: string): Promise<readonly ColumnProfile[]> {
    return this.#faces.profiles(this.#compiled(id));
  }
  changes(id: string): Promise<Changes> {
    return this.#faces.changes(this.#compiled(id));
  }
  chart(id: string, spec?: ChartSpec): Promise<ChartFace> {
    return this.#faces.chart(this.#compiled(id), spec);
  }
  sqlOf(id: string): string {
    return sqlOf(this.#compiled(id), (hash) => this.#runner.known(hash));
  }
  async pysparkOf(id: string): Promise<string | NotExportable> {
    const cell = this.#compiled(id);
    const spark = await import('../pyspark/query.ts');
    return pysparkOf(cell, (hash) => this.#runner.known(hash), spark);
  }

  /** The columns a cell reads or gives, as last known: for forms and completion. */
  columnsOf(id: string, side: 'input' | 'output'): readonly Column[] {
    const cell = this.planned.get(id);
    if (cell?.ready === true)
      return this.#runner.known((side === 'output' ? cell.hash : cell.inputs[0]?.hash) ?? '')?.columns ?? [];
    // A broken cell's form still offers the columns of the table above it.
    const above = this.#plan
      .slice(
        0,
        this.#plan.findIndex((planned) => planned.id === id),
      )
      .findLast((planned) => planned.ready && givesRows(planned.work));
    return side === 'input' && above?.ready === true ? (this.#runner.known(above.hash)?.columns ?? []) : [];
  }

  known(hash: string): StoredResult | undefined {
    return this.#runner.known(hash);
  }

  async exportCell(id: string, format: ExportFormat, options: ExportOptions = {}, signal?: AbortSignal): Promise<File> {
    const {exportCell} = await import('./export.ts');
    return exportCell(this.ports, this.#runner, this.#compiled(id).name, format, options, signal);
  }

  /** A cell's result while `use` looks at it: its table is in the engine, made first where it must be; nothing is written to the lake. */
  withResult<T>(id: string, use: (result: StoredResult) => Promise<T>, signal?: AbortSignal): Promise<T> {
    const {name, hash} = this.#compiled(id);
    const found = (): Promise<T> => {
      const result = this.#runner.known(hash);
      if (result === undefined) throw new ProblemError(cancelled);
      return use(result);
    };
    return this.#runner.query([name], [], found, signal);
  }

  /** The cell of a name, for the scripting API. */
  cellNamed(name: string): RunnableCell | undefined {
    return this.notebook.cells.find((cell): cell is RunnableCell => isRunnable(cell) && cell.name === name);
  }

  /** Runs a query of the user's own; it may name cells and the lake's tables. */
  async query(written: string): ReturnType<Ports['engine']['rows']> {
    unwrap(checkQuery(written));
    const {text, reads} = unwrap(lakeReads(written));
    if (reads.length > 0) await this.lake.refresh();
    const scope = new LakeScope(this.lake.byName, this.path);
    const sources = reads.map(({name, ...read}) => unwrap(scope.source({name: read.table, read, as: name}, 1)));
    await this.#cleared;
    return this.#runner.query(tablesRead(written, this.#tableNames), sources, () =>
      this.ports.engine.rows(query(text)),
    );
  }

  /** Names that a query may mention: every table cell's, and its rejects'. */
  get #tableNames(): string[] {
    return this.#plan.flatMap((cell) => (cell.ready && givesRows(cell.work) ? [cell.name, rejectsOf(cell.name)] : []));
  }

  notify(problem: Problem): void {
    this.notices = [...this.notices, {id: ++this.#lastNotice, problem}];
  }
  dismiss(id: number): void {
    this.notices = this.notices.filter((notice) => notice.id !== id);
  }
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((done) => {
    if (signal.aborted) done();
    else signal.addEventListener('abort', () => done(), {once: true});
  });

/** Between two drawings of a run, in milliseconds. */
const drawnEvery = 100;

/** Changes of the page that may wait for one another: it is drawn after each, and cells that take a moment would wait for that one after the other. */
function drawnTogether(): {readonly soon: (change: () => void) => void; readonly now: () => void} {
  const changes: (() => void)[] = [];
  let timer: ReturnType<typeof setTimeout> | undefined;
  const now = (): void => {
    clearTimeout(timer);
    timer = undefined;
    for (const change of changes.splice(0)) change();
  };
  return {
    soon(change) {
      changes.push(change);
      timer ??= setTimeout(now, drawnEvery);
    },
    now,
  };
}
