import {problemOf, type Problem} from '../lib/problem.ts';
import type {Encryption, Ports, StorageStatus, StoredFile} from '../ports/index.ts';
import type {DecryptedFile} from './encrypted.ts';
import type {Work} from './lake.svelte.ts';
import {previewFile, type FilePreview} from './preview.ts';
import {sampleFileUrl} from './samples.ts';

/** What the files tell whoever holds them. */
export interface FilesEvents {
  notify(problem: Problem): void;
  /** The list was read. */
  onFiles(): void;
  /** Does `work` while nothing else uses the engine. */
  alone<T>(work: () => Promise<T>): Promise<T>;
}

/** The workspace's data files: which there are, how they come in, how one reads, and what storage they take. */
export class Files {
  list = $state.raw<readonly StoredFile[]>([]);
  storage = $state.raw<StorageStatus | undefined>();
  /** The file that is being copied into the workspace. */
  adding = $state.raw<{readonly name: string; readonly bytes: number; readonly total: number} | undefined>();

  constructor(
    private readonly ports: Ports,
    private readonly events: FilesEvents,
  ) {}

  async refresh(): Promise<void> {
    this.list = await this.ports.storage.files();
    this.events.onFiles();
  }

  async refreshStatus(): Promise<void> {
    this.storage = await this.ports.storage.status();
  }

  /** Asks the browser to keep what is stored; true when it will. Call it from a gesture. */
  async persist(): Promise<boolean> {
    const granted = await this.ports.storage.persist();
    await this.refreshStatus();
    return granted;
  }

  /** Adds files one by one; one that can't be kept is told, the others come in. */
  async addAll(files: Iterable<File>): Promise<StoredFile[]> {
    const added: StoredFile[] = [];
    for (const file of files) {
      try {
        added.push(await this.add(file.name, file));
      } catch (thrown) {
        this.events.notify(problemOf(thrown));
      }
    }
    return added;
  }

  async add(name: string, data: Blob): Promise<StoredFile> {
    this.adding = {name, bytes: 0, total: data.size};
    try {
      return await this.ports.storage.addFile(name, data, (bytes) => (this.adding = {name, bytes, total: data.size}));
    } finally {
      this.adding = undefined;
      await this.refresh();
      await this.refreshStatus();
    }
  }

  /** Those of `names` that ship with the app come into the workspace where they aren't there. */
  async addShipped(names: Iterable<string>): Promise<void> {
    const missing = [...new Set(names)].filter((name) => !this.list.some((file) => file.name === name));
    for (const name of missing) {
      const shipped = await fetchShipped(name);
      if (shipped !== undefined) await this.addAll([shipped]);
    }
  }

  /**
   * Where the workspace has another file by a shipped one's name, the shipped one comes in beside it; gives the name it got, or undefined where
   * nothing is in its way.
   */
  async addBeside(name: string): Promise<string | undefined> {
    const known = this.list.find((file) => file.name === name);
    const shipped = known === undefined ? undefined : await fetchShipped(name);
    if (known === undefined || shipped === undefined || (await isSame(shipped, known.bytes, () => this.stored(name))))
      return undefined;
    for (let n = 1; ; n++) {
      const beside = name.replace(/(\.\w+)?$/, `_lesson${n === 1 ? '' : `_${n}`}$1`);
      const there = this.list.find((file) => file.name === beside);
      if (there === undefined) return (await this.add(beside, shipped)).name;
      if (await isSame(shipped, there.bytes, () => this.stored(beside))) return beside;
    }
  }

  async remove(name: string): Promise<void> {
    await this.ports.storage.removeFile(name);
    await this.refresh();
    await this.refreshStatus();
  }

  /** A file as it is stored. */
  stored(name: string): Promise<File> {
    return this.ports.storage.file(name);
  }

  preview(file: string, values: Readonly<Record<string, unknown>>, signal?: AbortSignal): Promise<FilePreview> {
    return this.events.alone(() => previewFile(this.ports, file, values, signal));
  }

  /** Encrypts a file that was made in the page, such as the notebook itself. */
  async encrypt(file: File, how: Encryption): Promise<File> {
    const {encryptFile} = await import('./encrypted.ts');
    return encryptFile(this.ports, file, how);
  }

  /** What is in an encrypted file, by its passphrase, key or age identity. */
  async decrypt(file: File, secret: string, work: Work = {}): Promise<DecryptedFile> {
    const {decryptFile} = await import('./encrypted.ts');
    return decryptFile(this.ports, file, secret, work);
  }

  /** About how many bits it takes to guess a passphrase. */
  passphraseBits(passphrase: string): Promise<number> {
    return this.ports.storage.passphraseBits(passphrase);
  }
}

/** A file that ships with the app. */
async function fetchShipped(name: string): Promise<File | undefined> {
  const answer = await fetch(sampleFileUrl(name)).catch(() => undefined);
  // A single-page host answers unknown paths with its HTML page.
  return answer?.ok === true && answer.headers.get('content-type')?.includes('text/html') !== true
    ? new File([await answer.blob()], name)
    : undefined;
}

/** Whether a stored file holds what `shipped` does; one of another size isn't read. */
async function isSame(shipped: Blob, bytes: number, stored: () => Promise<Blob>): Promise<boolean> {
  if (bytes !== shipped.size) return false;
  const [a, b] = await Promise.all(
    [shipped, await stored()].map(async (blob) => new Uint8Array(await blob.arrayBuffer())),
  );
  return a !== undefined && b !== undefined && a.every((byte, i) => byte === b[i]);
}
