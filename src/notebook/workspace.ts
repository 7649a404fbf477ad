import type {LastWords, StoragePort} from '../ports/index.ts';
import {alertsFile} from './alerts.svelte.ts';
import type {Notebook} from './define.ts';
import {parseNotebook, serializeNotebook} from './model.ts';
import type {RanCell} from '../run/define.ts';
import {readTrust, writeTrust, type Trust} from './trust.ts';

/** A cell's last run, kept across reloads, and the hash it had: another hash now means that it is stale. */
export interface Remembered {
  readonly hash: string;
  readonly ran: RanCell;
}

export interface NotebookEntry {
  readonly path: string;
  readonly title: string;
}

const folder = 'notebooks';
const fileOf = (path: string): string => `${folder}/${path}.md`;
const stateOf = (path: string): string => `state/${path}.json`;
/** There for notebooks that aren't the user's own. Never in an exported workspace: what was decided here holds nowhere else. */
const trustOf = (path: string): string => `trust/${path}.json`;
const openFile = 'open.json';

/** A notebook as the workspace keeps it; `trust` is undefined for the user's own. */
export interface KeptNotebook {
  readonly notebook: Notebook;
  readonly ran: ReadonlyMap<string, Remembered>;
  readonly trust: Trust | undefined;
}

/** What the workspace keeps of notebooks: their Markdown, the last runs, what those from elsewhere may use, which one was open. */
export class Workspace {
  constructor(
    private readonly storage: StoragePort,
    private readonly lastWords: LastWords,
  ) {}

  async list(): Promise<NotebookEntry[]> {
    const files = await this.storage.listTexts(folder);
    const entries = await Promise.all(
      files.map(async (file) => {
        const path = file.slice(folder.length + 1).replace(/\.md$/, '');
        return {path, title: parseNotebook((await this.storage.readText(fileOf(path))) ?? '').title || path};
      }),
    );
    return entries.sort((a, b) => a.title.localeCompare(b.title));
  }

  async read(path: string): Promise<KeptNotebook | undefined> {
    const text = await this.storage.readText(fileOf(path));
    if (text === null) return undefined;
    const trust = await this.storage.readText(trustOf(path));
    return {
      notebook: parseNotebook(text),
      ran: readState(await this.storage.readText(stateOf(path))),
      trust: trust === null ? undefined : readTrust(trust, text),
    };
  }

  async write(path: string, notebook: Notebook): Promise<void> {
    await this.storage.writeText(fileOf(path), serializeNotebook(notebook));
  }

  /** Keeps a notebook that isn't written yet while the page goes away; `takeLeft` writes it when one opens again. */
  leave(path: string, notebook: Notebook): void {
    this.lastWords.write(JSON.stringify({path, text: serializeNotebook(notebook)}));
  }
  forgetLeft(): void {
    this.lastWords.write(null);
  }
  async takeLeft(): Promise<void> {
    const left = readLeft(this.lastWords.read());
    if (left === undefined) return;
    await this.storage.writeText(fileOf(left.path), left.text);
    this.forgetLeft();
  }

  /** To be written before the notebook is: without it, the text is the user's own. */
  async writeTrust(path: string, trust: Trust): Promise<void> {
    await this.storage.writeText(trustOf(path), writeTrust(trust));
  }

  async writeRan(path: string, ran: ReadonlyMap<string, Remembered>): Promise<void> {
    await this.storage.writeText(stateOf(path), JSON.stringify([...ran]));
  }

  async remove(path: string): Promise<void> {
    await this.storage.removeText(fileOf(path));
    await this.storage.removeText(stateOf(path));
    await this.storage.removeText(trustOf(path));
    await this.storage.removeText(alertsFile(path));
  }

  async lastOpen(): Promise<string | undefined> {
    try {
      const found: unknown = JSON.parse((await this.storage.readText(openFile)) ?? 'null');
      return typeof found === 'string' ? found : undefined;
    } catch {
      return undefined;
    }
  }

  async setOpen(path: string): Promise<void> {
    await this.storage.writeText(openFile, JSON.stringify(path));
  }

  /** A path for a new notebook that no other has, nor any of `reserved`. */
  async freePath(title: string, reserved: readonly string[] = []): Promise<string> {
    const stem =
      title
        .toLowerCase()
        .replace(/[^\p{L}\p{N}]+/gu, '-')
        .replace(/^-|-$/g, '') || 'notebook';
    const taken = new Set([...reserved, ...(await this.list()).map((entry) => entry.path)]);
    for (let n = 1; ; n++) {
      const path = n === 1 ? stem : `${stem}-${n}`;
      if (!taken.has(path)) return path;
    }
  }
}

function readLeft(text: string | null): {readonly path: string; readonly text: string} | undefined {
  try {
    const left: unknown = JSON.parse(text ?? 'null');
    if (typeof left !== 'object' || left === null || !('path' in left) || !('text' in left)) return undefined;
    return typeof left.path === 'string' && typeof left.text === 'string'
      ? {path: left.path, text: left.text}
      : undefined;
  } catch {
    return undefined;
  }
}

/** A damaged state file only costs the stale marks. */
function readState(text: string | null): ReadonlyMap<string, Remembered> {
  try {
    // Written by `writeRan`; a wrong shape is caught below.
    return new Map(JSON.parse(text ?? '[]') as [string, Remembered][]);
  } catch {
    return new Map();
  }
}
