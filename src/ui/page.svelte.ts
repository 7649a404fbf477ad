import {isRunnable, type RunnableCell} from '../cells/define.ts';
import {createContext, tick} from 'svelte';
import {SvelteMap, SvelteSet} from 'svelte/reactivity';
import {chartBody} from '../charts/parse.ts';
import {suggestChart} from '../charts/suggest.ts';
import type {CellCompared, OutputCompared} from '../handover/compare.ts';
import {linkKey} from '../handover/link-key.ts';
import {problemOf} from '../lib/problem.ts';
import {plural} from '../lib/text.ts';
import type {StoredResult} from '../run/define.ts';
import {choiceIn, fragmentOf, noChoice, type Choice} from '../notebook/dashboard-choice.ts';
import {cellOf, type NewCell} from '../notebook/insert.ts';
import {cellNamed, cellNamesAbove} from '../notebook/names.ts';
import {isHeld} from '../notebook/plan.ts';
import type {Session} from '../notebook/session.svelte.ts';
import type {OpenDialog} from './dialog.ts';
import {saveFile} from './files/save.ts';
import {duration} from './format.ts';
import {hold} from './hold.ts';
import {Messages} from './messages.svelte.ts';
import {remember, remembered, Theme} from './theme.svelte.ts';

/** A check of a quality cell, and how many rows make it fail, in one of its results. */
export interface RejectsOf {
  readonly of: StoredResult;
  readonly check: string;
  readonly rows: number;
}

export type FaceName = 'result' | 'chart' | 'changes' | 'sql' | 'pyspark' | 'learn';

const linkIn = (fragment: string): string | undefined => (fragment.startsWith(linkKey) ? fragment : undefined);

/** What the page itself knows beside the session: which dialog is open, which form, which face, what was said. */
export class Page extends Messages {
  readonly theme = new Theme();
  /** The one dialog that is open. */
  dialog = $state.raw<OpenDialog | undefined>();
  /** The fragment of the link whose notebook is being read; nothing of it is taken in yet. */
  visit = $state<string | undefined>(linkIn(location.hash));
  /** The page was opened by a link: the user's own notebook waits behind. */
  curtain = $state(this.visit !== undefined);
  /** What the dashboard is filtered by while it is shown instead of the cells; the address says the same. */
  dashboard = $state.raw<Choice | undefined>(choiceIn(location.hash));
  /** The cell at the top of the window when the notebook was left, and how far below it. */
  #left: {readonly id: string; readonly top: number} | undefined;
  /** The sidebar: on narrow windows a drawer, elsewhere a column that can be folded away. */
  drawer = $state(false);
  sidebar = $state(remembered('lakebook:sidebar') !== 'off');
  /** The cell that has, or last had, the focus. */
  current = $state<string | undefined>();
  /** Cells whose form is open. */
  readonly forms = new SvelteSet<string>();
  /** Cells whose source is being edited as text. */
  readonly sources = new SvelteSet<string>();
  /** Cells whose result shows the rejected rows instead. */
  readonly rejects = new SvelteSet<string>();
  /** Of those, the ones whose rows are of one check only. */
  readonly rejectsOf = new SvelteMap<string, RejectsOf>();
  /** What the last comparison with a Spark run found, and for which results. */
  readonly compared = new SvelteMap<string, readonly CellCompared[]>();
  comparison = $state.raw<OutputCompared | undefined>();
  /** Text cells being edited. */
  readonly writing = new SvelteSet<string>();
  readonly #faces = new SvelteMap<string, FaceName>();
  #runToast: number | undefined;
  #redrawTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(readonly session: Session) {
    super();
    session.document.onInputs = (held, others) => {
      for (const {id, cell, from, nearest} of held) {
        const action = {label: `Read ${nearest} instead`, run: () => this.session.document.readNearest([id])};
        const holds = (): boolean => this.cell(id)?.from === from;
        const more = nearest === undefined || nearest === from ? {holds} : {holds, action};
        // The same command may set it to something else.
        queueMicrotask(() => {
          if (holds()) this.toast(`${cell} still reads ${from}: that is written in it now.`, more);
        });
      }
      for (const {cell, before, after} of others)
        this.toast(`${cell} read ${before} before, and reads ${after ?? 'nothing'} in this text.`, {
          action: {label: `Show ${cell}`, run: () => this.#showNamed(cell)},
        });
    };
  }

  /** A toast tells of the notebook that is open, and goes with it. */
  override toast(text: string, more: Parameters<Messages['toast']>[1] = {}): number {
    const {document} = this.session;
    const {path} = document;
    return super.toast(text, {holds: more.tone === 'busy' ? undefined : () => document.path === path, ...more});
  }

  #showNamed(name: string): void {
    const id = cellNamed(this.session.document.notebook, name)?.id;
    if (id !== undefined) void this.show(id);
  }

  // ---- links

  /** Shows what the address says now. */
  followAddress(): void {
    this.visit = linkIn(location.hash);
    if (this.visit === undefined) this.curtain = false;
    void this.#showDashboard(choiceIn(location.hash));
  }

  endVisit(): void {
    history.replaceState(history.state, '', location.pathname + location.search);
    this.followAddress();
  }

  // ---- the dashboard

  /** Shows the dashboard, or with undefined the notebook again, at the place where it was left. */
  async showDashboard(choice: Choice | undefined): Promise<void> {
    const before = this.dashboard;
    const address = choice === undefined ? location.pathname + location.search : fragmentOf(choice);
    // A filter is no step to go back to.
    if ((before === undefined) === (choice === undefined)) history.replaceState(history.state, '', address);
    else history.pushState(null, '', address);
    await this.#showDashboard(choice);
  }
  toggleDashboard(): void {
    void this.showDashboard(this.dashboard === undefined ? noChoice : undefined);
  }
  async #showDashboard(choice: Choice | undefined): Promise<void> {
    const before = this.dashboard;
    if (before === undefined && choice !== undefined) this.#left = topCell();
    this.dashboard = choice;
    if ((before === undefined) === (choice === undefined)) return;
    await tick();
    if (choice !== undefined) scrollTo({top: 0});
    else if (this.#left !== undefined) this.#holdAt(this.#left);
    document.getElementById('notebook')?.focus({preventScroll: true});
    this.say(choice === undefined ? 'The notebook.' : 'The dashboard.');
  }

  // ---- cells

  cell(id: string | undefined): RunnableCell | undefined {
    return this.session.document.notebook.cells.find(
      (cell): cell is RunnableCell => cell.id === id && isRunnable(cell),
    );
  }

  /** The name a cell's result goes by: charts without one have the plan's. */
  nameOf(id: string): string {
    return this.session.runs.planned.get(id)?.name ?? this.cell(id)?.name ?? '';
  }

  /** The face a cell shows; remembered for its notebook and name. */
  /** The cell that is just being inserted: its editor opens with the template selected. */
  inserted: string | undefined;

  face(id: string): FaceName | undefined {
    const key = this.#faceKey(id);
    // Written by `showFace`, so it is one of the names or nothing.
    return this.#faces.get(key) ?? ((remembered(key) ?? undefined) as FaceName | undefined);
  }
  showFace(id: string, face: FaceName): void {
    const key = this.#faceKey(id);
    this.#faces.set(key, face);
    remember(key, face);
  }
  #faceKey(id: string): string {
    return `lakebook:face:${this.session.document.path}:${this.nameOf(id)}`;
  }

  showRejects(id: string, of?: RejectsOf): void {
    if (of === undefined) this.rejectsOf.delete(id);
    else this.rejectsOf.set(id, of);
    this.rejects.add(id);
    this.showFace(id, 'result');
  }

  async openForm(id: string): Promise<void> {
    const cell = this.session.document.notebook.cells.find((other) => other.id === id);
    if (cell === undefined) return;
    if (!isRunnable(cell)) this.writing.add(id);
    else this.forms.add(id);
    await tick();
    const form = this.element(id)?.querySelector<HTMLElement>('[data-form]');
    form?.querySelector<HTMLElement>('input, select, textarea, button, [contenteditable]')?.focus();
  }
  closeForm(id: string): void {
    this.forms.delete(id);
    this.sources.delete(id);
    this.writing.delete(id);
    this.focus(id);
  }

  element(id: string): HTMLElement | undefined {
    return document.querySelector<HTMLElement>(`[data-cell="${CSS.escape(id)}"]`) ?? undefined;
  }
  focus(id: string): void {
    this.element(id)?.querySelector<HTMLElement>('[data-handle]')?.focus({preventScroll: true});
  }
  async show(id: string): Promise<void> {
    this.drawer = false;
    if (this.dashboard !== undefined) await this.showDashboard(undefined);
    await tick();
    this.focus(id);
    this.#hold(id, 'start');
  }
  /** Brings a cell into the window and holds it there. */
  #hold(id: string, block: 'start' | 'nearest'): void {
    hold(() => this.element(id)?.scrollIntoView({block, behavior: 'instant'}));
  }
  /** Holds a cell at a distance from the top of the window. */
  #holdAt({id, top}: {readonly id: string; readonly top: number}): void {
    hold(() => scrollBy({top: (this.element(id)?.getBoundingClientRect().top ?? top) - top, behavior: 'instant'}));
  }

  /** Gives the focus back to a cell whose element an edit has moved or taken away, or to the one that is at its place now. */
  async refocus(lost: {readonly id: string; readonly index: number}): Promise<void> {
    await tick();
    if (document.activeElement !== null && document.activeElement !== document.body) return;
    const {cells} = this.session.document.notebook;
    const cell = cells.find(({id}) => id === lost.id) ?? cells[Math.min(lost.index, cells.length - 1)];
    if (cell !== undefined) this.focus(cell.id);
  }

  /** Moves the focus to a neighbouring cell; undefined at the ends. */
  neighbour(id: string, by: number): string | undefined {
    const {cells} = this.session.document.notebook;
    return cells[cells.findIndex((cell) => cell.id === id) + by]?.id;
  }

  /** The cells a command is for: the selection when the cell is in it, else the cell alone. */
  group(id: string): string[] {
    const {selection} = this.session.document;
    return selection.has(id)
      ? this.session.document.notebook.cells.flatMap((cell) => (selection.has(cell.id) ? [cell.id] : []))
      : [id];
  }

  async remove(ids: readonly string[]): Promise<void> {
    const first = this.session.document.notebook.cells.findIndex((cell) => ids.includes(cell.id));
    this.session.document.remove(ids);
    const {notebook} = this.session.document;
    this.toast(`${plural(ids.length, 'cell')} deleted.`, {
      action: {label: 'Undo', run: () => this.session.document.undo()},
      // After another edit, Undo would take that one back.
      holds: () => this.session.document.notebook === notebook,
    });
    await tick();
    const next = this.session.document.notebook.cells[Math.min(first, this.session.document.notebook.cells.length - 1)];
    if (next !== undefined) this.focus(next.id);
  }

  async moveBy(id: string, by: -1 | 1): Promise<void> {
    const {cells} = this.session.document.notebook;
    const ids = this.group(id);
    const at = cells.flatMap((cell, i) => (ids.includes(cell.id) ? [i] : []));
    const index = by < 0 ? Math.max(0, Math.min(...at) - 1) : Math.min(cells.length, Math.max(...at) + 2);
    this.session.document.move(ids, index);
    await tick();
    this.focus(id);
    this.element(id)?.scrollIntoView({block: 'nearest'});
    this.say(
      `Moved to place ${this.session.document.notebook.cells.findIndex((cell) => cell.id === id) + 1} of ${cells.length}.`,
    );
  }

  /** Moves a cell below the one that it reads. */
  async moveBelow(id: string, name: string): Promise<void> {
    const {cells} = this.session.document.notebook;
    const named = cellNamed(this.session.document.notebook, name);
    if (named === undefined) return;
    this.session.document.move([id], cells.indexOf(named) + 1);
    await this.show(id);
    this.say(`Moved below ${name}.`);
  }

  select(id: string, how: 'only' | 'toggle' | 'range'): void {
    const {selection, notebook} = this.session.document;
    if (how === 'only') this.session.document.select(selection.size === 1 && selection.has(id) ? [] : [id]);
    else if (how === 'toggle')
      this.session.document.select(
        selection.has(id) ? [...selection].filter((other) => other !== id) : [...selection, id],
      );
    else {
      const at = notebook.cells.findIndex((cell) => cell.id === id);
      const anchor = notebook.cells.findIndex((cell) => selection.has(cell.id));
      const [from, to] = anchor < 0 ? [at, at] : [Math.min(anchor, at), Math.max(anchor, at)];
      this.session.document.select(notebook.cells.slice(from, to + 1).map((cell) => cell.id));
    }
  }

  /** Opens a notebook to write in when none is open, inserts a cell, and shows its form. */
  async insert(afterId: string | undefined, newCell: NewCell): Promise<string | undefined> {
    if (this.session.document.path === '') await this.session.notebooks.create();
    if (this.dashboard !== undefined) await this.showDashboard(undefined);
    const id = this.session.document.insert(afterId, newCell);
    if (id === undefined) return undefined;
    this.inserted = id;
    await tick();
    await this.openForm(id);
    this.inserted = undefined;
    this.#hold(id, 'nearest');
    return id;
  }

  /** Adds a chart of the nearest table above, drawn by what suits its columns where they are known. */
  async insertChart(afterId: string | undefined): Promise<void> {
    const id = await this.insert(afterId, (notebook) => {
      const name = cellNamesAbove(notebook, afterId, true).at(-1);
      const above = [...this.session.runs.planned.values()].find((cell) => cell.name === name);
      const spec = above === undefined ? undefined : suggestChart(this.session.runs.columnsOf(above.id, 'output'));
      return cellOf('chart', 'chart', spec === undefined ? undefined : chartBody(spec))(notebook, afterId);
    });
    if (id !== undefined) this.redraw(id);
  }

  /** Draws a chart again soon after its form changed, when that takes no other cell's work. */
  redraw(id: string): void {
    clearTimeout(this.#redrawTimer);
    this.#redrawTimer = setTimeout(() => {
      const {planned, running} = this.session.runs;
      const chart = planned.get(id);
      if (chart?.ready !== true || running !== undefined) return;
      const isFresh = (name: string): boolean =>
        [...planned.values()].some((cell) => cell.name === name && this.session.runs.statusOf(cell.id) === 'fresh');
      if (chart.inputs.every((input) => isFresh(input.name))) void this.run(chart.name);
    }, 300);
  }

  // ---- runs

  /** Whether something that is to run waits for the user's word on what it may use; then he is asked. */
  #asks(name: string | undefined): boolean {
    const {planned} = this.session.runs;
    const {undecided} = this.session.document;
    const waits = [...planned.values()].some((cell) => (name === undefined || cell.name === name) && isHeld(cell));
    if (undecided.length === 0 || !waits) return false;
    this.dialog = {kind: 'allow', run: name ?? null};
    return true;
  }

  async run(name?: string): Promise<boolean> {
    if (this.#asks(name)) return false;
    this.#endRunToast();
    try {
      const {runs} = this.session;
      const report = await runs.run(name);
      const failed = report.cells.find((cell) => cell.status === 'failed');
      const broken = report.cells.find((cell) => cell.status === 'broken');
      const at = failed ?? broken;
      if (at !== undefined) {
        const id = [...runs.planned.values()].find((cell) => cell.name === at.name)?.id;
        // Runs that were asked for one after the other fail alike.
        this.#endRunToast();
        this.#runToast = this.toast(
          `${at.name} ${failed === undefined ? 'can’t run as it is written' : 'failed'}: ${at.error?.message ?? ''}`,
          {
            tone: 'bad',
            hint: at.error?.hint,
            ...(id === undefined
              ? {}
              : {
                  action: {label: `Show ${at.name}`, run: () => void this.show(id)},
                  holds: () =>
                    runs.planned.get(id)?.name === at.name && ['failed', 'broken'].includes(runs.statusOf(id)),
                }),
          },
        );
      } else if (report.cells.some((cell) => cell.status === 'cancelled')) this.say('Stopped.');
      else {
        const last = report.cells.at(-1);
        const rows = last?.rowsOut ?? undefined;
        this.say(
          `${plural(report.cells.length, 'cell')} ran in ${duration(report.ms)}${rows === undefined ? '' : `; ${last?.name ?? ''} has ${plural(rows, 'row')}`}.`,
        );
      }
      return report.ok;
    } catch (thrown) {
      this.fault(problemOf(thrown));
      return false;
    }
  }

  #endRunToast(): void {
    if (this.#runToast !== undefined) this.dismiss(this.#runToast);
  }

  /** Runs every cell down to this one. */
  async runTo(id: string): Promise<void> {
    const {cells} = this.session.document.notebook;
    const until = cells.slice(0, cells.findIndex((cell) => cell.id === id) + 1);
    if (until.some((cell) => this.#asks(this.nameOf(cell.id)))) return;
    for (const cell of until) {
      const planned = this.session.runs.planned.get(cell.id);
      if (planned?.ready === true && !(await this.run(planned.name))) return;
    }
  }

  // ---- notebooks

  async openSample(path: string): Promise<void> {
    this.drawer = false;
    await this.busy('Opening the notebook …', () => this.session.notebooks.openSample(path));
    scrollTo({top: 0});
    await this.run();
  }

  /** The notebook as it leaves. */
  notebookFile(): File {
    const name = this.session.document.path === '' ? 'notebook' : this.session.document.path;
    return new File([this.session.document.markdown()], `${name}.md`, {type: 'text/markdown'});
  }

  saveNotebook(): void {
    saveFile(this.notebookFile());
  }

  confirm(title: string, text: string, action: string, run: () => void): void {
    this.dialog = {kind: 'confirm', title, text, action, run};
  }

  foldSidebar(): void {
    if (matchMedia('(max-width: 899px)').matches) this.drawer = !this.drawer;
    else {
      this.sidebar = !this.sidebar;
      remember('lakebook:sidebar', this.sidebar ? 'on' : 'off');
    }
  }
}

function topCell(): {readonly id: string; readonly top: number} | undefined {
  const cells = [...document.querySelectorAll<HTMLElement>('[data-cell]')].map((element) => ({
    id: element.dataset['cell'] ?? '',
    box: element.getBoundingClientRect(),
  }));
  const first = cells.find(({box}) => box.bottom > 60);
  return first === undefined ? undefined : {id: first.id, top: first.box.top};
}

export const [getPage, setPage] = createContext<Page>();
