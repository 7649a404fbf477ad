/**
 * How a file is encrypted: as an age file for a passphrase or for recipients (`age1…`), or as a Fernet token with a passphrase or a key
 * (32 bytes as base64url).
 */
export type Encryption =
  | {readonly as: 'age'; readonly passphrase: string}
  | {readonly as: 'age'; readonly recipients: readonly string[]}
  | {readonly as: 'fernet'; readonly passphrase: string}
  | {readonly as: 'fernet'; readonly key: string};

/** What opens an encrypted file, as far as its first bytes tell. */
export interface Encrypted {
  readonly as: Encryption['as'];
  /** An identity is what age calls a secret key. */
  readonly wants: 'passphrase' | 'identity' | 'key';
}

/** Plain bytes in, encrypted bytes out, in little memory. */
export interface Encrypting {
  readonly writable: WritableStream<Uint8Array>;
  readonly readable: ReadableStream<Uint8Array>;
}

/** An exported file by the name and type of what is in it or, encrypted, by those that say so. */
export function exportedAs(name: string, type: string, file: Blob, encrypt: Encryption | undefined): File {
  if (encrypt === undefined) return new File([file], name, {type});
  return new File([file], `${name}.${encrypt.as}`, {
    type: encrypt.as === 'age' ? 'application/octet-stream' : 'text/plain',
  });
}

/** The name without the ending that encryption gave it. */
export const decryptedName = (name: string): string => name.replace(/\.(age|fernet)$/i, '') || name;
