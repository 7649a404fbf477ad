import {describe, expect, test} from 'vitest';
import {decryptedName, exportedAs, type Encryption} from '../../../src/encrypt/define.ts';
import {detectEncrypted} from '../../../src/encrypt/detect.ts';
import {newPassphrase, newPassphraseBits} from '../../../src/encrypt/passphrase.ts';
import {passphraseBits} from '../../../src/encrypt/strength.ts';
import {encrypt, refusal} from './bytes.ts';

test.each([
  {as: 'age'},
  {as: 'age', recipients: []},
  {as: 'fernet'},
  {as: 'fernet', recipients: ['age1']},
  {as: 'zip', passphrase: 'x'},
  {},
])(
  'a script’s %j says too little',
  // The cast: a script may give anything.
  async (how) =>
    expect(encrypt([], how as unknown as Encryption)).rejects.toMatchObject({problem: {code: 'ENCRYPTION'}}),
);

test('an empty passphrase is refused', async () => {
  await expect(encrypt([], {as: 'age', passphrase: ''})).rejects.toMatchObject({
    problem: {code: 'ENCRYPTION_PASSPHRASE'},
  });
});

test.each([
  'sensor_id,temperature\nA,20.5\n',
  '',
  'PAR1',
  '{"a": 1}',
  'gAAAAA',
  'token\ngAAAAABh',
  'age-encryption.org/v2\n',
])('%j is not encrypted', async (text) => {
  const file = new Blob([text]);
  expect(await detectEncrypted(file)).toBeUndefined();
  expect(await refusal(file, 'x')).toMatchObject({code: 'NOT_ENCRYPTED'});
});

test('names gain and lose their ending', () => {
  expect(exportedAs('a.csv', 'text/csv', new Blob(), {as: 'fernet', key: ''}).name).toBe('a.csv.fernet');
  expect(exportedAs('a.csv', 'text/csv', new Blob(), undefined)).toMatchObject({name: 'a.csv', type: 'text/csv'});
  expect(decryptedName('a.csv.fernet')).toBe('a.csv');
  expect(decryptedName('b.zip.AGE')).toBe('b.zip');
  expect(decryptedName('.age')).toBe('.age');
});

describe('passphrases', () => {
  test('made ones are eight random words of 2,048', () => {
    const made = Array.from({length: 400}, newPassphrase);
    expect(new Set(made).size).toBe(400);
    for (const passphrase of made)
      expect(
        passphrase.split('-').every((word) => /^[a-z]{3,8}$/.test(word)) && passphrase.split('-').length === 8,
      ).toBe(true);
    // 3,200 draws of 2,048 words: fewer than 1,500 different ones would not be by chance.
    expect(new Set(made.flatMap((passphrase) => passphrase.split('-'))).size).toBeGreaterThan(1500);
    expect(newPassphraseBits).toBeGreaterThanOrEqual(80);
  });

  test('the estimate is low for what everyone tries first, high for what nobody does', () => {
    for (const common of [
      'password',
      'Passw0rd1',
      'qwertyuiop',
      'iloveyou2',
      '12345678',
      'aaaaaaaaaaaaaaaaaaaa',
      'abcabcabcabc',
      '2024-01-01',
    ])
      expect(passphraseBits(common), common).toBeLessThan(30);
    for (const _ of Array.from({length: 20})) expect(passphraseBits(newPassphrase())).toBeGreaterThan(75);
    expect(passphraseBits('kx8#Vq!m2Zp@9LwD4tRs')).toBeGreaterThan(60);
    expect(passphraseBits('')).toBe(0);
  });

  test('of a pasted page the start alone is looked at, so that a long one takes no longer', () => {
    const start = Array.from({length: 20}, newPassphrase).join(' ').slice(0, 100);
    const bits = passphraseBits(start);
    expect(bits).toBeGreaterThan(passphraseBits(start.slice(0, 50)));
    expect(passphraseBits(`${start} ${newPassphrase()}`)).toBe(bits);
    expect(passphraseBits(start + 'Lorem ipsum dolor sit amet, consectetur. '.repeat(2000))).toBe(bits);
  });
});
