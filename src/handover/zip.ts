import type {HandoverFile} from './define.ts';

/** Files as one zip. */
export async function zipOf(files: readonly HandoverFile[]): Promise<Blob> {
  const zip = await import('@zip.js/zip.js/lib/zip-core-custom.js');
  zip.configure({useWebWorkers: false, useCompressionStream: true});
  const writer = new zip.ZipWriter(new zip.BlobWriter('application/zip'), {extendedTimestamp: true});
  for (const file of files)
    await writer.add(file.path, 'text' in file ? new zip.TextReader(file.text) : new zip.BlobReader(file.data));
  return writer.close();
}
