import {afterEach, expect, test} from 'vitest';
import {stepCell} from '../../../src/notebook/insert.ts';
import {Session} from '../../../src/notebook/session.svelte.ts';
import type {LastWords, Ownership, Ports} from '../../../src/ports/index.ts';
import {nodePostgres} from '../postgres/node-postgres.ts';
import {memoryWorkspace} from '../storage/memory-storage.ts';
import {engineAlone, nativeEngine} from './native-engine.ts';

const afterTest: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of afterTest.splice(0)) await end();
});

async function portsOf(): Promise<Ports> {
  const {engine} = await nativeEngine();
  return {...engineAlone(engine), ...memoryWorkspace(), postgres: nodePostgres().postgres};
}

function lastWordsOf(): LastWords {
  let kept: string | null = null;
  return {read: () => kept, write: (text) => (kept = text)};
}

/** The page without its screen, on a workspace. */
async function opened(ports: Ports, ownership?: Ownership, lastWords = lastWordsOf()): Promise<Session> {
  const session = new Session(ports, lastWords);
  await session.start(ownership === undefined ? undefined : Promise.resolve(ownership));
  afterTest.push(() => session.document.save());
  return session;
}

const notebook = (title: string, sql: string): string =>
  `---\nlakebook: 1\ntitle: ${title}\n---\n\n\`\`\`sql numbers\n${sql}\n\`\`\`\n\n\`\`\`sql sums\nSELECT sum(n) AS s FROM numbers\n\`\`\`\n`;

const statuses = ({document, runs}: Session): string[] => document.notebook.cells.map((cell) => runs.statusOf(cell.id));
const idOf = ({runs}: Session, name: string): string => runs.plan.find((cell) => cell.name === name)?.id ?? '';
const text = (ports: Ports, path: string): Promise<string | null> => ports.storage.readText(`notebooks/${path}.md`);

test('an edit makes cells stale, a run and undo make them fresh again', async () => {
  const session = await opened(await portsOf());
  const {document, runs} = session;
  await session.notebooks.openMarkdown(notebook('One', 'SELECT 1 AS n'));
  expect(statuses(session)).toEqual(['new', 'new']);
  expect(await runs.run()).toMatchObject({ok: true, cells: [{name: 'numbers'}, {name: 'sums', rowsOut: 1}]});
  expect(statuses(session)).toEqual(['fresh', 'fresh']);
  expect(runs.lastRun).toMatchObject({title: 'One', ok: true});

  document.setSql(idOf(session, 'numbers'), 'SELECT 2 AS n');
  expect(statuses(session)).toEqual(['stale', 'stale']);
  document.undo();
  expect(statuses(session)).toEqual(['fresh', 'fresh']);
  document.redo();
  await runs.run();
  expect(await session.faces.page(idOf(session, 'sums'), 0, 10)).toEqual([[2n]]);
  document.undo();
  expect(runs.ranOf(idOf(session, 'sums'))).toMatchObject({status: 'cached', rowsOut: 1});
});

test('a notebook is written before another one opens, and what its cells did is there when it opens again', async () => {
  const ports = await portsOf();
  const session = await opened(ports);
  const {document, notebooks, runs} = session;
  await notebooks.openMarkdown(notebook('One', 'SELECT 1 AS n'));
  await runs.run();
  document.setTitle('First');
  expect(document.saved).toBe('saving');
  await notebooks.openMarkdown(notebook('Two', 'SELECT 5 AS n'));
  expect(await text(ports, 'one')).toContain('title: First');
  expect(notebooks.list.map(({title}) => title)).toEqual(['First', 'Two']);
  expect(runs.lastRun).toBeUndefined();
  expect(document.canUndo).toBe(false);
  expect(statuses(session)).toEqual(['new', 'new']);
  await notebooks.open('one');
  expect(document.saved).toBe('saved');
  expect(statuses(session)).toEqual(['fresh', 'fresh']);

  const again = await opened({...ports, engine: (await nativeEngine()).engine});
  expect(again.document.path).toBe('one');
  expect(statuses(again)).toEqual(['fresh', 'fresh']);
  // The engine is another one: its tables are made when they are looked at, and that is no run.
  expect(await again.runs.result(idOf(again, 'sums'))).toMatchObject({rows: 1});
  expect(again.runs.lastRun).toBeUndefined();
});

test('the notebook that is deleted while it is open leaves none', async () => {
  const ports = await portsOf();
  const session = await opened(ports);
  const {document, notebooks} = session;
  await notebooks.openMarkdown(notebook('One', 'SELECT 1 AS n'));
  document.insert(undefined, stepCell('snapshot'));
  await notebooks.remove('one');
  expect([document.path, document.notebook.cells, document.canUndo, notebooks.list]).toEqual(['', [], false, []]);
  await document.save();
  expect(await text(ports, 'one')).toBeNull();
});

test('a tab that doesn’t own the workspace saves nothing; taking it over shows what is stored', async () => {
  const ports = await portsOf();
  const owner = await opened(ports);
  await owner.notebooks.openMarkdown(notebook('One', 'SELECT 1 AS n'));
  const other = await opened(ports, {
    isOwner: false,
    onLost: () => () => undefined,
    onAsked: () => undefined,
    takeOver: () => Promise.resolve(),
  });
  other.document.setTitle('Theirs');
  await other.document.save();
  expect(other.document.saved).toBe('failed');
  owner.document.setTitle('Ours');
  await owner.document.save();
  await other.takeOver();
  expect(other.document.title).toBe('Ours');
  expect(await text(ports, 'one')).toContain('title: Ours');
  other.document.setTitle('Theirs now');
  await other.document.save();
  expect(await text(ports, 'one')).toContain('title: Theirs now');
});

test('edits without a pause are written while they go on', async () => {
  const ports = await portsOf();
  const {document, notebooks} = await opened(ports);
  await notebooks.openMarkdown(notebook('One', 'SELECT 1 AS n'));
  // A pause would be four times as long.
  let typed = 0;
  while (!/title: One \d/.test((await text(ports, 'one')) ?? '')) {
    document.setTitle(`One ${++typed}`);
    await new Promise((done) => setTimeout(done, 100));
  }
  expect(typed).toBeGreaterThan(1);
});

test('a page that goes away in the middle of a write keeps what it has not written', async () => {
  const ports = await portsOf();
  const lastWords = lastWordsOf();
  let hangs = false;
  const storage = {
    ...ports.storage,
    writeText: (path: string, content: string) =>
      hangs ? new Promise<void>(() => undefined) : ports.storage.writeText(path, content),
  };
  const before = await opened(ports);
  await before.notebooks.openMarkdown(notebook('One', 'SELECT 1 AS n'));
  await before.document.save();
  const closed = new Session({...ports, storage}, lastWords);
  await closed.start();
  hangs = true;
  closed.document.setTitle('Last words');
  closed.document.leave();

  const next = await opened({...ports, engine: (await nativeEngine()).engine}, undefined, lastWords);
  expect(next.document.title).toBe('Last words');
  expect(await text(ports, 'one')).toContain('title: Last words');
  expect(lastWords.read()).toBeNull();
  // What is written by the workspace leaves nothing beside it.
  next.document.setTitle('Said');
  next.document.leave();
  await next.document.save();
  expect(lastWords.read()).toBeNull();
});

test('a write that fails is told, and the next one is tried', async () => {
  const ports = await portsOf();
  let fails = false;
  const storage = {
    ...ports.storage,
    writeText: (path: string, content: string) =>
      fails ? Promise.reject(new Error('The disk is full.')) : ports.storage.writeText(path, content),
  };
  const {document, notebooks, notices} = await opened({...ports, storage});
  await notebooks.openMarkdown(notebook('One', 'SELECT 1 AS n'));
  fails = true;
  document.setTitle('Lost');
  await document.save();
  expect(document.saved).toBe('failed');
  expect(document.failedSince).toBeDefined();
  await document.save();
  // Told once, however often it is tried.
  expect(notices.list.map(({problem}) => problem.message)).toEqual(['The disk is full.']);
  fails = false;
  await expect.poll(() => document.saved, {timeout: 10_000}).toBe('saved');
  expect(document.failedSince).toBeUndefined();
  expect(await text(ports, 'one')).toContain('title: Lost');
});

test('a stop ends the run and those that wait behind it', async () => {
  const session = await opened(await portsOf());
  const {notebooks, runs} = session;
  await notebooks.openMarkdown(notebook('One', 'SELECT 1 AS n'));
  const asked = [runs.run(), runs.run('sums')];
  await runs.stop();
  const reports = await Promise.all(asked);
  expect(reports.flatMap(({cells}) => cells.map(({status}) => status))).toEqual(Array(4).fill('cancelled'));
  expect(runs.running).toBeUndefined();
  expect(await runs.run()).toMatchObject({ok: true});
});

test('a run waits for a lesson that is being opened, and a stop ends the waiting', async () => {
  const session = await opened(await portsOf());
  const {notebooks, runs} = session;
  await notebooks.openMarkdown(notebook('One', 'SELECT 1 AS n'));
  let arrive = (): void => undefined;
  runs.waitFor(new Promise((resolve) => (arrive = resolve)));
  const stopped = runs.run();
  await runs.stop();
  expect((await stopped).ok).toBe(false);
  const asked = runs.run('sums');
  await notebooks.openMarkdown(notebook('Two', 'SELECT 2 AS n'));
  expect(statuses(session)).toEqual(['new', 'new']);
  arrive();
  expect(await asked).toMatchObject({ok: true, cells: [{name: 'numbers'}, {name: 'sums'}]});
  expect(runs.lastRun).toMatchObject({title: 'Two'});
});

test('a query reads cells by their names, and nothing that isn’t there', async () => {
  const session = await opened(await portsOf());
  await session.notebooks.openMarkdown(notebook('One', 'SELECT 1 AS n'));
  expect((await session.runs.query('SELECT s + 1 FROM sums')).rows).toEqual([[2n]]);
  await expect(session.runs.query('SELECT * FROM other')).rejects.toThrow('other');
});
