import type {FileAt} from '../contract/files.ts';
import type {OnProgress} from '../contract/files.ts';
import {requireRoom, withRoom} from '../files/room.ts';
import {fill, type Store} from '../files/store.ts';
import {readZip} from '../shared/zip.ts';
import {randomUUID} from '../../src/lib/uuid.ts';

/** A zip's files, each in a temporary file of its own; `discard` removes them. */
export interface Unpacked {
  readonly files: readonly FileAt[];
  discard(): Promise<void>;
}

/** Unpacks a zip among the temporary files; after a failure nothing of it is left. */
export async function unpackZip(store: Store, zip: File, onProgress: OnProgress): Promise<Unpacked> {
  const entries = await readZip(zip, zip.name);
  const total = entries.reduce((sum, {bytes}) => sum + bytes, 0);
  await requireRoom(store, total, zip.name);
  const files: FileAt[] = [];
  const made: string[] = [];
  const discard = async (): Promise<void> => {
    for (const path of made.splice(0)) await store.remove(path);
  };
  let done = 0;
  const counted = async function* (chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of chunks) {
      yield chunk;
      done += chunk.length;
      onProgress(done, total);
    }
  };
  try {
    for (const {path, chunks} of entries) {
      const place = `exports/${randomUUID()}`;
      made.push(place);
      files.push({
        path,
        file: await withRoom(store, zip.name, total, async () => fill(await store.create(place), counted(chunks()))),
      });
    }
    return {files, discard};
  } catch (thrown) {
    await discard();
    throw thrown;
  }
}
