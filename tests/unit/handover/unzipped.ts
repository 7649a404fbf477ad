import {BlobReader, Uint8ArrayWriter, ZipReader} from '@zip.js/zip.js';

/** The files of a zip, in its order. */
export async function unzipped(zip: Uint8Array): Promise<Map<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>();
  const reader = new ZipReader(new BlobReader(new Blob([zip.slice()])));
  for (const entry of await reader.getEntries())
    if (!entry.directory) files.set(entry.filename, await entry.getData(new Uint8ArrayWriter()));
  await reader.close();
  return files;
}
