import {afterAll, beforeAll, expect, test} from 'vitest';
import {stringify} from 'yaml';
import {expectations, readFixture, type Loaded} from '../fixtures/expectations.ts';
import {launch, type App} from './harness.ts';

let app: App;
beforeAll(async () => {
  app = await launch();
});
afterAll(() => app.close());

const name = (file: string, options: Readonly<Record<string, unknown>> | undefined): string =>
  options === undefined ? file : `${file} with ${JSON.stringify(options)}`;

test.each(expectations.map((expectation) => [name(expectation.file, expectation.options), expectation] as const))(
  '%s',
  async (_name, {file, options, gives}) => {
    await app.addFile(file, readFixture(file));
    expect(await app.open(`\`\`\`step bad = load\n${stringify({file, ...options})}\`\`\`\n`)).toEqual([]);
    const [cell] = (await app.run()).cells;
    if ('problem' in gives) {
      expect(cell?.error).toMatchObject({
        code: gives.problem,
        where: {cell: 'bad', ...(gives.line === undefined ? {} : {line: gives.line})},
      });
      expect(cell?.error?.message).toMatch(gives.says);
      expect(cell?.error?.hint).toMatch(gives.hint);
    } else {
      expect(cell?.error).toBeUndefined();
      await expectRows(gives);
      expect(['ok', 'cached']).toContain(cell?.status);
      expect(cell).toMatchObject({rowsOut: gives.rows, rejected: gives.rejects ?? 0});
    }
    expect(app.page.url()).toContain('/some/path/');
  },
);

async function expectRows(gives: Loaded): Promise<void> {
  const {columns, rows} = await app.query('SELECT * FROM bad LIMIT 1');
  const types = Object.fromEntries(columns.map((column) => [column.name, column.type]));
  if (gives.width !== undefined) expect(columns).toHaveLength(gives.width);
  expect(types).toMatchObject(gives.columns ?? {});
  const texts = await app.query('SELECT COLUMNS(*)::VARCHAR FROM bad LIMIT 1');
  const first = Object.fromEntries(columns.map((column, i) => [column.name, texts.rows[0]?.[i] ?? null]));
  if (gives.first !== undefined) expect(rows.length).toBe(1);
  expect(first).toMatchObject(gives.first ?? {});
  if (gives.lines !== undefined)
    expect((await app.query('SELECT line FROM bad_rejects ORDER BY line')).rows.map(([line]) => Number(line))).toEqual(
      gives.lines,
    );
}
