import {armor, Decrypter, Encrypter} from 'age-encryption';
import {chunksOf} from '../lib/bytes.ts';
import {ProblemError, type Problem} from '../lib/problem.ts';
import type {Encrypted, Encrypting} from './define.ts';
import {
  armorTooLarge,
  badIdentity,
  badRecipient,
  damaged,
  secretAsRecipient,
  tooHard,
  wrongIdentity,
  wrongPassphrase,
} from './problems.ts';

type Secret = {readonly passphrase: string} | {readonly recipients: readonly string[]};

/** An age file (age-encryption.org/v1), in chunks of 64 KiB. Throws `ENCRYPTION_RECIPIENT`. */
export async function encryptAge(secret: Secret): Promise<Encrypting> {
  const encrypter = new Encrypter();
  if ('passphrase' in secret) encrypter.setPassphrase(secret.passphrase);
  else for (const recipient of secret.recipients) addRecipient(encrypter, recipient.trim());
  const {writable, readable} = new TransformStream<Uint8Array, Uint8Array>();
  return {writable, readable: await encrypter.encrypt(readable)};
}

function addRecipient(encrypter: Encrypter, recipient: string): void {
  if (/^AGE-SECRET-KEY-/i.test(recipient)) throw new ProblemError(secretAsRecipient);
  try {
    encrypter.addRecipient(recipient);
  } catch (cause) {
    throw new ProblemError(badRecipient(recipient), {cause});
  }
}

/** The lines of an identity file that are identities. Throws `ENCRYPTION_IDENTITY` when there is none. */
function addIdentities(decrypter: Decrypter, text: string): void {
  const identities = text.split(/\s+/).filter((word) => /^AGE-SECRET-KEY-/i.test(word));
  if (identities.length === 0) throw new ProblemError(badIdentity);
  for (const identity of identities) {
    try {
      decrypter.addIdentity(identity.toUpperCase());
    } catch (cause) {
      throw new ProblemError(badIdentity, {cause});
    }
  }
}

/**
 * What is in an age file, chunk by chunk, each of them genuine; that the file is whole is known only at the end, so what was given has to be thrown away
 * when this throws: `ENCRYPTED_WRONG_KEY`, `ENCRYPTED_DAMAGED`, `ENCRYPTED_TOO_HARD` or `ENCRYPTION_IDENTITY`.
 */
export async function* decryptAge(
  file: Blob,
  name: string,
  {wants}: Pick<Encrypted, 'wants'>,
  secret: string,
): AsyncGenerator<Uint8Array> {
  const decrypter = new Decrypter();
  if (wants === 'passphrase') decrypter.addPassphrase(secret);
  else addIdentities(decrypter, secret);

  const plain = await opened(decrypter, (await binary(file, name)).stream(), name, wants);
  let given = 0;
  try {
    for await (const chunk of chunksOf(plain)) {
      given += chunk.length;
      yield chunk;
    }
  } catch (cause) {
    throw new ProblemError(damaged(name, given), {cause});
  }
}

async function opened(
  decrypter: Decrypter,
  file: ReadableStream<Uint8Array>,
  name: string,
  wants: Encrypted['wants'],
): Promise<ReadableStream<Uint8Array>> {
  try {
    return await decrypter.decrypt(file);
  } catch (cause) {
    throw new ProblemError(refusal(cause instanceof Error ? cause.message : '', name, wants), {cause});
  }
}

/** The library's reasons are sentences. */
function refusal(reason: string, name: string, wants: Encrypted['wants']): Problem {
  if (/no identity matched/.test(reason)) return wants === 'passphrase' ? wrongPassphrase(name) : wrongIdentity(name);
  return /work factor is too high/.test(reason) ? tooHard(name) : damaged(name);
}

const armorStart = '-----BEGIN AGE ENCRYPTED FILE-----';
const mostArmorBytes = 64 << 20;

/** An age file as text (PEM) becomes bytes; that form is for short messages, so it is read at once. */
async function binary(file: Blob, name: string): Promise<Blob> {
  if (!isArmored(await file.slice(0, 1024).text())) return file;
  if (file.size > mostArmorBytes) throw new ProblemError(armorTooLarge(name));
  try {
    const bytes = armor.decode(await file.text());
    // The cast: what was decoded here lies on the heap.
    return new Blob([bytes as Uint8Array<ArrayBuffer>]);
  } catch (cause) {
    throw new ProblemError(damaged(name), {cause});
  }
}

const isArmored = (start: string): boolean => start.trimStart().startsWith(armorStart);
