import type {HandoverFile} from './define.ts';

/** Text files as one zip. */
export async function zipOf(files: readonly HandoverFile[]): Promise<Blob> {
  const zip = await import('@zip.js/zip.js/lib/zip-core-custom.js');
  zip.configure({useWebWorkers: false, useCompressionStream: true});
  const writer = new zip.ZipWriter(new zip.BlobWriter('application/zip'), {extendedTimestamp: true});
  for (const {path, text} of files) await writer.add(path, new zip.TextReader(text));
  return writer.close();
}
