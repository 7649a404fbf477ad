import {sha256} from '@noble/hashes/sha2.js';
import {bytesToHex} from '@noble/hashes/utils.js';
import {contentHash} from '../../src/lib/hash.ts';
import {ProblemError} from '../../src/lib/problem.ts';
import {closest} from '../../src/lib/text.ts';
import type {StoredFile} from '../contract/storage.ts';
import {readChunks} from '../shared/bytes.ts';
import {createUtf8Check, wideCodec, type Utf8Verdict} from './encoding.ts';
import {isGzip} from './gzip.ts';
import {requireRoom, withRoom} from '../files/room.ts';
import {binaryFormat, headBytes} from './sniff.ts';
import {fill, unfinished, type Store} from '../files/store.ts';

/** A file of the workspace as the index keeps it. */
export interface Entry extends StoredFile {
  /** Where its bytes are in the store; another content has another path, so a file that is being read is never written. */
  readonly path: string;
  /** What the check while copying found; `valid` for what isn't 8-bit text. */
  readonly utf8: Utf8Verdict;
}

const indexPath = 'files/index.json';
/** Files up to this size are fingerprinted by their whole content, so adding the same file again changes nothing. */
const wholeHashBytes = 4 << 20;

/**
 * The workspace's files over a store. The index in the store decides what there is; it is read each time, so that several
 * tabs agree, and what it doesn't list is cleared when the first tab opens.
 */
export class Workspace {
  private constructor(readonly store: Store) {}

  /** One task at a time, in all tabs together. */
  readonly #inTurn = <T>(task: () => Promise<T>): Promise<T> => this.store.locks.exclusive('files', task);

  static async open(store: Store): Promise<Workspace> {
    const workspace = new Workspace(store);
    await store.locks.whenFirst('open', () => workspace.#clear());
    return workspace;
  }

  async files(): Promise<readonly StoredFile[]> {
    return [...(await this.#entries()).values()].map(storedFile);
  }

  /** The entry and bytes of a file; throws `FILE_NOT_FOUND`. */
  async read(name: string): Promise<{entry: Entry; file: File}> {
    const entries = await this.#entries();
    const entry = entries.get(name);
    const file = entry === undefined ? null : await this.store.read(entry.path);
    if (entry === undefined || file === null) {
      const similar = closest(name, [...entries.keys()]);
      throw new ProblemError({
        code: 'FILE_NOT_FOUND',
        message: `There is no file ${name} in the workspace.`,
        hint:
          similar === undefined
            ? 'Drop it onto the page, or pick it under Files.'
            : `Did you mean ${similar}? Otherwise drop the file onto the page.`,
        where: {file: name},
      });
    }
    return {entry, file};
  }

  /** Copies `data` into the workspace by streaming; an earlier file of the name stays until the copy is whole. */
  add(name: string, data: Blob, onProgress: (bytes: number) => void): Promise<StoredFile> {
    return this.#inTurn(async () => {
      await requireRoom(this.store, data.size, name);
      const addedAt = Date.now();
      const fingerprint = await fingerprintOf(name, data, addedAt);
      const path = `files/${slug(name)}-${fingerprint}`;
      const utf8 = await withRoom(this.store, name, data.size, () => this.#copy(data, path, onProgress));
      const entry: Entry = {name, bytes: data.size, fingerprint, addedAt, path, utf8};
      const entries = await this.#entries();
      const earlier = entries.get(name);
      try {
        await this.#save(entries.set(name, entry));
      } catch (thrown) {
        if (earlier?.path !== path) await this.store.remove(path);
        throw thrown;
      }
      if (earlier !== undefined && earlier.fingerprint !== fingerprint) await this.#removeContent(earlier);
      return storedFile(entry);
    });
  }

  remove(name: string): Promise<void> {
    return this.#inTurn(async () => {
      const entries = await this.#entries();
      const entry = entries.get(name);
      if (entry === undefined) return;
      entries.delete(name);
      await this.#save(entries);
      await this.#removeContent(entry);
    });
  }

  async #copy(data: Blob, path: string, onProgress: (bytes: number) => void): Promise<Utf8Verdict> {
    const head = new Uint8Array(await data.slice(0, headBytes).arrayBuffer());
    const check =
      isGzip(head) || binaryFormat(head) !== undefined || wideCodec(head) !== undefined ? undefined : createUtf8Check();
    const checked = async function* (): AsyncGenerator<Uint8Array> {
      for await (const chunk of readChunks(data, onProgress)) {
        check?.push(chunk);
        yield chunk;
      }
    };
    await fill(await this.store.create(path), checked());
    return check?.end() ?? 'valid';
  }

  async #entries(): Promise<Map<string, Entry>> {
    const index = (await (await this.store.read(indexPath))?.text()) ?? '';
    // Where files can't be moved into place, the first index is empty until it is written. The cast: this class alone writes it.
    const entries = index === '' ? [] : (JSON.parse(index) as readonly Entry[]);
    return new Map(entries.map((entry) => [entry.name, entry]));
  }

  async #save(entries: ReadonlyMap<string, Entry>): Promise<void> {
    const index = new TextEncoder().encode(JSON.stringify([...entries.values()]));
    const write = async function* (): AsyncGenerator<Uint8Array> {
      yield index;
    };
    await withRoom(this.store, 'the list of files', index.length, async () =>
      fill(await this.store.create(indexPath), write()),
    );
  }

  async #removeContent(entry: Entry): Promise<void> {
    await this.store.remove(entry.path);
    for (const name of await this.store.list('derived'))
      if (name.startsWith(entry.fingerprint)) await this.store.remove(`derived/${name}`);
  }

  /** Clears what an ended page left: exports, files that were never finished, and those that no entry names. */
  async #clear(): Promise<void> {
    const kept = [...(await this.#entries()).values()];
    const paths = new Set([indexPath, ...kept.map(({path}) => path)]);
    const remove = async (folder: string, isKept: (name: string) => boolean): Promise<void> => {
      // Another tab may hold one open: it stays until the next start.
      for (const name of await this.store.list(folder))
        if (!isKept(name)) await this.store.remove(`${folder}/${name}`).catch(() => undefined);
    };
    await remove(unfinished, () => false);
    await remove('exports', () => false);
    await remove('files', (name) => paths.has(`files/${name}`));
    await remove('derived', (name) => kept.some(({fingerprint}) => name.startsWith(fingerprint)));
  }
}

const storedFile = ({name, bytes, fingerprint, addedAt}: Entry): StoredFile => ({name, bytes, fingerprint, addedAt});

/** Small files by name and content; large ones by name, size, the time they were added and their first, middle and last bytes. */
async function fingerprintOf(name: string, data: Blob, addedAt: number): Promise<string> {
  const hash = async (blob: Blob): Promise<string> => bytesToHex(sha256(new Uint8Array(await blob.arrayBuffer())));
  if (data.size <= wholeHashBytes) return contentHash([name, await hash(data)]);
  const part = 64 << 10;
  const middle = Math.floor(data.size / 2);
  const sample = new Blob([data.slice(0, part), data.slice(middle, middle + part), data.slice(-part)]);
  return contentHash([name, data.size, addedAt, await hash(sample)]);
}

/** A name that can be recognised among the browser's own files. */
const slug = (name: string): string =>
  name
    .replace(/[^A-Za-z0-9._-]+/g, '_')
    .slice(0, 60)
    .replace(/^\.+/, '');
