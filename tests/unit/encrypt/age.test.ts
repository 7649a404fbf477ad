import {createHash} from 'node:crypto';
import {inflateSync} from 'node:zlib';
import {armor, generateX25519Identity, identityToRecipient} from 'age-encryption';
import * as vectors from 'cctv-age';
import fc from 'fast-check';
import {describe, expect, test} from 'vitest';
import {decryptAge} from '../../../src/encrypt/age.ts';
import {detectEncrypted} from '../../../src/encrypt/detect.ts';
import {bytesOf, decrypt, encrypt, gather, refusal, tampered} from './bytes.ts';

interface Vector {
  readonly expect: string;
  readonly payload: string | undefined;
  readonly secret: string;
  readonly wants: 'passphrase' | 'identity';
  readonly file: Blob;
}

/** A vector is lines of fields, an empty line, and the file. */
function vectorOf(content: Uint8Array): Vector {
  const text = Buffer.from(content).toString('latin1');
  const end = text.indexOf('\n\n');
  const fields = text.slice(0, end).split('\n');
  const all = (name: string): string[] =>
    fields.flatMap((line) => (line.startsWith(`${name}: `) ? [line.slice(name.length + 2)] : []));
  const body = content.slice(end + 2);
  const [passphrase] = all('passphrase');
  return {
    expect: all('expect')[0] ?? '',
    payload: all('payload')[0],
    secret: passphrase ?? all('identity').join('\n'),
    wants: passphrase === undefined ? 'identity' : 'passphrase',
    file: new Blob([all('compressed')[0] === 'zlib' ? new Uint8Array(inflateSync(body)) : body]),
  };
}

// github.com/C2SP/CCTV: what every implementation of age has to read, and what none may.
describe('the testkit', () => {
  const named = Object.entries(vectors).map(([name, content]) => [name, vectorOf(content)] as const);
  test('is there', () => expect(named.length).toBeGreaterThan(100));

  test.each(named)('%s', async (_name, vector) => {
    const work = gather(decryptAge(vector.file, 'a.bin', vector, vector.secret));
    if (vector.expect !== 'success') {
      await expect(work).rejects.toMatchObject({problem: {code: /^ENCRYPTED_(WRONG_KEY|DAMAGED|TOO_HARD)$/}});
      return;
    }
    const plain = new Uint8Array(await (await work).arrayBuffer());
    expect(createHash('sha256').update(plain).digest('hex')).toBe(vector.payload);
  });
});

const identity = await generateX25519Identity();
const recipient = await identityToRecipient(identity);

test('any bytes in any pieces come back', async () => {
  const pieces = fc.array(fc.uint8Array({maxLength: 100_000, size: 'max'}), {maxLength: 4});
  await fc.assert(
    fc.asyncProperty(pieces, async (given) => {
      const back = await decrypt(await encrypt(given, {as: 'age', recipients: [recipient]}), identity);
      expect(Buffer.concat(given).equals(Buffer.from(await back.arrayBuffer()))).toBe(true);
    }),
    {numRuns: 30},
  );
});

test('each of several recipients opens it, with a whole identity file as well', async () => {
  const other = await generateX25519Identity();
  const file = await encrypt([bytesOf('secret')], {
    as: 'age',
    recipients: [recipient, ` ${await identityToRecipient(other)}\n`],
  });
  for (const secret of [
    identity,
    other.toLowerCase(),
    `# created: 2024-05-01T10:00:00Z\n# public key: ${recipient}\n${identity}\n`,
  ])
    expect(await (await decrypt(file, secret)).text()).toBe('secret');
  expect(await refusal(file, await generateX25519Identity())).toMatchObject({
    code: 'ENCRYPTED_WRONG_KEY',
    message: 'a.bin was not encrypted for this identity.',
  });
  expect(await refusal(file, recipient)).toMatchObject({code: 'ENCRYPTION_IDENTITY'});
  expect(await refusal(file, 'AGE-SECRET-KEY-1XYZ')).toMatchObject({code: 'ENCRYPTION_IDENTITY'});
});

test('a passphrase opens it, another doesn’t', async () => {
  const file = await encrypt([bytesOf('secret')], {as: 'age', passphrase: 'naïve café ☕'});
  expect(await detectEncrypted(file)).toEqual({as: 'age', wants: 'passphrase'});
  expect(await (await decrypt(file, 'naïve café ☕')).text()).toBe('secret');
  expect(await refusal(file, 'naive cafe')).toMatchObject({code: 'ENCRYPTED_WRONG_KEY', given: 0});
});

test('what is changed or cut is refused, wherever it is', async () => {
  const file = await encrypt([new Uint8Array(300_000)], {as: 'age', recipients: [recipient]});
  for (const at of [60, 250, 100_000, -1])
    expect((await refusal(await tampered(file, at), identity)).code).toMatch(/^ENCRYPTED_(DAMAGED|WRONG_KEY)$/);
  for (const size of [file.size - 1, 65_536 * 3, 250, 100, 40])
    expect((await refusal(file.slice(0, size), identity)).code).toBe('ENCRYPTED_DAMAGED');
});

test('a file as text is read', async () => {
  const file = await encrypt([bytesOf('secret')], {as: 'age', recipients: [recipient]});
  const text = armor.encode(new Uint8Array(await file.arrayBuffer()));
  expect(await detectEncrypted(new Blob([`\n${text.replaceAll('\n', '\r\n')}`]))).toEqual({
    as: 'age',
    wants: 'identity',
  });
  expect(await (await decrypt(new Blob([text]), identity)).text()).toBe('secret');
});

test.each([
  ['age1abc', /is no age recipient/],
  ['ssh-ed25519 AAAA', /is no age recipient/],
  [identity, /secret key/],
])('%s is no recipient', async (wrong, message) => {
  await expect(encrypt([], {as: 'age', recipients: [wrong]})).rejects.toMatchObject({
    problem: {code: 'ENCRYPTION_RECIPIENT', message},
  });
});
