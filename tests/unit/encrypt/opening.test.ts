import {execFileSync} from 'node:child_process';
import {expect, test} from 'vitest';
import {openingElsewhere} from '../../../src/encrypt/opening.ts';
import {hasPrograms} from '../../tools/programs.ts';

const odd = `it's "50%" $(HOME) \`x\` größe\n-.csv`;

test('the commands of age', () => {
  expect(openingElsewhere({as: 'age', wants: 'passphrase'}, 'a.csv')).toEqual({
    language: 'sh',
    code: 'age -d a.csv.age > a.csv',
  });
  expect(openingElsewhere({as: 'age', wants: 'identity'}, 'Größe in %.zip').code).toBe(
    "age -d -i key.txt 'Größe in %.zip.age' > 'Größe in %.zip'",
  );
  // An option it is not.
  expect(openingElsewhere({as: 'age', wants: 'passphrase'}, '-v.csv').code).toBe('age -d ./-v.csv.age > ./-v.csv');
});

test.skipIf(!hasPrograms('sh'))('any name is one word of the shell', () => {
  const {code} = openingElsewhere({as: 'age', wants: 'passphrase'}, odd);
  const words = code.replace(/^age -d /, 'printf %s\\\\0 ').replace(' > ', ' ');
  expect(execFileSync('sh', ['-c', words], {encoding: 'utf8'}).split('\0')).toEqual([`${odd}.age`, odd, '']);
});

test.skipIf(!hasPrograms('python3'))('any name is one text of Python', () => {
  for (const wants of ['key', 'passphrase'] as const) {
    const names = [...openingElsewhere({as: 'fernet', wants}, odd).code.matchAll(/open\(("(?:[^"\\]|\\.)*")/g)].map(
      ([, text]) => text ?? '',
    );
    const script =
      'import sys, ast; sys.stdout.reconfigure(encoding="utf-8"); sys.stdout.write(ast.literal_eval(sys.argv[1]))';
    expect(names.map((name) => execFileSync('python3', ['-c', script, name], {encoding: 'utf8'}))).toEqual([
      `${odd}.fernet`,
      odd,
    ]);
  }
});
