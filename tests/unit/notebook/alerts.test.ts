import {createServer, type Server} from 'node:http';
import type {AddressInfo} from 'node:net';
import {afterEach, expect, test} from 'vitest';
import type {Alert} from '../../../src/notebook/alert.ts';
import {Alerts, alertsFile} from '../../../src/notebook/alerts.svelte.ts';
import type {EnginePort, StoragePort} from '../../../src/ports/index.ts';

const alert: Alert = {
  key: 'watched/1',
  cell: 'watched',
  id: '1',
  timestamp: '2024-01-01T00:00:00Z',
  sensor: 'a',
  metric: 'm',
  value: 9,
  threshold: 5,
  severity: 'warning',
  since: '2024-01-01T00:00:00Z',
  clearedAt: null,
  peakValue: 9,
  readings: 1,
};

let server: Server | undefined;
afterEach(() => void server?.close());

/** A workspace of texts whose reads wait until they are let go. */
function workspace(texts: Map<string, string>) {
  const waiting: (() => void)[] = [];
  let waits = false;
  const storage: Pick<StoragePort, 'readText' | 'writeText'> = {
    async readText(path) {
      if (waits) await new Promise<void>((resolve) => waiting.push(resolve));
      return texts.get(path) ?? null;
    },
    writeText: (path, text) => Promise.resolve(void texts.set(path, text)),
  };
  const keep = async (write: () => Promise<void>): Promise<boolean> => write().then(() => true);
  // The casts: acknowledging and sending ask nothing else of the ports.
  const alerts = new Alerts({} as EnginePort, storage as StoragePort, {
    names: () => new Set(['watched']),
    title: () => 'Mine',
    keep,
  });
  return {
    alerts,
    hold: () => (waits = true),
    letGo: () => {
      waits = false;
      waiting.splice(0).forEach((go) => go());
    },
  };
}

const withWebhook = (address: string): string => JSON.stringify({webhook: {address, blind: false}, unsent: [alert]});

test('what is acknowledged while another notebook is being opened takes no webhook there', async () => {
  const texts = new Map([[alertsFile('mine'), withWebhook('https://example.org/secret')]]);
  const {alerts, hold, letGo} = workspace(texts);
  await alerts.load('mine');
  hold();
  const opening = alerts.load('theirs');
  await alerts.acknowledge([alert]);
  expect(alerts.webhook).toBeNull();
  letGo();
  await opening;
  expect(texts.get(alertsFile('theirs')) ?? '').not.toContain('secret');
  expect(texts.get(alertsFile('mine'))).toContain('secret');
});

test('an alert that was being sent when its notebook was left is not sent again', async () => {
  let answer = (): void => undefined;
  let posts = 0;
  const arrived = new Promise<void>((resolve) => {
    server = createServer((_, response) => {
      posts++;
      answer = () => void response.writeHead(200, {'access-control-allow-origin': '*'}).end();
      resolve();
    });
  });
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
  // The cast: a server that listens on a port has one.
  const {port} = server?.address() as AddressInfo;
  const texts = new Map([[alertsFile('mine'), withWebhook(`http://127.0.0.1:${port}/`)]]);
  const {alerts} = workspace(texts);
  await alerts.load('mine');
  const sending = alerts.send();
  await arrived;
  await alerts.load('theirs');
  answer();
  await sending;
  await alerts.load('mine');
  await alerts.send();
  expect([posts, alerts.unsent]).toEqual([1, 0]);
});
