import type {Encrypted} from './define.ts';

const startBytes = 1024;

/** Whether a file is encrypted in a way that is opened here, and what opens it; undefined when it doesn't start so. */
export async function detectEncrypted(file: Blob): Promise<Encrypted | undefined> {
  const bytes = new Uint8Array(await file.slice(0, startBytes).arrayBuffer());
  const start = new TextDecoder('latin1').decode(bytes);
  return age(start) ?? age(unarmored(start)) ?? fernet(start);
}

/** A file for a passphrase has that one recipient. */
function age(start: string): Encrypted | undefined {
  if (!start.startsWith('age-encryption.org/v1\n')) return undefined;
  return {as: 'age', wants: start.startsWith('-> scrypt ', 22) ? 'passphrase' : 'identity'};
}

/** The first bytes of an age file that is written as text. */
function unarmored(start: string): string {
  const [, line = ''] =
    /^\s*-----BEGIN AGE ENCRYPTED FILE-----\r?\n([A-Za-z0-9+/]{16,64})={0,2}\r?\n/.exec(start) ?? [];
  return atob(line.slice(0, line.length - (line.length % 4)));
}

/** A token starts with 0x80 and a time before the year 2106, and has no other letters than base64url's. */
function fernet(start: string): Encrypted | undefined {
  if (start.startsWith('fernet pbkdf2-hmac-sha256 ')) return {as: 'fernet', wants: 'passphrase'};
  return /^\s*gAAAAA[A-Za-z0-9_-]{90,}={0,2}\s*$/.test(start) ? {as: 'fernet', wants: 'key'} : undefined;
}
