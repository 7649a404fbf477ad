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

  show(tab: LakeTab, version?: number): void {
    this.tab = tab;
    this.version = version;
  }

  /** Compares a version with the one before it. */
  compare(version: number): void {
    [this.tab, this.before, this.after] = ['compare', version - 1, version];
  }
}
