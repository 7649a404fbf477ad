import type {FileAt} from '../../ports/index.ts';
import type {Page} from '../page.svelte.ts';
import {filesFrom, type Folder} from './items.ts';
import {take} from './take.ts';

/** Lets the user choose files; to be called on a gesture of theirs. */
export function chooseFiles(chosen: (files: readonly File[]) => void, accept = '', multiple = false): void {
  const input = Object.assign(document.createElement('input'), {type: 'file', accept, multiple});
  input.addEventListener('change', () => chosen([...(input.files ?? [])]));
  input.click();
}

function chooseFolder(chosen: (folder: Folder) => void): void {
  const input = Object.assign(document.createElement('input'), {type: 'file', webkitdirectory: true});
  input.addEventListener('change', () => {
    const files = [...(input.files ?? [])].map((file): FileAt => ({path: file.webkitRelativePath, file}));
    if (files.length > 0) chosen({name: files[0]?.path.split('/')[0] ?? '', files});
  });
  input.click();
}

const takeFiles =
  (page: Page) =>
  (files: readonly File[]): void =>
    void page.attempt(() => take(page, filesFrom('pick', files)));

/** Lets the user choose files of any kind. */
export const pickFiles = (page: Page): void => chooseFiles(takeFiles(page), '', true);

/** Lets the user choose a notebook, or the zip of a workspace. */
export const pickNotebook = (page: Page): void =>
  chooseFiles(takeFiles(page), '.md,.markdown,.zip,.age,.fernet,application/zip');

/** Lets the user choose the zip of a Delta table or of a workspace. */
export const pickZip = (page: Page): void => chooseFiles(takeFiles(page), '.zip,.age,.fernet,application/zip');

/** Lets the user choose a folder that holds a Delta table. */
export const pickFolder = (page: Page): void =>
  chooseFolder((folder) => void page.attempt(() => take(page, {from: 'pick', files: [], folders: [folder]})));

/** Lets the user choose the folder that a Spark run wrote. */
export const pickOutput = (page: Page): void =>
  chooseFolder(({name, files}) => (page.dialog = {kind: 'compare', output: {from: name, files}}));
