import {plural} from '../../lib/text.ts';
import type {Page} from '../page.svelte.ts';
import type {Items} from './items.ts';
import {filesOf, isZipName, kindOf, sorted, startBytes, type Kind} from './kinds.ts';
import {namesInZip} from './zip.ts';

/**
 * Takes in what the user brings, in whatever way: encrypted files are opened first, what a Spark run wrote for the notebook's cells is compared
 * with them, notebooks open, folders and zips hold tables or a workspace, data files are kept and then previewed. Whether all of it came in, or
 * the page asks what to do with it.
 */
export async function take(page: Page, items: Items): Promise<boolean> {
  if (items.from === 'drop') {
    const {outputIn} = await import('./output.ts');
    const otherwise = (): void => void page.attempt(() => take(page, {...items, from: 'pick'}));
    const output = await outputIn(page.session, items, otherwise);
    if (output !== undefined) {
      page.dialog = {kind: 'compare', output};
      return true;
    }
  }
  const {encrypted, rest, notebooks, workspace, table, data} = sorted(items, await kindsOf(items));
  if (encrypted.length > 0) {
    page.dialog = {kind: 'decrypt', files: encrypted, others: rest};
    return true;
  }
  let isWhole = true;
  for (const file of notebooks) {
    const open = async (): Promise<true> => {
      await page.session.notebooks.openMarkdown(await file.text(), file.name, items.from === 'link' ? 'link' : 'file');
      return true;
    };
    if ((await page.attempt(open)) !== true) isWhole = false;
  }
  if (workspace !== undefined) page.dialog = {kind: 'workspace', zip: workspace};
  else if (table !== undefined) page.dialog = {kind: 'lake-import', ...table};
  if (data.length === 0) return isWhole;
  const what = data.length === 1 ? (data[0]?.name ?? '') : plural(data.length, 'file');
  const added = await page.busy(`Copying ${what} into the workspace …`, () => page.session.files.addAll(data));
  if (added !== undefined && added.length > 0) page.dialog = {kind: 'import', files: added.map((file) => file.name)};
  return isWhole && added?.length === data.length;
}

async function kindsOf(items: Items): Promise<ReadonlyMap<File, Kind>> {
  const files = filesOf(items);
  // A link carries a notebook, whatever its text is.
  if (items.from === 'link') return new Map(files.map((file) => [file, 'notebook']));
  const {detectEncrypted} = await import('../../encrypt/detect.ts');
  const kinds = files.map(async (file) => {
    const {name} = file;
    const [start, encrypted, inZip] = await Promise.all([
      file.slice(0, startBytes).arrayBuffer(),
      detectEncrypted(file),
      isZipName(name) ? namesInZip(file) : undefined,
    ]);
    return [file, kindOf({name, start: new Uint8Array(start), isEncrypted: encrypted !== undefined, inZip})] as const;
  });
  return new Map(await Promise.all(kinds));
}
