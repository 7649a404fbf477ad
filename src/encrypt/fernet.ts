import {hmac} from '@noble/hashes/hmac.js';
import {sha256} from '@noble/hashes/sha2.js';
import {joinBytes} from '../lib/bytes.ts';
import {ProblemError} from '../lib/problem.ts';
import {Base64UrlEncoder, decodeBase64Url, encodeBase64Url} from './base64url.ts';
import type {Encrypting} from './define.ts';
import {badKey, cutShort, damaged, wrongKey, wrongPassphrase} from './problems.ts';

// A token (github.com/fernet/spec): 0x80, seconds since 1970 in 8 bytes, IV in 16, AES-128-CBC with PKCS #7 padding, HMAC-SHA256 of all
// that in 32; the whole in base64url.
const version = 0x80;
const headBytes = 25;
const macBytes = 32;
const block = 16;
/** Divides by 4: a slice of text is whole groups. */
const sliceChars = 4 << 20;

/** What `cryptography` recommends for PBKDF2-HMAC-SHA256. */
const rounds = 1_200_000;
/** More would be a file made to keep the page busy. */
const mostRounds = 20_000_000;
/** The line before a token whose key comes from a passphrase: method, rounds, salt. */
const headLine = /^fernet pbkdf2-hmac-sha256 (\d{1,9}) ([A-Za-z0-9_-]{4,128}={0,2})\r?\n/;
const headLineBytes = 256;

type Secret = {readonly key: string} | {readonly passphrase: string};

/** What a test fixes: the time in seconds and the IV. */
interface Fixed {
  readonly seconds: number;
  readonly iv: Uint8Array<ArrayBuffer>;
}

/** A new key, 32 random bytes as base64url. */
export const newFernetKey = (): string => encodeBase64Url(crypto.getRandomValues(new Uint8Array(32)));

interface Keys {
  readonly signing: Uint8Array;
  readonly aes: CryptoKey;
}

/** Throws `ENCRYPTION_KEY`. */
async function keysOf(key: string): Promise<Keys> {
  const text = key.trim();
  const bytes = decodeBase64Url(new TextEncoder().encode(text.length === 43 ? `${text}=` : text));
  if (bytes?.length !== 32) throw new ProblemError(badKey);
  return {
    signing: bytes.slice(0, 16),
    aes: await crypto.subtle.importKey('raw', bytes.slice(16), 'AES-CBC', false, ['encrypt', 'decrypt']),
  };
}

async function derivedKey(passphrase: string, salt: Uint8Array<ArrayBuffer>, iterations: number): Promise<string> {
  const material = await crypto.subtle.importKey('raw', new TextEncoder().encode(passphrase), 'PBKDF2', false, [
    'deriveBits',
  ]);
  return encodeBase64Url(
    new Uint8Array(await crypto.subtle.deriveBits({name: 'PBKDF2', hash: 'SHA-256', salt, iterations}, material, 256)),
  );
}

/**
 * One token of any length, piece by piece: each piece is a CBC message of its own that starts from the last block of the one before.
 * With a passphrase a line with salt and rounds stands before the token. Throws `ENCRYPTION_KEY`.
 */
export async function encryptFernet(secret: Secret, fixed?: Fixed): Promise<Encrypting> {
  const {seconds, iv} = fixed ?? {
    seconds: Math.floor(Date.now() / 1000),
    iv: crypto.getRandomValues(new Uint8Array(block)),
  };
  const salt = crypto.getRandomValues(new Uint8Array(block));
  const {signing, aes} = await keysOf('key' in secret ? secret.key : await derivedKey(secret.passphrase, salt, rounds));
  const mac = hmac.create(sha256, signing);
  const base64 = new Base64UrlEncoder();
  let last = iv;
  let rest = new Uint8Array();

  const signed = (bytes: Uint8Array): Uint8Array => {
    mac.update(bytes);
    return base64.push(bytes);
  };
  const encrypted = async (bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> =>
    new Uint8Array(await crypto.subtle.encrypt({name: 'AES-CBC', iv: last}, aes, bytes));

  return new TransformStream<Uint8Array, Uint8Array>({
    start(controller) {
      if ('passphrase' in secret)
        controller.enqueue(new TextEncoder().encode(`fernet pbkdf2-hmac-sha256 ${rounds} ${encodeBase64Url(salt)}\n`));
      const head = new Uint8Array(headBytes);
      head[0] = version;
      new DataView(head.buffer).setBigUint64(1, BigInt(seconds));
      head.set(iv, 9);
      controller.enqueue(signed(head));
    },
    async transform(chunk, controller) {
      const bytes = joinBytes([rest, chunk]);
      const whole = bytes.length - (bytes.length % block);
      rest = bytes.slice(whole);
      if (whole === 0) return;
      // The padding that WebCrypto adds is the last block: here more is to come.
      const out = (await encrypted(bytes.subarray(0, whole))).subarray(0, whole);
      last = out.slice(-block);
      controller.enqueue(signed(out));
    },
    async flush(controller) {
      controller.enqueue(signed(await encrypted(rest)));
      controller.enqueue(base64.push(mac.digest()));
      controller.enqueue(base64.end());
    },
  });
}

/** The token of a file that may have a head line before it and blanks around it. */
interface Found {
  readonly token: Blob;
  readonly derived: {readonly rounds: number; readonly salt: Uint8Array<ArrayBuffer>} | undefined;
  /** Decoded. */
  readonly bytes: number;
}

async function find(file: Blob, name: string): Promise<Found> {
  const start = await file.slice(0, headLineBytes).text();
  const [line = '', iterations, salt = ''] = headLine.exec(start) ?? [];
  const saltBytes = decodeBase64Url(new TextEncoder().encode(salt));
  if (saltBytes === undefined || Number(iterations) > mostRounds || Number(iterations) === 0)
    throw new ProblemError(damaged(name));
  const tail = await file.slice(Math.max(line.length, file.size - headLineBytes)).text();
  const end = file.size - (tail.length - tail.trimEnd().length);
  const token = file.slice(line.length + (line === '' ? start.length - start.trimStart().length : 0), end);
  const padding = /={0,2}$/.exec(tail.trimEnd())?.[0].length ?? 0;
  const bytes = (token.size / 4) * 3 - padding;
  if (token.size % 4 !== 0 || bytes < headBytes + block + macBytes || (bytes - headBytes - macBytes) % block !== 0)
    throw new ProblemError(cutShort(name));
  return {token, bytes, derived: line === '' ? undefined : {rounds: Number(iterations), salt: saltBytes}};
}

/**
 * What is in a token: read twice, so that no byte is given before the whole of it is known to be genuine. `onRead` gets the letters read, of twice
 * the file. Throws `ENCRYPTED_WRONG_KEY`, `ENCRYPTED_CUT_SHORT`, `ENCRYPTED_DAMAGED` or `ENCRYPTION_KEY`.
 */
export async function* decryptFernet(
  file: Blob,
  name: string,
  secret: string,
  onRead: (chars: number) => void = () => undefined,
): AsyncGenerator<Uint8Array> {
  const {token, derived, bytes} = await find(file, name);
  const {signing, aes} = await keysOf(
    derived === undefined ? secret : await derivedKey(secret, derived.salt, derived.rounds),
  );
  await verify(token, bytes, signing, name, derived === undefined, onRead);

  let last = new Uint8Array(block);
  let at = 0;
  let rest = new Uint8Array();
  const end = bytes - macBytes;
  for await (const chunk of decoded(token, name, (chars) => onRead(token.size + chars))) {
    let piece = chunk.subarray(0, Math.max(0, end - at));
    if (at === 0) {
      last = piece.slice(9, headBytes);
      piece = piece.subarray(headBytes);
    }
    at += chunk.length;
    const all = joinBytes([rest, piece]);
    const isLast = at >= end;
    // The last block waits for the end: it has the padding.
    const whole = isLast ? all.length : Math.max(0, all.length - (all.length % block) - block);
    rest = all.slice(whole);
    if (whole === 0) continue;
    const input = all.subarray(0, whole);
    yield isLast ? await unpadded(aes, last, input, name) : await withoutPadding(aes, last, input);
    if (isLast) return;
    last = input.slice(-block);
  }
}

async function verify(
  token: Blob,
  bytes: number,
  signing: Uint8Array,
  name: string,
  isKey: boolean,
  onRead: (chars: number) => void,
): Promise<void> {
  const mac = hmac.create(sha256, signing);
  const end = bytes - macBytes;
  const given = new Uint8Array(macBytes);
  let at = 0;
  for await (const chunk of decoded(token, name, onRead)) {
    if (at === 0 && chunk[0] !== version) throw new ProblemError(damaged(name));
    const signed = chunk.subarray(0, Math.max(0, end - at));
    mac.update(signed);
    if (signed.length < chunk.length) given.set(chunk.subarray(signed.length), at + signed.length - end);
    at += chunk.length;
  }
  // Every byte is looked at, whatever the ones before say.
  const difference = mac.digest().reduce((sum, byte, i) => sum | (byte ^ (given[i] ?? 0)), 0);
  if (difference !== 0) throw new ProblemError(isKey ? wrongKey(name) : wrongPassphrase(name));
}

async function* decoded(
  token: Blob,
  name: string,
  onRead: (chars: number) => void,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  for (let at = 0; at < token.size; at += sliceChars) {
    const bytes = decodeBase64Url(new Uint8Array(await token.slice(at, at + sliceChars).arrayBuffer()));
    if (bytes === undefined || (at + sliceChars < token.size && bytes.length !== (sliceChars / 4) * 3))
      throw new ProblemError(damaged(name));
    onRead(Math.min(at + sliceChars, token.size));
    yield bytes;
  }
}

async function unpadded(
  aes: CryptoKey,
  iv: Uint8Array<ArrayBuffer>,
  bytes: Uint8Array<ArrayBuffer>,
  name: string,
): Promise<Uint8Array> {
  try {
    return new Uint8Array(await crypto.subtle.decrypt({name: 'AES-CBC', iv}, aes, bytes));
  } catch (cause) {
    throw new ProblemError(damaged(name), {cause});
  }
}

/** WebCrypto takes padding off: a block that decrypts to nothing but padding goes behind, and that is the encryption of nothing. */
async function withoutPadding(
  aes: CryptoKey,
  iv: Uint8Array<ArrayBuffer>,
  bytes: Uint8Array<ArrayBuffer>,
): Promise<Uint8Array> {
  const padding = new Uint8Array(
    await crypto.subtle.encrypt({name: 'AES-CBC', iv: bytes.slice(-block)}, aes, new Uint8Array()),
  );
  return new Uint8Array(await crypto.subtle.decrypt({name: 'AES-CBC', iv}, aes, joinBytes([bytes, padding])));
}
