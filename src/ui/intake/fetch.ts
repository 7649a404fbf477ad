import {ProblemError} from '../../lib/problem.ts';

/** Fetches a file from an address the user typed; a Problem says why there is none. */
export async function fetchFile(address: string): Promise<File> {
  const url = URL.parse(address);
  if (url === null || !/^https?:$/.test(url.protocol))
    throw new ProblemError({
      code: 'URL',
      message: `“${address}” is not a web address.`,
      hint: 'Type one that starts with https://.',
    });
  const answer = await fetch(url, {referrerPolicy: 'no-referrer', credentials: 'omit'}).catch((cause: unknown) => {
    throw new ProblemError(
      {
        code: 'URL_UNREACHABLE',
        message: `${url.host} gave no answer that this page may read.`,
        hint: 'The server may be down, or it doesn’t allow other sites to read it (CORS). Download the file and drop it here instead.',
      },
      {cause},
    );
  });
  if (!answer.ok)
    throw new ProblemError({
      code: 'URL_STATUS',
      message: `${url.host} answered ${answer.status}${answer.statusText === '' ? '' : ` (${answer.statusText})`} for this address.`,
      hint:
        answer.status === 404
          ? 'Check the address: there is no such file there.'
          : 'Open the address in a tab of its own to see why.',
    });
  const last = url.pathname.split('/').at(-1) ?? '';
  const name = /%(?![0-9a-f]{2})/i.test(last) ? last : decodeURIComponent(last);
  const data = await answer.blob().catch((cause: unknown) => {
    throw new ProblemError(
      {
        code: 'URL_BROKEN_OFF',
        message: `${url.host} stopped sending before the file was whole.`,
        hint: 'Try again, or download the file and drop it here.',
      },
      {cause},
    );
  });
  return new File([data], name || `${url.host}.csv`);
}
