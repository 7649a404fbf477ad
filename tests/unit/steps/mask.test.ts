import {expect, test} from 'vitest';
import {parseNotebook} from '../../../src/notebook/model.ts';
import {plan} from '../../../src/notebook/plan.ts';
import {sqlOf} from '../../../src/notebook/source.ts';
import {readParams} from '../../../src/params/index.ts';
import {id} from '../../../src/sql/sql.ts';
import {mask} from '../../../src/steps/mask.ts';

const input = {
  name: 'input',
  relation: id('input'),
  columns: [
    {name: 'Level', type: 'DOUBLE'},
    {name: 'seen', type: 'TIMESTAMP WITH TIME ZONE'},
    {name: 'owner', type: 'VARCHAR'},
  ],
};

function check(body: Readonly<Record<string, unknown>>) {
  const values = readParams(mask.params, body);
  if (!values.ok) throw new Error(values.problems.map(({message}) => message).join('\n'));
  return mask.check?.(values.value, [input]);
}

test('what two engines would write in different characters is not hashed, and may be redacted', () => {
  expect(check({columns: {level: 'hash', seen: 'partial', owner: 'hash'}})).toMatchObject([
    {code: 'COLUMN_TYPE', param: 'columns.Level', hint: 'Cast Level to string before, or redact it.'},
    {code: 'COLUMN_TYPE', param: 'columns.seen'},
  ]);
  expect(check({columns: {level: 'redact', seen: 'redact'}})).toEqual([]);
  expect(check({columns: {owners: 'hash'}})).toMatchObject([{code: 'COLUMN_NOT_FOUND', hint: 'Did you mean owner?'}]);
  expect(check({columns: {}})).toMatchObject([{code: 'PARAM', param: 'columns'}]);
});

test('a salt comes from the notebook’s parameters, and stays a text whatever is in it', () => {
  const markdown = `---\nlakebook: 1\nparams: {salt: "it's -- \\"salt\\""}\n---\n\n\`\`\`sql people\nSELECT 'Zoë' AS owner\n\`\`\`\n\n\`\`\`step masked = mask\ncolumns: {owner: hash}\nsalt: \${salt}\n\`\`\`\n`;
  const masked = plan(parseNotebook(markdown), new Map()).at(-1);
  expect(masked?.ready === true ? sqlOf(masked, () => undefined) : masked?.problems).toContain(
    `sha256('it''s -- "salt"' || `,
  );
});
