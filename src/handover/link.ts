import {decodeBase64Url, encodeBase64Url} from '../encrypt/base64url.ts';
import {joinBytes} from '../lib/bytes.ts';
import {fail, ok, type Problem, type Result} from '../lib/problem.ts';
import {count} from '../lib/text.ts';
import {linkKey} from './link-key.ts';

/** Characters of a whole link: chats and mail programs pass on about so many. */
export const longestLink = 16_384;
/** Bytes of Markdown that a link may unpack to: several times what a notebook's text packs to, and little enough that a hostile one can't hold the page up. */
const mostBytes = 131_072;
const version = '1';

/** The notebook's Markdown in the fragment of `address`, which browsers keep to themselves: deflated, as base64url. */
export async function notebookLink(markdown: string, address: string): Promise<Result<string>> {
  const text = new Blob([markdown]);
  const packed = await readAll(text.stream().pipeThrough(new CompressionStream('deflate-raw')), Infinity);
  const page = new URL(address);
  const link = `${page.origin}${page.pathname}${linkKey}${version}.${encodeBase64Url(packed ?? new Uint8Array()).replace(/=+$/, '')}`;
  if (link.length <= longestLink && text.size <= mostBytes) return ok(link);
  return fail({
    code: 'LINK_TOO_LONG',
    message:
      link.length > longestLink
        ? `This notebook makes a link of ${count(link.length)} characters, and links of more than ${count(longestLink)} are cut on their way.`
        : `This notebook has ${count(text.size)} bytes of text, and a link carries at most ${count(mostBytes)}.`,
    hint: 'Save it as a file and send that: a notebook is a Markdown file, and dropped on this page it opens.',
  });
}

/** The Markdown that a link's fragment carries, exactly as it went in. Nothing is believed of the text but that it is UTF-8. */
export async function readNotebookLink(fragment: string): Promise<Result<string>> {
  const [, tag, text] = /^(\w+)\.(.*)$/s.exec(fragment.slice(linkKey.length)) ?? [];
  if (!fragment.startsWith(linkKey) || tag === undefined || text === undefined) return fail(damaged);
  if (tag !== version) return fail(newer(tag));
  const packed = decodeBase64Url(new TextEncoder().encode(text.padEnd(Math.ceil(text.length / 4) * 4, '=')));
  if (packed === undefined) return fail(damaged);
  try {
    const bytes = await readAll(
      new Blob([packed]).stream().pipeThrough(new DecompressionStream('deflate-raw')),
      mostBytes,
    );
    if (bytes === undefined) return fail(tooLarge);
    return ok(new TextDecoder('utf-8', {fatal: true, ignoreBOM: true}).decode(bytes));
  } catch {
    return fail(damaged);
  }
}

/** A stream's bytes; undefined, and the stream is stopped, once there are more than `most`. */
async function readAll(stream: ReadableStream<Uint8Array>, most: number): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const reader = stream.getReader();
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for (;;) {
    const {done, value} = await reader.read();
    if (done) return joinBytes(parts);
    bytes += value.length;
    if (bytes > most) {
      await reader.cancel();
      return undefined;
    }
    parts.push(value);
  }
}

const damaged: Problem = {
  code: 'LINK_DAMAGED',
  message:
    'This link is meant to carry a notebook, and what it carries can’t be read: a part of it is missing or was changed on the way.',
  hint: 'Copy the whole link again, or ask for the notebook as a file.',
};

const newer = (tag: string): Problem => ({
  code: 'LINK_VERSION',
  message: `This link carries a notebook in version ${tag.slice(0, 20)}, and this Lakebook reads version ${version}.`,
  hint: 'Reload the page to get the latest Lakebook, or ask for the notebook as a file.',
});

const tooLarge: Problem = {
  code: 'LINK_TOO_LARGE',
  message: `What this link carries unpacks to more than ${count(mostBytes)} bytes of text, and no notebook’s link does; it was not opened.`,
  hint: 'Ask for the notebook as a file.',
};
