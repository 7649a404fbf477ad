import type {Page} from '../page.svelte.ts';

/** Puts a passphrase, a key or a command on the clipboard. */
export async function copySecret(page: Page, text: string): Promise<void> {
  await page.attempt(() => navigator.clipboard.writeText(text));
  page.toast('Copied.');
}
