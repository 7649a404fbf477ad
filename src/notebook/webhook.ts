import {ProblemError} from '../lib/problem.ts';
import {plural} from '../lib/text.ts';
import type {Alert} from './alert.ts';

/** Where the user wants new alerts to be sent. Typed by him, kept on this machine, never part of a notebook or an export. */
export interface Webhook {
  readonly address: string;
  /** Sends to servers that allow no web page to read their answer; whether it arrived can't be known then. */
  readonly blind: boolean;
}

/** As many alerts as one request carries. */
const mostAtOnce = 500;
const patience = 20_000;

/** The address as typed, or what is wrong with it. */
export function readAddress(typed: string): URL {
  const url = URL.parse(typed.trim());
  if (url === null || !/^https?:$/.test(url.protocol))
    throw new ProblemError({
      code: 'URL',
      message: `“${typed}” is not a web address.`,
      hint: 'Type one that starts with https://.',
    });
  if (url.username !== '' || url.password !== '')
    throw new ProblemError({
      code: 'URL',
      message: 'A browser sends no name or password that stands in an address.',
      hint: 'Use an address with a secret in its path instead, as chat services give them.',
    });
  return url;
}

/** An alert in one line: `critical: vibration_mms of COMP-003 was 7.4 (limit 7.1) at 2024-02-06 10:20:00`. */
const alertInWords = ({severity, metric, sensor, peakValue, threshold, timestamp}: Alert): string =>
  `${severity}: ${metric}${sensor === null ? '' : ` of ${sensor}`} was ${peakValue} (limit ${threshold}) at ${timestamp.replace('T', ' ')}`;

/** The request's body: `text` is what chat services show. */
function bodyOf(notebook: string, alerts: readonly Alert[]): string {
  const lines = alerts.slice(0, 10).map(alertInWords);
  const more = alerts.length > lines.length ? [`and ${alerts.length - lines.length} more`] : [];
  return JSON.stringify({
    text: [`${notebook}: ${plural(alerts.length, 'new alert')}`, ...lines, ...more].join('\n'),
    notebook,
    alerts: alerts.map(({key: _, clearedAt, peakValue, ...alert}) => ({
      ...alert,
      cleared_at: clearedAt,
      peak_value: peakValue,
    })),
  });
}

/** Posts some of the alerts and says how many; none were when it throws. */
export async function postAlerts(
  {address, blind}: Webhook,
  notebook: string,
  alerts: readonly Alert[],
): Promise<number> {
  const url = readAddress(address);
  const sent = alerts.slice(0, mostAtOnce);
  const how: RequestInit = blind
    ? {mode: 'no-cors'}
    : {mode: 'cors', headers: {'content-type': 'application/json'}, redirect: 'error'};
  const kept = `${alerts.length === 1 ? 'The alert is' : `The ${plural(alerts.length, 'alert')} are`} kept and sent with the next run.`;
  const request = fetch(url, {
    ...how,
    method: 'POST',
    body: bodyOf(notebook, sent),
    credentials: 'omit',
    referrerPolicy: 'no-referrer',
    signal: AbortSignal.timeout(patience),
  });
  const answer = await request.catch((cause: unknown) => {
    throw new ProblemError(
      {
        code: 'WEBHOOK_UNREACHABLE',
        message: blind ? `${url.host} could not be reached.` : `${url.host} gave no answer that this page may read.`,
        hint: blind
          ? `Check the address, and whether the server is up. ${kept}`
          : `The server may be down, or it doesn’t allow web pages to call it (CORS): its answers need the headers Access-Control-Allow-Origin: ${globalThis.location?.origin ?? '*'} and Access-Control-Allow-Headers: content-type. If you can’t change it, tick “send without reading the answer”. ${kept}`,
      },
      {cause},
    );
  });
  // An answer that may not be read has no status.
  if (answer.type !== 'opaque' && !answer.ok)
    throw new ProblemError({
      code: 'WEBHOOK_STATUS',
      message: `${url.host} answered ${answer.status}${answer.statusText === '' ? '' : ` (${answer.statusText})`}.`,
      hint: `${answer.status < 500 ? 'Check the address, and what the server takes.' : 'The server is in trouble; try again later.'} ${kept}`,
    });
  return sent.length;
}
