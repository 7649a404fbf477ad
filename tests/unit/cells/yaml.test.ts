import {describe, expect, test} from 'vitest';
import {plan} from '../../../src/notebook/plan.ts';
import {parseNotebook} from '../../../src/notebook/model.ts';

describe('YAML that holds itself is told, with its line, and everything else goes on', () => {
  test.each([
    ['a list in a step', '```step raw = load\nfile: in.csv\n```\n\n```step one = dedup\n\nkeys: &x [*x]\n```\n', 7],
    [
      'a map in a step',
      '```step raw = load\nfile: in.csv\n```\n\n```step one = derive\ncolumns: &x\n  a: *x\n```\n',
      7,
    ],
    ['a chart', '```chart one\nmarks: &x [{type: line, x: *x}]\n```\n', 2],
    ['the whole body', '```step one = dedup\n&x {keys: *x}\n```\n', 2],
  ])('%s', (_, text, line) => {
    const {cells} = parseNotebook(text);
    const planned = plan(parseNotebook(text), new Map([['in.csv', 'x']])).find(({name}) => name === 'one');
    const problems = [cells.find((cell) => 'name' in cell && cell.name === 'one')].flatMap((cell) =>
      cell !== undefined && 'problems' in cell ? cell.problems : [],
    );
    expect(planned?.ready).toBe(false);
    expect(problems).toMatchObject([{code: 'YAML', where: {line}}]);
  });

  test('the front matter', () => {
    const {problems} = parseNotebook('---\nlakebook: 1\nparams: &x {a: *x}\n---\n\nText\n');
    expect(problems).toMatchObject([{code: 'YAML', where: {line: 3}}]);
  });

  test('an alias beside its anchor stays what it stands for', () => {
    const {cells} = parseNotebook('```step one = join\nkeys: &x [a]\nfrom: &y raw\nwith: *y\n```\n');
    expect(cells[0]).toMatchObject({problems: []});
  });
});
