import {deflateRawSync} from 'node:zlib';
import fc from 'fast-check';
import {describe, expect, test} from 'vitest';
import {longestLink, notebookLink, readNotebookLink} from '../../../src/handover/link.ts';
import {unwrap, type Problem} from '../../../src/lib/problem.ts';

const address = 'https://example.org/some/path/?from=here#notebook';
const fragmentOf = (link: string): string => new URL(link).hash;
const packed = (bytes: Uint8Array | string): string => `#notebook=1.${deflateRawSync(bytes).toString('base64url')}`;
async function refused(fragment: string): Promise<Problem> {
  const read = await readNotebookLink(fragment);
  if (read.ok) throw new Error(`not refused: ${read.value.slice(0, 40)}`);
  return read.error;
}

describe('a notebook’s link', () => {
  test('gives the same text back, whatever is in it', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({unit: 'binary', maxLength: 400}), async (text) => {
        const link = unwrap(await notebookLink(text, address));
        expect(await readNotebookLink(fragmentOf(link))).toEqual({ok: true, value: text});
      }),
    );
  });

  test('keeps a byte order mark and line ends', async () => {
    const text = '\u{FEFF}# A\r\n\r\n```sql q\r\nSELECT 1\r\n```\r\n';
    expect(await readNotebookLink(fragmentOf(unwrap(await notebookLink(text, address))))).toEqual({
      ok: true,
      value: text,
    });
  });

  test('carries everything in its fragment, and nothing of the address but its place', async () => {
    const link = unwrap(await notebookLink('# Hello', address));
    expect(link.split('#')[0]).toBe('https://example.org/some/path/');
    expect(fragmentOf(link)).toMatch(/^#notebook=1\.[\w-]+$/);
  });

  test('that would be too long is refused with its length and another way', async () => {
    // Random letters don't get smaller.
    let seed = 1;
    const noise = Array.from({length: 30_000}, () =>
      String.fromCharCode(97 + ((seed = (seed * 48_271) % 2_147_483_647) % 26)),
    ).join('');
    const made = await notebookLink(noise, address);
    expect(made).toMatchObject({
      ok: false,
      error: {code: 'LINK_TOO_LONG', hint: expect.stringContaining('file') as string},
    });
    expect((await notebookLink('a line of a notebook\n'.repeat(6_000), address)).ok).toBe(true);
    expect(await notebookLink('a line of a notebook\n'.repeat(7_000), address)).toMatchObject({
      ok: false,
      error: {message: expect.stringContaining('147,000 bytes') as string},
    });
    expect(longestLink).toBe(16_384);
  });
});

describe('a link that someone made up', () => {
  test('of another version is named as that', async () => {
    expect(await refused('#notebook=2.abc')).toMatchObject({
      code: 'LINK_VERSION',
      message: expect.stringContaining('version 2') as string,
    });
  });

  const whole = packed('# A notebook\n'.repeat(50));
  test.each([
    ['without a version', '#notebook=abc'],
    ['without anything', '#notebook='],
    ['under another name', '#notebooks=1.AAA'],
    ['with letters that base64url has not', '#notebook=1.%3Cscript%3E'],
    ['of half a letter', '#notebook=1.a'],
    ['that is no deflate stream', '#notebook=1._____w'],
    ['with nothing packed', '#notebook=1.'],
    ['cut on its way', whole.slice(0, -6)],
    ['that is no UTF-8', packed(Uint8Array.of(0x23, 0xff, 0xfe))],
  ])('%s is damaged', async (_what, fragment) => {
    expect(await refused(fragment)).toMatchObject({code: 'LINK_DAMAGED'});
  });

  test('that unpacks to 200 megabytes is stopped after the first 128 kilobytes', async () => {
    // 200 MB of zeros are 200 kB deflated.
    const bomb = packed(new Uint8Array(200_000_000));
    const before = process.memoryUsage().rss;
    expect(await refused(bomb)).toMatchObject({code: 'LINK_TOO_LARGE'});
    expect(process.memoryUsage().rss - before).toBeLessThan(100_000_000);
  });

  test('of exactly 128 kilobytes is read, of one byte more is not', async () => {
    expect(await readNotebookLink(packed('a'.repeat(131_072)))).toMatchObject({ok: true});
    expect(await refused(packed('a'.repeat(131_073)))).toMatchObject({code: 'LINK_TOO_LARGE'});
  });
});
