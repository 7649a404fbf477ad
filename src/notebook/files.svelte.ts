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
      const answer = await fetch(sampleFileUrl(name)).catch(() => undefined);
      // A single-page host answers unknown paths with its HTML page.
      if (answer?.ok === true && answer.headers.get('content-type')?.includes('text/html') !== true)
        await this.addAll([new File([await answer.blob()], name)]);
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
