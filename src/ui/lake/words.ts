import type {CommitInfo} from '../../lake/actions.ts';
import {count, list, plural} from '../../lib/text.ts';
import type {Commit, TableEntry} from '../../ports/index.ts';
import {bytes} from '../format.ts';

/** `2024-01-31 12:00:00`, in UTC: as `AT (TIMESTAMP => …)` takes it. */
export const timeText = (ms: number): string => new Date(ms).toISOString().slice(0, 19).replace('T', ' ');

const steps: readonly (readonly [Intl.RelativeTimeFormatUnit, number])[] = [
  ['year', 31_536_000_000],
  ['month', 2_592_000_000],
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
];
const relative = new Intl.RelativeTimeFormat('en', {numeric: 'auto'});

/** `3 minutes ago` */
export function ago(ms: number, now = Date.now()): string {
  const [unit, size] = steps.find(([, length]) => now - ms >= length) ?? ['second', 1000];
  return now - ms < 60_000 ? 'just now' : relative.format(-Math.floor((now - ms) / size), unit);
}

/** What a commit did, in Delta's words: `WRITE, Append`. */
export function operationOf({operation, operationParameters}: CommitInfo): string {
  const mode = operationParameters?.['mode'];
  const version = operationParameters?.['version'];
  const restored = typeof version === 'number' || typeof version === 'string' ? `to version ${version}` : undefined;
  const more = operation === 'WRITE' ? mode : operation === 'RESTORE' ? restored : undefined;
  return [operation ?? 'Unknown operation', more].filter((part) => typeof part === 'string').join(', ');
}

/** What a commit came to: rows, files and bytes. */
export function figuresOf({rowsAdded, filesAdded, filesRemoved, bytesAdded, info}: Commit): string {
  const metric = (name: string): number => Number(info.operationMetrics?.[name] ?? 0);
  const rows =
    info.operation === 'MERGE'
      ? `${count(metric('numTargetRowsInserted'))} inserted, ${count(metric('numTargetRowsUpdated'))} updated`
      : rowsAdded === undefined || filesAdded === 0
        ? undefined
        : plural(rowsAdded, 'row');
  const files = [
    filesAdded > 0 ? `+${count(filesAdded)}` : undefined,
    filesRemoved > 0 ? `−${count(filesRemoved)}` : undefined,
  ]
    .filter((part) => part !== undefined)
    .join(' ');
  return [
    rows,
    files === '' ? undefined : `${files} ${filesAdded + filesRemoved === 1 ? 'file' : 'files'}`,
    filesAdded === 0 ? undefined : bytes(bytesAdded),
  ]
    .filter((part) => part !== undefined)
    .join(' · ');
}

/** Versions that the log still knows, the newest first. */
export const versionsOf = ({firstVersion, times}: TableEntry): {version: number; timestamp: number}[] =>
  times.map((timestamp, i) => ({version: firstVersion + i, timestamp})).reverse();

/** `3.2 MB in 4 files, 10,080 rows` */
export const sizeOf = ({bytes: size, files, rows}: TableEntry): string =>
  [`${bytes(size)} in ${plural(files, 'file')}`, rows === undefined ? undefined : plural(rows, 'row')]
    .filter((part) => part !== undefined)
    .join(', ');

/** `0, 1 and 4–9`, of ascending numbers. */
export function ranges(numbers: readonly number[]): string {
  const starts = numbers.filter((n) => !numbers.includes(n - 1));
  const ends = numbers.filter((n) => !numbers.includes(n + 1));
  return list(starts.flatMap((start, i) => (ends[i] === start ? [`${start}`] : [`${start}–${ends[i]}`])));
}
