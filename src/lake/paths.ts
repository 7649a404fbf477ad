import type {DeletionVector} from './actions.ts';
import {z85} from './z85.ts';

/** The text a log's path stands for: URI-decoded, as Spark reads it. A `%` that encodes nothing stays as it is. */
export function decodePath(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

export const isAbsolute = (path: string): boolean => path.startsWith('/') || /^[A-Za-z][A-Za-z0-9+.-]*:/.test(path);

/** One spelling of a path for comparing: decoded; `file:/a`, `file:///a` and `/a` are the same file, and so are `./a` and `a`. */
export const canonicalPath = (path: string): string =>
  decodePath(path)
    .replace(/^file:\/*/i, '/')
    .replace(/(^|\/)(?:\.\/)+/g, '$1');

/** What tells a file of a snapshot from the others: its path and its deletion vector (“Action Reconciliation” in the protocol). */
export function fileKey(file: {readonly path: string; readonly deletionVector?: DeletionVector}): string {
  const vector = file.deletionVector;
  const path = canonicalPath(file.path);
  return vector === undefined
    ? path
    : `${path}\n${vector.storageType}${vector.pathOrInlineDv}${vector.offset === undefined ? '' : `@${vector.offset}`}`;
}

/**
 * A log's path as a path inside the table, decoded; undefined when it leads out of it. Absolute paths are inside when they
 * begin with `home`, the folder the table was in when they were written.
 */
export function pathInTable(path: string, home: string | undefined): string | undefined {
  let inside = canonicalPath(path);
  if (isAbsolute(path)) {
    if (home === undefined || !inside.startsWith(home)) return undefined;
    inside = inside.slice(home.length);
  }
  return inside.split('/').includes('..') ? undefined : inside;
}

/** Where the absolute path of a file that `found` (paths inside the table) has lay before: `/old/place/table/`, or undefined. */
export function homeOf(path: string, found: ReadonlySet<string>): string | undefined {
  const whole = canonicalPath(path);
  for (let slash = whole.indexOf('/'); slash >= 0; slash = whole.indexOf('/', slash + 1)) {
    if (found.has(whole.slice(slash + 1))) return whole.slice(0, slash + 1);
  }
  return undefined;
}

/** Whether a part of a path inside the table is hidden, that is, matches `hidden`. The folder of a partition (`_day=2024-01-31`) never is, whatever its column is called. */
export const hasHiddenPart = (path: string, hidden: RegExp): boolean =>
  path
    .split('/')
    .some((part, index, parts) => hidden.test(part) && (index === parts.length - 1 || !/^[^=]+=/.test(part)));

/** The file a deletion vector is in, as a log's path; undefined for one that is written in the log itself. */
export function deletionVectorPath(vector: DeletionVector): string | undefined {
  if (vector.storageType === 'i') return undefined;
  if (vector.storageType === 'p') return vector.pathOrInlineDv;
  const prefix = vector.pathOrInlineDv.slice(0, -20);
  const hex = Array.from(z85(vector.pathOrInlineDv.slice(-20)), (byte) => byte.toString(16).padStart(2, '0')).join('');
  const uuid = hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
  return `${prefix === '' ? '' : `${prefix}/`}deletion_vector_${uuid}.bin`;
}
