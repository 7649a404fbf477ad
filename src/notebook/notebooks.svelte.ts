import {ProblemError} from '../lib/problem.ts';
import type {Document} from './document.svelte.ts';
import type {Notebook} from './define.ts';
import {parseNotebook} from './model.ts';
import {samples} from './samples.ts';
import {newTrust, type Origin, type Trust} from './trust.ts';
import type {NotebookEntry, Workspace} from './workspace.ts';
import type {Writes} from './writes.ts';

/** What the notebooks tell whoever holds them. */
export interface NotebooksEvents {
  /** A lesson is being opened, with its files: nothing of it can run before. */
  onOpening(opening: Promise<void>): void;
  /** A lesson comes into the workspace: the lesson on its own files where the user's go by their names. */
  onLesson(lesson: Notebook): Promise<Notebook>;
  /** The open notebook may name files that ship with the app. */
  onFilesNamed(): Promise<void>;
}

/** The workspace's notebooks: which there are, and how one of them, a shipped one or a text from elsewhere becomes the open one. */
export class Notebooks {
  list = $state.raw<readonly NotebookEntry[]>([]);
  /** Whether the open one ships with the app. */
  readonly isSample: boolean = $derived.by(() => samples.some((sample) => sample.path === this.document.path));

  constructor(
    private readonly workspace: Workspace,
    private readonly writes: Writes,
    private readonly document: Document,
    private readonly events: NotebooksEvents,
  ) {}

  async refresh(): Promise<void> {
    this.list = await this.workspace.list();
  }

  retitle(path: string, title: string): void {
    this.list = this.list.map((known) => (known.path === path && known.title !== title ? {...known, title} : known));
  }

  async open(path: string): Promise<void> {
    await this.document.save();
    const found = await this.workspace.read(path);
    if (found === undefined) return;
    await this.document.open(path, found);
  }

  async openLast(): Promise<void> {
    const last = await this.workspace.lastOpen();
    if (last !== undefined) await this.open(last);
  }

  /** Opens a shipped notebook: the user's own copy if there is one, else a new one with its data files. */
  openSample(path: string): Promise<void> {
    const opening = this.#openSample(path);
    this.events.onOpening(opening);
    return opening;
  }

  async #openSample(path: string): Promise<void> {
    if ((await this.workspace.read(path)) === undefined) await this.#placeSample(path);
    else await this.open(path);
    await this.events.onFilesNamed();
  }

  /** A shipped notebook back to its original; undo brings the user's version back. */
  async resetSample(): Promise<void> {
    const sample = samples.find((known) => known.path === this.document.path);
    if (sample !== undefined) this.document.edit(parseNotebook(await sample.text()));
    await this.events.onFilesNamed();
  }

  /** Opens an empty one. */
  async create(): Promise<void> {
    const path = await this.workspace.freePath('Untitled notebook');
    await this.#place(path, parseNotebook('---\nlakebook: 1\ntitle: Untitled notebook\n---\n\n'));
  }

  /** Opens a notebook's Markdown as a new notebook of the workspace: the user's own, or one that came `from` elsewhere and may use nothing yet. */
  async openMarkdown(text: string, name?: string, from?: Origin): Promise<void> {
    const before = this.document.notebook;
    const opened = parseNotebook(text);
    const title = opened.title || (name ?? 'notebook').replace(/\.md$/i, '');
    const reserved = from === undefined ? [] : samples.map((sample) => sample.path);
    await this.#place(
      await this.workspace.freePath(title, reserved),
      opened,
      from === undefined ? undefined : newTrust(from, text),
    );
    // The same notebook as it was edited elsewhere.
    if (opened.title !== '' && opened.title === before.title) this.document.tellOthers(before, opened);
    await this.events.onFilesNamed();
  }

  async remove(path: string): Promise<void> {
    if (path === this.document.path) await this.document.close();
    await this.workspace.remove(path);
    await this.refresh();
  }

  async #placeSample(path: string): Promise<void> {
    const sample = samples.find((known) => known.path === path);
    if (sample === undefined)
      throw new ProblemError({
        code: 'NOTEBOOK_NOT_FOUND',
        message: `No notebook called ${path} ships with the app.`,
        hint: 'Choose one from the list.',
      });
    await this.#place(path, await this.events.onLesson(parseNotebook(await sample.text())));
  }

  async #place(path: string, notebook: Notebook, trust?: Trust): Promise<void> {
    await this.writes.keep(async () => {
      if (trust !== undefined) await this.workspace.writeTrust(path, trust);
      await this.workspace.write(path, notebook);
    });
    await this.document.open(path, {notebook, ran: new Map(), trust});
    await this.refresh();
  }
}
