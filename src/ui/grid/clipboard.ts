import {count, plural} from '../../lib/text.ts';
import {problemOf} from '../../lib/problem.ts';
import type {Row} from '../../lib/value.ts';
import {toTsv} from './format.ts';

const mostRows = 100_000;

/** Puts text on the clipboard; pages without a secure address have only the old way. */
async function copyText(text: string): Promise<void> {
  if (isSecureContext) {
    await navigator.clipboard.writeText(text);
    return;
  }
  const give = (event: ClipboardEvent): void => {
    event.preventDefault();
    event.stopImmediatePropagation();
    event.clipboardData?.setData('text/plain', text);
  };
  document.addEventListener('copy', give, {capture: true, once: true});
  // Deprecated, and the only one there is without a secure address.
  const done = document.execCommand('copy');
  document.removeEventListener('copy', give, {capture: true});
  if (!done) throw new Error('This browser does not let the page copy.');
}

/** Copies text and says what happened, as a sentence. */
export async function tellCopied(text: string, what: string): Promise<string> {
  try {
    await copyText(text);
    return `${what} copied.`;
  } catch (thrown) {
    return `Nothing was copied: ${problemOf(thrown).message}`;
  }
}

/** Copies cells as tab-separated lines, fetching the rows, below a header when there is one. */
export async function copyCells(
  fetch: (first: number, last: number) => Promise<readonly Row[]>,
  {
    top,
    bottom,
    left,
    right,
  }: {readonly top: number; readonly bottom: number; readonly left: number; readonly right: number},
  header?: readonly string[],
): Promise<string> {
  const last = Math.min(bottom, top + mostRows - 1);
  try {
    const rows = last < top ? [] : await fetch(top, last);
    const cells = rows.map((row) => row.slice(left, right + 1));
    const whole = header === undefined ? plural(cells.length * (right - left + 1), 'cell') : plural(rows.length, 'row');
    return await tellCopied(
      toTsv(header === undefined ? cells : [header, ...cells]),
      last < bottom ? `The first ${count(mostRows)} of ${plural(bottom - top + 1, 'row')}` : whole,
    );
  } catch (thrown) {
    return `Nothing was copied: ${problemOf(thrown).message}`;
  }
}
