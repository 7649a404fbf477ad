import type {Commit} from '../../ports/index.ts';
import {Loaded} from '../loaded.svelte.ts';

export const tabs = [
  {name: 'overview', title: 'Overview'},
  {name: 'history', title: 'History'},
  {name: 'rows', title: 'Rows'},
  {name: 'compare', title: 'Compare'},
  {name: 'log', title: 'Log'},
  {name: 'manage', title: 'Manage'},
] as const;

export type LakeTab = (typeof tabs)[number]['name'];

/** Which part of a table is looked at, and at which version; undefined is the latest. */
export class TableView {
  tab = $state<LakeTab>('overview');
  version = $state<number | undefined>();
  /** The two versions that are compared; left out, they are the latest and the one before it. */
  before = $state<number | undefined>();
  after = $state<number | undefined>();
  /** Every commit, the newest first. */
  readonly history = new Loaded<readonly Commit[]>();
  /** The versions whose files are gone, as far as the history is known. */
  readonly gone: ReadonlySet<number> = $derived(
    new Set(this.history.value?.flatMap(({version, readable}) => (readable ? [] : [version]))),
  );

  show(tab: LakeTab, version?: number): void {
    this.tab = tab;
    this.version = version;
  }

  /** Compares a version with the one before it. */
  compare(version: number): void {
    [this.tab, this.before, this.after] = ['compare', version - 1, version];
  }
}
