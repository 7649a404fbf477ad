import {ProblemError} from '../lib/problem.ts';
import type {Encrypting, Encryption} from './define.ts';
import {detectEncrypted} from './detect.ts';
import {badEncryption, insecure, noPassphrase, notEncrypted} from './problems.ts';

/** What encrypts as it is told. Throws `ENCRYPTION`, `ENCRYPTION_PASSPHRASE`, `ENCRYPTION_KEY`, `ENCRYPTION_RECIPIENT` or `ENCRYPTION_UNAVAILABLE`. */
export async function encrypting(how: Encryption): Promise<Encrypting> {
  checkEncryption(how);
  if (how.as === 'age') {
    const {encryptAge} = await import('./age.ts');
    return encryptAge(how);
  }
  const {encryptFernet} = await import('./fernet.ts');
  return encryptFernet(how);
}

/** Scripts may give anything. */
function checkEncryption(how: Partial<Record<'as' | 'passphrase' | 'key' | 'recipients', unknown>>): void {
  requireSecure();
  if (how.as !== 'age' && how.as !== 'fernet') throw new ProblemError(badEncryption);
  if (how.passphrase === '') throw new ProblemError(noPassphrase);
  if (typeof how.passphrase === 'string') return;
  const {recipients} = how;
  const isWhole =
    how.as === 'fernet'
      ? typeof how.key === 'string'
      : Array.isArray(recipients) && recipients.length > 0 && recipients.every((one) => typeof one === 'string');
  if (!isWhole) throw new ProblemError(badEncryption);
}

/** What is in an encrypted file, piece by piece; it counts only once all of it was given. `onRead` gets bytes done, of how many; what it throws ends the work. */
export async function* decrypted(
  file: Blob,
  name: string,
  secret: string,
  onRead: (bytes: number, total: number) => void,
): AsyncGenerator<Uint8Array> {
  requireSecure();
  const found = await detectEncrypted(file);
  if (found === undefined) throw new ProblemError(notEncrypted(name));
  if (secret === '') throw new ProblemError(noPassphrase);
  if (found.as === 'age') {
    const {decryptAge} = await import('./age.ts');
    let done = 0;
    for await (const chunk of decryptAge(file, name, found, secret)) {
      onRead((done += chunk.length), file.size);
      yield chunk;
    }
  } else {
    const {decryptFernet} = await import('./fernet.ts');
    yield* decryptFernet(file, name, secret, (bytes) => onRead(bytes, 2 * file.size));
  }
}

function requireSecure(): void {
  // Pages that came over plain http have none.
  if ((globalThis.crypto.subtle as SubtleCrypto | undefined) === undefined) throw new ProblemError(insecure);
}
