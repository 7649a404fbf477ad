import type {ParamValue} from '../cells/define.ts';
import type {Problem} from '../lib/problem.ts';
import type {DashboardEdit, Tile} from './dashboard.ts';
import type {Notebook} from './define.ts';
import * as edit from './edit.ts';
import {History} from './history.ts';
import {inputsHeld, otherInputs, type HeldInput, type OtherInput} from './implicit.ts';
import type {NewCell} from './insert.ts';
import {parseNotebook, serializeNotebook} from './model.ts';
import {asked, decided, type Trust, type Want} from './trust.ts';
import type {KeptNotebook, Remembered, Workspace} from './workspace.ts';
import type {Writes} from './writes.ts';

/** What the open notebook tells whoever holds it. */
export interface DocumentEvents {
  /** Stops what runs of it; resolves once that has stopped. */
  stop(): Promise<void>;
  /** Another notebook is open. `ran` is what its cells did when they last ran. */
  onOpen(ran: ReadonlyMap<string, Remembered>): Promise<void>;
  /** The user deleted it: none is open. */
  onClose(): Promise<void>;
  /** The notebook is about to get another text. */
  onReplace(): void;
  /** Its text has changed, or what it may use. */
  onChange(): void;
  /** The files that it names may not be there yet. */
  onFilesNamed(): Promise<void>;
  onSaved(path: string, title: string): void;
  /** What its cells did when they last ran. */
  ran(): ReadonlyMap<string, Remembered>;
}

/** An edit is written after so many milliseconds, whatever edits follow. */
const autosaveDelay = 400;
/** What could not be written is tried again after so many milliseconds, until it can. */
const retryDelay = 2000;

/** The open notebook: its text with undo and saving, what it may use, which cells are selected. */
export class Document {
  notebook = $state.raw<Notebook>(parseNotebook(''));
  /** Its place in the workspace; '' when none is open. */
  path = $state('');
  saved = $state<'saved' | 'saving' | 'failed'>('saved');
  /** When saving first failed, while it does. */
  failedSince = $state.raw<Date | undefined>();
  selection = $state.raw<ReadonlySet<string>>(new Set());
  canUndo = $state(false);
  canRedo = $state(false);
  /** Undefined for a notebook of the user's own. */
  trust = $state.raw<Trust | undefined>();
  readonly title = $derived(this.notebook.title || 'Untitled notebook');
  /** What the notebook, being somebody else's, asks for. */
  readonly wants: readonly Want[] = $derived(this.trust === undefined ? [] : asked(this.trust, this.notebook));
  readonly undecided: readonly Want[] = $derived(
    this.wants.filter(({key}) => this.trust?.allowed.has(key) !== true && this.trust?.refused.has(key) !== true),
  );
  readonly #history = new History<Notebook>();
  #saveTimer: ReturnType<typeof setTimeout> | undefined;
  /** The notebook as the workspace has it. */
  #written: Notebook | undefined;
  /** Is told of cells whose input was written down, and of those that read another one than before. */
  onInputs: (held: readonly HeldInput[], others: readonly OtherInput[]) => void = () => undefined;

  constructor(
    private readonly workspace: Workspace,
    private readonly writes: Writes,
    private readonly events: DocumentEvents,
  ) {}

  // ---- opening

  async open(path: string, {notebook, ran, trust}: KeptNotebook): Promise<void> {
    await this.events.stop();
    await this.save();
    this.path = path;
    this.trust = trust;
    this.notebook = notebook;
    this.#written = notebook;
    [this.saved, this.failedSince] = ['saved', undefined];
    this.selection = new Set();
    this.#history.clear();
    this.#tellHistory();
    await this.events.onOpen(ran);
    await this.writes.keep(() => this.workspace.setOpen(path));
  }

  async close(): Promise<void> {
    await this.events.stop();
    await this.save();
    this.path = '';
    this.trust = undefined;
    this.notebook = parseNotebook('');
    this.#history.clear();
    this.#tellHistory();
    await this.events.onClose();
  }

  /** What the user says to these wants; those not `allowed` are refused. */
  async decide(shown: readonly Want[], allowed: ReadonlySet<string>): Promise<void> {
    if (this.trust === undefined) return;
    const {path} = this;
    const trust = decided(this.trust, shown, allowed);
    this.trust = trust;
    this.events.onChange();
    await this.writes.keep(() => this.workspace.writeTrust(path, trust));
    await this.events.onFilesNamed();
  }

  // ---- saving

  markdown(): string {
    return serializeNotebook(this.notebook);
  }

  /** Writes what is not written yet; writes follow one another, so the last one wins. */
  save(): Promise<void> {
    clearTimeout(this.#saveTimer);
    this.#saveTimer = undefined;
    const {path, notebook, title} = this;
    const ran = new Map(this.events.ran());
    return this.writes.next(async () => {
      if (path === '') return;
      if (notebook === this.#written) {
        // An edit that was undone before it was saved.
        if (this.notebook === notebook) [this.saved, this.failedSince] = ['saved', undefined];
        return;
      }
      const isKept = await this.writes.keep(async () => {
        await this.workspace.write(path, notebook);
        await this.workspace.writeRan(path, ran);
      }, this.failedSince !== undefined);
      if (isKept) this.#written = notebook;
      this.failedSince = isKept ? undefined : (this.failedSince ?? new Date());
      if (!isKept && this.writes.mayWrite) this.#saveTimer ??= setTimeout(() => void this.save(), retryDelay);
      if (this.notebook === notebook) {
        this.saved = isKept ? 'saved' : 'failed';
        if (isKept) this.workspace.forgetLeft();
      }
      this.events.onSaved(path, title);
    });
  }

  /** Saves all of it again: what was written is gone. */
  async saveAnew(): Promise<void> {
    this.#written = undefined;
    if (this.path !== '') await this.writes.keep(() => this.workspace.setOpen(this.path));
    await this.save();
  }

  /** Saves, with the edits that are made meanwhile. */
  async saveAll(): Promise<void> {
    for (let saved: Notebook | undefined; saved !== this.notebook;) {
      saved = this.notebook;
      await this.save();
    }
  }

  /** Saves as the page goes away, which may be before a write is through: what is unwritten is kept beside it. */
  leave(): void {
    if (this.path !== '' && this.notebook !== this.#written && this.writes.mayWrite)
      this.workspace.leave(this.path, this.notebook);
    void this.save();
  }

  /** Gives up what isn't saved: another tab has changed the workspace. */
  giveUp(): void {
    this.#written = this.notebook;
  }

  // ---- edits

  /** Shows the next state of the notebook; steps on one topic within a second are one for undo. */
  edit(next: Notebook, topic?: string): void {
    if (next === this.notebook) return;
    const before = this.notebook;
    this.#history.record(before, topic, Date.now());
    this.#show(next);
    // The user sees a parameter that he sets himself.
    const held = topic === undefined ? inputsHeld(before, next) : [];
    if (held.length > 0) this.onInputs(held, []);
  }

  #show(next: Notebook): void {
    this.notebook = next;
    this.#tellHistory();
    this.events.onChange();
    this.saved = 'saving';
    this.#saveTimer ??= setTimeout(() => void this.save(), autosaveDelay);
  }

  #tellHistory(): void {
    this.canUndo = this.#history.canUndo;
    this.canRedo = this.#history.canRedo;
  }

  undo(): void {
    const before = this.#history.undo(this.notebook);
    if (before !== undefined) this.#show(before);
  }
  redo(): void {
    const after = this.#history.redo(this.notebook);
    if (after !== undefined) this.#show(after);
  }

  /** Replaces the text with one of the user's own, keeping its place in the workspace. */
  async replaceMarkdown(text: string): Promise<void> {
    const notebook = parseNotebook(text);
    this.events.onReplace();
    const before = this.notebook;
    this.edit(notebook);
    this.tellOthers(before, notebook);
    const wants = this.wants;
    if (wants.length > 0) await this.decide(wants, new Set(wants.map(({key}) => key)));
    await this.events.onFilesNamed();
  }

  /** Tells which cells read another one than in the text before. */
  tellOthers(before: Notebook, after: Notebook): void {
    const others = otherInputs(before, after);
    if (others.length > 0) this.onInputs([], others);
  }

  setSource(id: string, source: string): void {
    this.edit(edit.setSource(this.notebook, id, source), `source ${id}`);
  }
  setText(id: string, markdown: string): void {
    this.edit(edit.setText(this.notebook, id, markdown), `source ${id}`);
  }
  setSql(id: string, text: string): void {
    this.edit(edit.setBody(this.notebook, id, text), `source ${id}`);
  }
  setValues(id: string, values: Readonly<Record<string, unknown>>): void {
    this.edit(edit.setValues(this.notebook, id, values), `${Object.keys(values).join()} ${id}`);
  }
  /** Renames a cell, or says why it can't have that name. */
  setName(id: string, name: string): Problem | undefined {
    const problem = edit.renameProblem(this.notebook, id, name);
    if (problem === undefined) this.edit(edit.rename(this.notebook, id, name));
    return problem;
  }
  setDisabled(ids: readonly string[], disabled: boolean): void {
    this.edit(edit.setDisabled(this.notebook, ids, disabled));
  }
  setTitle(title: string): void {
    this.edit(edit.setFront(this.notebook, {title}), 'title');
  }
  setParam(name: string, value: ParamValue): void {
    this.edit(edit.setFront(this.notebook, {params: {[name]: value}}), `param ${name}`);
  }
  /** Names a table of the lake otherwise in every cell that reads or writes it. */
  renameTable(from: string, to: string): void {
    this.edit(edit.renameTable(this.notebook, from, to));
  }
  /** The same notebook on another file: every cell that names the old one names the new one. */
  replaceFile(old: string, name: string): void {
    this.edit(edit.replaceFile(this.notebook, old, name));
  }
  editDashboard(change: DashboardEdit): void {
    this.edit(edit.setDashboard(this.notebook, change));
  }
  /** Adds tiles of these cells to the dashboard; a chart without a name gets the one it goes by, so that the tile can name it. */
  addTiles(
    tiles: readonly {
      readonly id: string;
      /** The name the cell goes by. */
      readonly name: string;
      readonly show: Tile['show'];
      readonly values?: Readonly<Record<string, unknown>>;
    }[],
  ): void {
    const named = tiles.reduce((notebook, {id, name}) => edit.rename(notebook, id, name), this.notebook);
    this.edit(
      edit.setDashboard(named, {
        do: 'add',
        tiles: tiles.map(({name, show, values}) => ({[show]: name, ...values})),
      }),
    );
  }

  /** Lets cells read the nearest table above again, whichever that is. */
  readNearest(ids: readonly string[]): void {
    this.edit(
      ids.reduce((notebook, id) => edit.setValues(notebook, id, {from: undefined}), this.notebook),
      'from',
    );
  }

  /** Inserts a cell after another one, or first when `afterId` is undefined; gives its id. */
  insert(afterId: string | undefined, newCell: NewCell): string | undefined {
    const inserted = edit.insert(this.notebook, afterId, newCell(this.notebook, afterId));
    this.edit(inserted.notebook);
    return inserted.id;
  }
  remove(ids: readonly string[]): void {
    this.edit(edit.remove(this.notebook, ids));
    this.selection = new Set();
  }
  duplicate(ids: readonly string[]): void {
    this.edit(edit.duplicate(this.notebook, ids));
  }
  move(ids: readonly string[], index: number): void {
    this.edit(edit.move(this.notebook, ids, index));
  }
  select(ids: Iterable<string>): void {
    this.selection = new Set(ids);
  }
}
