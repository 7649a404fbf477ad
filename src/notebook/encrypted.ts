import {decryptedName, exportedAs} from '../encrypt/define.ts';
import type {Encryption, Ports} from '../ports/index.ts';
import {bytesTo, type Work} from './lake.svelte.ts';

const pieceBytes = 4 << 20;

/** A file that was made in the page, encrypted. */
export async function encryptFile({storage}: Pick<Ports, 'storage'>, file: File, encrypt: Encryption): Promise<File> {
  const sink = await storage.openBytes(encrypt);
  try {
    for (let at = 0; at < file.size; at += pieceBytes)
      await sink.write(new Uint8Array(await file.slice(at, at + pieceBytes).arrayBuffer()));
    return exportedAs(file.name, file.type, await sink.close(), encrypt);
  } catch (thrown) {
    await sink.discard();
    throw thrown;
  }
}

/** What is in an encrypted file; `close` removes it from the browser's storage. */
export interface DecryptedFile {
  readonly file: File;
  close(): Promise<void>;
}

/** Decrypts a file with its passphrase, key or age identity; nothing is left of one that can't be decrypted whole. */
export async function decryptFile(
  {storage}: Pick<Ports, 'storage'>,
  file: File,
  secret: string,
  work: Work,
): Promise<DecryptedFile> {
  const found = await storage.decrypt(file, file.name, secret, bytesTo(work), {signal: work.signal});
  const name = decryptedName(file.name);
  // Who encrypted it may have given it any name.
  const isZip = !/\.[^.]+$/.test(name) && (await found.slice(0, 4).text()) === 'PK\x03\x04';
  return {file: new File([found], isZip ? `${name}.zip` : name), close: () => storage.removeExport(found.name)};
}
