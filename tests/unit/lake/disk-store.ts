import {openAsBlob} from 'node:fs';
import {readdir, stat} from 'node:fs/promises';
import {join, relative, sep} from 'node:path';
import type {FileStore} from '../../../src/lake/file-store.ts';

const isMissing = (error: unknown) =>
  error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR');

async function orNull<T>(work: Promise<T>): Promise<T | null> {
  try {
    return await work;
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}

/** A folder of the disk to read from; nothing in it can be changed. */
export function diskStore(folder: string): FileStore {
  const refuse = () => Promise.reject(new Error('This store is only for reading.'));
  return {
    async read(path) {
      const found = await orNull(stat(join(folder, path)));
      if (found?.isFile() !== true) return null;
      return new File([await openAsBlob(join(folder, path))], path.split('/').at(-1) ?? path, {
        lastModified: Math.floor(found.mtimeMs),
      });
    },
    create: refuse,
    remove: refuse,
    async list(path) {
      const entries = await orNull(readdir(join(folder, path), {withFileTypes: true}));
      return (entries ?? []).filter((entry) => entry.isFile()).map((entry) => entry.name);
    },
    async walk(path) {
      const entries = await orNull(readdir(join(folder, path), {withFileTypes: true, recursive: true}));
      const files = (entries ?? []).filter((entry) => entry.isFile());
      return Promise.all(
        files.map(async (entry) => {
          const full = join(entry.parentPath, entry.name);
          const {size, mtimeMs} = await stat(full);
          return {
            path: relative(join(folder, path), full).split(sep).join('/'),
            bytes: size,
            modified: Math.floor(mtimeMs),
          };
        }),
      );
    },
  };
}
