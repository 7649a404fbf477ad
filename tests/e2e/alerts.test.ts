import {createServer, type IncomingMessage, type Server} from 'node:http';
import type {AddressInfo} from 'node:net';
import {afterAll, beforeAll, expect, test} from 'vitest';
import {seriousFaults} from './axe.ts';
import {launch, type App} from './harness.ts';

const eventually = <T>(look: () => T) => expect.poll(look, {timeout: 30_000});

const readings = (last: readonly string[]): string =>
  [
    'sensor,at,vibration',
    'COMP-003,2024-02-01T00:00:00,3',
    'COMP-003,2024-02-01T00:10:00,5',
    'COMP-007,2024-02-01T00:00:00,8',
    ...last,
  ].join('\n');
const notebook = `---
lakebook: 1
title: Compressors
---

\`\`\`step raw = load
file: readings.csv
\`\`\`

\`\`\`step watch = alerts
by: sensor
time: at
rules:
  vibration: {warning: 4.5, critical: 7.1}
\`\`\`
`;

let app: App;
let server: Server;
let port = 0;
/** What the webhook was sent, and how it answers. */
const got: {alerts: {id: string; sensor: string; severity: string}[]; text: string}[] = [];
let answer: 'fine' | 'refused' = 'fine';

async function bodyOf(request: IncomingMessage): Promise<string> {
  let body = '';
  for await (const chunk of request) body += String(chunk);
  return body;
}

beforeAll(async () => {
  server = createServer((request, response) => {
    void bodyOf(request).then((body) => {
      if (request.url !== '/closed')
        response
          .setHeader('access-control-allow-origin', '*')
          .setHeader('access-control-allow-headers', 'content-type');
      if (request.method === 'POST' && answer !== 'refused') got.push(JSON.parse(body) as (typeof got)[number]);
      response.statusCode = request.method === 'POST' && answer === 'refused' ? 403 : 200;
      response.end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  // A listening server has an address of this kind.
  port = (server.address() as AddressInfo).port;
  app = await launch({context: {viewport: {width: 1280, height: 900}, colorScheme: 'light'}});
  await app.addFile('readings.csv', readings([]));
  await app.open(notebook);
});
afterAll(async () => {
  await app.close();
  server.close();
});

const bell = () => app.page.locator('.bell');
const panel = () => app.page.getByRole('dialog', {name: /^Alerts/});
const openBell = async (): Promise<void> => {
  await bell().click();
  await panel().getByRole('heading', {name: 'Alerts'}).waitFor();
};
const closeBell = async (): Promise<void> => {
  await app.page.keyboard.press('Escape');
  await panel().waitFor({state: 'hidden'});
};
const look = (name: string) =>
  process.env['SHOTS'] === undefined ? undefined : app.page.screenshot({path: `${process.env['SHOTS']}/${name}.png`});

test('the bell counts open alerts, lists them, and leads to their cell', async () => {
  expect((await app.run()).ok).toBe(true);
  await eventually(() => bell().getAttribute('aria-label')).toBe('Alerts: 2 open alerts');
  await openBell();
  expect(await panel().getByRole('listitem').allInnerTexts()).toEqual([
    expect.stringMatching(/critical\s+COMP-007 vibration/),
    expect.stringMatching(/warning\s+COMP-003 vibration/),
  ]);
  await look('alerts-light');
  expect(await seriousFaults(app.page)).toEqual([]);
  await panel().getByRole('searchbox').fill('comp-003');
  expect(await panel().getByRole('listitem').count()).toBe(1);
  await panel().getByRole('button', {name: 'watch', exact: true}).click();
  await eventually(() =>
    app.page.evaluate(() => document.activeElement?.closest('article')?.getAttribute('aria-label')),
  ).toBe('Cell watch');
});

test('what is acknowledged stays so over a reload and a run, and rings again when it gets worse', async () => {
  await openBell();
  await panel()
    .getByRole('listitem')
    .filter({hasText: 'COMP-003'})
    .getByRole('button', {name: /Acknowledge/})
    .click();
  await eventually(() => bell().getAttribute('aria-label')).toBe('Alerts: 1 open alert');
  await closeBell();
  await eventually(() => app.page.evaluate(() => window.lakebook.alerts().then((all) => all.map(({sensor, acknowledged}) => [sensor, acknowledged])))).toEqual([['COMP-007', false], ['COMP-003', true]]); // prettier-ignore
  await app.reload();
  expect(await bell().getAttribute('aria-label')).toBe('Alerts: 1 open alert');
  await app.run();
  expect(await bell().getAttribute('aria-label')).toBe('Alerts: 1 open alert');
  await app.addFile('readings.csv', readings(['COMP-003,2024-02-01T00:20:00,9']));
  await app.run();
  await eventually(() => bell().getAttribute('aria-label')).toBe('Alerts: 2 open alerts');
});

test('system notices are asked for on a click only, and tell what is new since the last run', async () => {
  await app.page.evaluate(() => {
    const told: string[] = [];
    const Real = Notification;
    const asked = {count: 0};
    class Recorded extends Real {
      constructor(title: string, options?: NotificationOptions) {
        super(title, options);
        told.push(title);
      }
      static override requestPermission(): Promise<NotificationPermission> {
        asked.count++;
        return Real.requestPermission();
      }
    }
    Object.assign(window, {Notification: Recorded, told, asked});
  });
  const told = () => app.page.evaluate(() => (window as unknown as {told: string[]}).told);
  const asked = () => app.page.evaluate(() => (window as unknown as {asked: {count: number}}).asked.count);
  await app.addFile('readings.csv', readings(['COMP-003,2024-02-01T00:20:00,9', 'COMP-009,2024-02-01T00:20:00,9']));
  await app.run();
  await eventually(() => bell().getAttribute('aria-label')).toBe('Alerts: 3 open alerts');
  expect([await told(), await asked()]).toEqual([[], 0]);
  await app.context.grantPermissions(['notifications']);
  await openBell();
  await panel().getByText('Tell me elsewhere, too').click();
  await panel()
    .getByRole('checkbox', {name: /System notices/})
    .check();
  await closeBell();
  await app.addFile(
    'readings.csv',
    readings(['COMP-003,2024-02-01T00:20:00,9', 'COMP-009,2024-02-01T00:20:00,9', 'COMP-010,2024-02-01T00:20:00,9']),
  );
  await app.run();
  await eventually(told).toEqual(['critical: vibration of COMP-010']);
  await app.run();
  expect(await told()).toEqual(['critical: vibration of COMP-010']);
});

const more = (...sensors: string[]): string =>
  readings(['COMP-003,2024-02-01T00:20:00,9', ...sensors.map((sensor) => `${sensor},2024-02-01T00:20:00,5`)]);
async function saveHook(path: 'hook' | 'closed', blind: boolean): Promise<void> {
  await openBell();
  const details = panel().locator('details');
  if (!(await details.evaluate((element: HTMLDetailsElement) => element.open)))
    await details.locator('summary').click();
  await panel().getByLabel(/Webhook/).fill(`http://127.0.0.1:${port}/${path}`); // prettier-ignore
  await panel()
    .getByRole('checkbox', {name: /Send without reading/})
    .setChecked(blind);
  await panel().getByRole('button', {name: 'Save'}).click();
}

test('a webhook gets each new alert once, and its address is in no notebook', async () => {
  await saveHook('hook', false);
  await panel().getByText('From the next run on').waitFor();
  await closeBell();
  expect(got).toEqual([]);
  await app.addFile('readings.csv', more('COMP-011', 'COMP-012'));
  await app.run();
  await eventually(() => got.length).toBe(1);
  expect(got[0]?.alerts.map(({sensor, severity}) => [sensor, severity]).sort()).toEqual([['COMP-011', 'warning'], ['COMP-012', 'warning']]); // prettier-ignore
  expect(got[0]?.text).toContain('Compressors: 2 new alerts');
  await app.run();
  await app.reload();
  await app.run();
  await app.page.evaluate(() => window.lakebook.alerts());
  expect(got).toHaveLength(1);
  expect(await app.notebook()).not.toContain('hook');
});

test('a webhook that refuses or allows no web page is told with what to do, and loses nothing', async () => {
  got.length = 0;
  answer = 'refused';
  await app.addFile('readings.csv', more('COMP-011', 'COMP-012', 'COMP-013'));
  await app.run();
  await openBell();
  await panel().getByText(`127.0.0.1:${port} answered 403`).waitFor();
  await closeBell();
  answer = 'fine';
  await saveHook('closed', false);
  await panel().getByText(`127.0.0.1:${port} gave no answer that this page may read.`).waitFor();
  expect(await panel().innerText()).toContain('Access-Control-Allow-Origin');
  await look('alerts-webhook');
  expect(await seriousFaults(app.page)).toEqual([]);
  expect(got).toEqual([]);
  await closeBell();
  await saveHook('closed', true);
  await eventually(() => got.flatMap(({alerts}) => alerts.map(({sensor}) => sensor))).toEqual(['COMP-013']);
  await closeBell();
  await app.run();
  expect(got).toHaveLength(1);
});

test('the panel fits a phone, in the dark, too', async () => {
  await app.page.setViewportSize({width: 390, height: 780});
  await app.page.emulateMedia({colorScheme: 'dark'});
  await openBell();
  await look('alerts-phone-dark');
  expect(await app.page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
  expect(await seriousFaults(app.page)).toEqual([]);
  await panel()
    .getByRole('button', {name: /Acknowledge all/})
    .click();
  await eventually(() => bell().getAttribute('aria-label')).toMatch(/none is open/);
});
