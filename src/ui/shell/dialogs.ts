import type {Component} from 'svelte';
import type {DialogKind, DialogProps, OpenDialog} from '../dialog.ts';
import Confirm from './Confirm.svelte';
import Palette from './Palette.svelte';

interface Closable {
  readonly onclose: () => void;
}

/** The component of each dialog, which loads when it is first opened; palette and questions are there at once. */
const dialogs: {
  readonly [K in DialogKind]: () => Promise<{readonly default: Component<DialogProps[K] & Closable>}>;
} = {
  palette: () => Promise.resolve({default: Palette}),
  confirm: () => Promise.resolve({default: Confirm}),
  shortcuts: () => import('./Shortcuts.svelte'),
  url: () => import('../files/UrlDialog.svelte'),
  replace: () => import('../files/ReplaceDialog.svelte'),
  import: () => import('../files/ImportDialog.svelte'),
  export: () => import('../files/ExportDialog.svelte'),
  dump: () => import('../files/DumpDialog.svelte'),
  workspace: () => import('../files/WorkspaceDialog.svelte'),
  lake: () => import('../lake/TableDialog.svelte'),
  'lake-import': () => import('../lake/ImportTable.svelte'),
  handover: () => import('../handover/HandoverDialog.svelte'),
  compare: () => import('../handover/CompareDialog.svelte'),
  report: () => import('../handover/ReportDialog.svelte'),
  decrypt: () => import('../encrypt/DecryptDialog.svelte'),
  encrypt: () => import('../encrypt/EncryptDialog.svelte'),
  link: () => import('../share/LinkDialog.svelte'),
  allow: () => import('../share/AllowDialog.svelte'),
};

/** The component of a dialog with its props, which stay as they are while it closes. */
export async function opened(dialog: OpenDialog): Promise<{Dialog: Component<Closable>; props: OpenDialog}> {
  const loaded = await dialogs[dialog.kind]();
  // The cast: `OpenDialog` has for its kind what that kind's component takes, which no type of a union can say.
  return {Dialog: loaded.default as Component<Closable>, props: dialog};
}
