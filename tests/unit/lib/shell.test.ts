import {execFileSync} from 'node:child_process';
import {expect, test} from 'vitest';
import {shellWord} from '../../../src/lib/shell.ts';
import {hasPrograms} from '../../tools/programs.ts';

test.skipIf(!hasPrograms('sh'))('a name of any letters is one word of the shell, and no option', () => {
  const names = ['plain.sql', 'My notebook.sql', `it's "50%" $(HOME) \`x\` \\!`, '-v.sql', "-it's.sql"];
  const words = execFileSync('sh', ['-c', `printf '%s\\0' ${names.map(shellWord).join(' ')}`], {
    encoding: 'utf8',
  }).split('\0');
  expect(words).toEqual([...names.slice(0, 3), './-v.sql', "./-it's.sql", '']);
});
