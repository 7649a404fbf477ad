import fc from 'fast-check';
import {describe, expect, test} from 'vitest';
import {decryptFernet, encryptFernet, newFernetKey} from '../../../src/encrypt/fernet.ts';
import {bytesOf, decrypt, encrypt, gather, refusal, tampered} from './bytes.ts';

// The vectors of github.com/fernet/spec: generate.json, verify.json and invalid.json, but for those about a token's age, which nobody asks for here.
const key = 'cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4=';
const token = 'gAAAAAAdwJ6wAAECAwQFBgcICQoLDA0ODy021cpGVWKZ_eEwCGM4BLLF_5CV9dOPmrhuVUPgJobwOz7JcbmrR64jVmpU4IwqDA==';
const invalid = {
  'incorrect mac':
    'gAAAAAAdwJ6xAAECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPAl1-szkFVzXTuGb4hR8AKtwcaX1YdykQUFBQUFBQUFBQQ==',
  'too short': 'gAAAAAAdwJ6xAAECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPA==',
  'invalid base64':
    '%%%%%%%%%%%%%AECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPAl1-szkFVzXTuGb4hR8AKtwcaX1YdykRtfsH-p1YsUD2Q==',
  'payload size not multiple of block size':
    'gAAAAAAdwJ6xAAECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPOm73QeoCk9uGib28Xe5vz6oxq5nmxbx_v7mrfyudzUm',
  'payload padding error':
    'gAAAAAAdwJ6xAAECAwQFBgcICQoLDA0ODz4LEpdELGQAad7aNEHbf-JkLPIpuiYRLQ3RtXatOYREu2FWke6CnJNYIbkuKNqOhw==',
  'incorrect IV (causes padding error)':
    'gAAAAAAdwJ6xBQECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPAkLhFLHpGtDBRLRTZeUfWgHSv49TF2AUEZ1TIvcZjK1zQ==',
};

test('the specification’s token is made', async () => {
  const seconds = Date.parse('1985-10-26T01:20:00-07:00') / 1000;
  const iv = Uint8Array.from({length: 16}, (_, i) => i);
  const file = await encrypt([bytesOf('hello')], {as: 'fernet', key}, encryptFernet({key}, {seconds, iv}));
  expect(await file.text()).toBe(token);
});

test('the specification’s token is read, also with a line end after it', async () => {
  expect(await (await decrypt(new Blob([token]), key)).text()).toBe('hello');
  expect(await (await decrypt(new Blob([`${token}\r\n`]), ` ${key}\n`)).text()).toBe('hello');
});

test.each(Object.entries(invalid))('the specification’s bad token is refused: %s', async (_why, text) => {
  await expect(gather(decryptFernet(new Blob([text]), 'a.bin', key))).rejects.toMatchObject({
    problem: {code: /^ENCRYPTED_(WRONG_KEY|CUT_SHORT|DAMAGED)$/},
  });
});

test('any bytes in any pieces come back', async () => {
  const pieces = fc.array(fc.uint8Array({maxLength: 100}), {maxLength: 8});
  await fc.assert(
    fc.asyncProperty(pieces, async (given) => {
      const back = await decrypt(await encrypt(given, {as: 'fernet', key}), key);
      expect(Buffer.concat(given).equals(Buffer.from(await back.arrayBuffer()))).toBe(true);
    }),
  );
});

describe('a token of several slices', () => {
  const size = 3 * (3 << 20) + 5;
  const plain = Uint8Array.from({length: size}, (_, i) => (i * 2654435761) >>> 24);
  const made = encrypt([plain.subarray(0, 5_000_001), plain.subarray(5_000_001)], {as: 'fernet', key});

  test('comes back', async () => {
    expect(Buffer.from(await (await decrypt(await made, key)).arrayBuffer()).equals(plain)).toBe(true);
  });

  // The end of the ciphertext and the MAC fall on either side of a slice's end.
  test.each(Array.from({length: 6}, (_, i) => 3 * (3 << 20) - 25 - 16 * i))(
    'of %i bytes comes back',
    async (length) => {
      const back = await decrypt(await encrypt([plain.subarray(0, length)], {as: 'fernet', key}), key);
      expect(Buffer.from(await back.arrayBuffer()).equals(plain.subarray(0, length))).toBe(true);
    },
  );

  test.each([0, 30, 6_000_000, -60, -5])('with a changed letter at %i gives nothing', async (at) => {
    const {code, given} = await refusal(await tampered(await made, at), key);
    expect(code).toMatch(at === 0 ? /NOT_ENCRYPTED/ : /^ENCRYPTED_WRONG_KEY$/);
    expect(given).toBe(0);
  });

  test('that is cut short gives nothing', async () => {
    for (const cut of [1, 4, 64, 5_000_000]) {
      const {code, given} = await refusal((await made).slice(0, -cut), key);
      expect(code).toMatch(/^ENCRYPTED_(WRONG_KEY|CUT_SHORT)$/);
      expect(given).toBe(0);
    }
  });
});

test('another key doesn’t open it; what is no key is told', async () => {
  expect(await refusal(new Blob([token]), newFernetKey())).toMatchObject({code: 'ENCRYPTED_WRONG_KEY', given: 0});
  expect(await refusal(new Blob([token]), 'hunter2')).toMatchObject({code: 'ENCRYPTION_KEY'});
});

test('a passphrase is kept apart from the file by a salted, slow derivation', async () => {
  const how = {as: 'fernet', passphrase: 'naïve café ☕'} as const;
  const [one, other] = [await encrypt([bytesOf('x\n1\n')], how), await encrypt([bytesOf('x\n1\n')], how)];
  const [head, body] = (await one.text()).split('\n');
  expect(head).toMatch(/^fernet pbkdf2-hmac-sha256 1200000 [\w-]{22}==$/);
  expect(body).toMatch(/^gAAAAA[\w-]+={0,2}$/);
  expect((await other.text()).split('\n')[0]).not.toBe(head);
  expect(await (await decrypt(one, how.passphrase)).text()).toBe('x\n1\n');
  expect(await refusal(one, 'naive cafe')).toMatchObject({code: 'ENCRYPTED_WRONG_KEY', given: 0});
});

test('a file that asks for endless rounds is refused at once', async () => {
  expect(
    await refusal(new Blob([`fernet pbkdf2-hmac-sha256 999999999 AAAAAAAAAAAAAAAAAAAAAA==\n${token}`]), 'x'),
  ).toMatchObject({code: 'ENCRYPTED_DAMAGED'});
});
