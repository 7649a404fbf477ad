import {isRunnable} from '../cells/define.ts';
import {givesRows} from '../cells/index.ts';
import {plural} from '../lib/text.ts';
import {cellOf, stepCell, textCell} from '../notebook/insert.ts';
import {samples} from '../notebook/samples.ts';
import {steps} from '../steps/index.ts';
import {keysOf} from './format.ts';
import {pickFiles, pickFolder, pickNotebook, pickOutput, pickZip} from './intake/pick.ts';
import type {Page} from './page.svelte.ts';
import type {Found, FoundGroup} from './parts/finder.ts';

const groupTitles: Readonly<Record<string, string>> = {
  load: 'Load',
  combine: 'Combine',
  shape: 'Shape',
  clean: 'Clean',
  quality: 'Check quality',
  features: 'Make features',
  summarise: 'Summarise',
  keep: 'Keep',
  alert: 'Alert',
  learn: 'Learn',
  stream: 'Stream',
};

const firstSentence = (text: string): string => /^.*?[.!?](?=\s|$)/s.exec(text)?.[0] ?? text;

/** Every step in menu order, in its groups, with the first sentence of its lesson. */
export function stepGroups(page: Page, afterId: () => string | undefined): FoundGroup[] {
  const groups = [...new Set(steps.map((step) => step.group))];
  return groups.map((group) => ({
    title: groupTitles[group] ?? group,
    items: steps
      .filter((step) => step.group === group)
      .map((step): Found => ({
        id: step.kind,
        title: step.title,
        about: firstSentence(step.lesson.what).replaceAll('`', ''),
        words: `${step.kind} ${step.words ?? ''}`,
        run: () => void page.insert(afterId(), stepCell(step.kind)),
      })),
  }));
}

export const whyNoStop = 'Nothing is running.';

/** Everything the palette offers: what can be done now, then steps, cells and notebooks. */
export function actionGroups(page: Page): FoundGroup[] {
  const {session} = page;
  const at = (): string | undefined => page.current ?? session.document.notebook.cells.at(-1)?.id;
  const action = (title: string, run: () => void, more: Partial<Found> = {}): Found => ({
    id: title,
    title,
    run,
    ...more,
  });
  const {current} = page;
  const cell = page.cell(current);
  const whyNoCell = current === undefined ? 'Choose a cell first.' : undefined;
  const withCell = (run: (id: string) => void) => () => {
    if (current !== undefined) run(current);
  };
  return [
    {
      title: 'Run',
      items: [
        action('Run all', () => void page.run(), {keys: keysOf('shift+mod+Enter')}),
        action('Run report …', () => (page.dialog = {kind: 'report'}), {
          words: 'log summary problems download',
          why: session.runs.lastRun === undefined ? 'Nothing has run yet.' : undefined,
        }),
        action('Stop', () => void session.runs.stop(), {
          why: session.runs.running === undefined ? whyNoStop : undefined,
        }),
        ...(cell === undefined
          ? []
          : [
              action(`Run ${page.nameOf(cell.id)}`, () => void page.run(page.nameOf(cell.id)), {
                keys: keysOf('mod+Enter'),
              }),
              action('Run to here', () => void page.runTo(cell.id)),
            ]),
      ],
    },
    {
      title: 'Edit',
      items: [
        action('Undo', () => session.document.undo(), {
          keys: keysOf('mod+Z'),
          why: session.document.canUndo ? undefined : 'There is nothing to undo.',
        }),
        action('Redo', () => session.document.redo(), {
          keys: keysOf('shift+mod+Z'),
          why: session.document.canRedo ? undefined : 'There is nothing to redo.',
        }),
        action('Add a SQL cell', () => void page.insert(at(), cellOf('sql', 'query')), {
          words: 'insert query',
        }),
        action('Add a psql cell', () => void page.insert(at(), cellOf('psql', 'query')), {
          words: 'insert PostgreSQL query',
        }),
        action('Add a chart', () => void page.insertChart(at()), {words: 'insert plot'}),
        action('Add text', () => void page.insert(at(), textCell()), {words: 'insert markdown'}),
        action(
          'Duplicate',
          withCell((id) => session.document.duplicate(page.group(id))),
          {why: whyNoCell},
        ),
        action(
          'Delete',
          withCell((id) => void page.remove(page.group(id))),
          {why: whyNoCell, words: 'remove cell'},
        ),
        action(
          'Move up',
          withCell((id) => void page.moveBy(id, -1)),
          {why: whyNoCell, keys: keysOf('alt+↑')},
        ),
        action(
          'Move down',
          withCell((id) => void page.moveBy(id, 1)),
          {why: whyNoCell, keys: keysOf('alt+↓')},
        ),
        action(
          'Select all cells',
          () => session.document.select(session.document.notebook.cells.map((other) => other.id)),
          {},
        ),
      ],
    },
    {
      title: 'Files and notebooks',
      items: [
        action('Add files …', () => pickFiles(page), {words: 'upload open csv json parquet'}),
        action('Load from a web address …', () => (page.dialog = {kind: 'url'}), {words: 'url http'}),
        action('Run this notebook on another file …', () => (page.dialog = {kind: 'replace'}), {
          words: 'replace',
          why: session.files.list.length === 0 ? 'There are no files yet.' : undefined,
        }),
        action('New notebook', () => void page.attempt(() => session.notebooks.create())),
        action('Open a notebook from disk …', () => pickNotebook(page), {words: 'markdown md zip workspace'}),
        action('Save the notebook as a file', () => page.saveNotebook(), {
          words: 'download markdown md',
          keys: keysOf('mod+S'),
        }),
        action('Save the notebook encrypted …', () => (page.dialog = {kind: 'encrypt', file: page.notebookFile()}), {
          words: 'download age fernet passphrase encryption',
        }),
        action('Copy a link to this notebook …', () => (page.dialog = {kind: 'link'}), {
          words: 'share send url',
          why: session.document.path === '' ? 'No notebook is open.' : undefined,
        }),
        ...(session.document.wants.length > 0
          ? [
              action('What this notebook may use …', () => (page.dialog = {kind: 'allow'}), {
                words: 'trust allow permission',
              }),
            ]
          : []),
        ...(session.notebooks.isSample
          ? [
              action('Reset to original', () => void page.attempt(() => session.notebooks.resetSample()), {
                words: 'lesson sample',
              }),
            ]
          : []),
        action('Save the whole workspace as a zip …', () => (page.dialog = {kind: 'workspace'}), {
          words: 'export download backup',
        }),
        action('Take the notebook along to Spark or DuckDB …', () => (page.dialog = {kind: 'handover'}), {
          words: 'export pyspark job jupyter ipynb sql script dbt hand over',
          why: session.document.path === '' ? 'Open a notebook first.' : undefined,
        }),
        action('Compare with Spark’s output …', () => pickOutput(page), {
          words: 'pyspark equal same result job',
          why: session.document.path === '' ? 'Open a notebook first.' : undefined,
        }),
        ...exportEntries(page).map(({label, run}) =>
          action(label, run, {words: 'save download parquet csv json arrow'}),
        ),
      ],
    },
    {
      title: 'Lake',
      items: [
        ...session.lake.tables.map(({name, version}) =>
          action(`Table ${name}`, () => (page.dialog = {kind: 'lake', table: name}), {
            id: `lake ${name}`,
            about: `version ${version}`,
            words: 'delta history time travel restore',
          }),
        ),
        action('Import a Delta table’s folder …', () => pickFolder(page), {words: 'lake upload _delta_log'}),
        action('Import a zip of a Delta table or a workspace …', () => pickZip(page), {
          words: 'lake upload restore backup',
        }),
      ],
    },
    {
      title: 'Page',
      items: [
        action(
          page.dashboard === undefined ? 'Show the dashboard' : 'Back to the notebook',
          () => page.toggleDashboard(),
          {
            words: 'tiles charts figures print kpi view',
            why: session.document.path === '' ? 'Open a notebook first.' : undefined,
          },
        ),
        action(page.theme.name === 'dark' ? 'Light theme' : 'Dark theme', () => page.theme.toggle(), {
          words: 'colour dark light',
        }),
        action('Show or hide the sidebar', () => page.foldSidebar(), {}),
        action('Keyboard shortcuts', () => (page.dialog = {kind: 'shortcuts'}), {
          words: 'help ?',
          keys: keysOf('mod+/'),
        }),
      ],
    },
    {
      title: 'Go to',
      items: session.document.notebook.cells.flatMap((other) =>
        !isRunnable(other)
          ? []
          : [
              action(page.nameOf(other.id), () => void page.show(other.id), {
                id: `go ${other.id}`,
                about: other.kind,
              }),
            ],
      ),
    },
    ...stepGroups(page, at).map((group) => ({title: `Add: ${group.title}`, items: group.items})),
    {
      title: 'Open',
      items: [
        ...session.notebooks.list.map((entry) =>
          action(entry.title, () => void page.attempt(() => session.notebooks.open(entry.path)), {
            id: `open ${entry.path}`,
          }),
        ),
        ...samples
          .filter((sample) => !session.notebooks.list.some((entry) => entry.path === sample.path))
          .map((sample) =>
            action(sample.title, () => void page.openSample(sample.path), {
              id: `sample ${sample.path}`,
              about: sample.about,
            }),
          ),
      ],
    },
  ];
}

/** Each table's export, as menu entries. */
export function exportEntries(page: Page): {label: string; run: () => void}[] {
  const {session} = page;
  return [...session.runs.planned.values()].flatMap((cell) => {
    if (!cell.ready || !givesRows(cell.work)) return [];
    const rows = session.runs.ranOf(cell.id)?.rowsOut;
    return [
      {
        label: `Export ${cell.name}${rows == null ? '' : ` (${plural(rows, 'row')})`} …`,
        run: () => (page.dialog = {kind: 'export', cellId: cell.id}),
      },
    ];
  });
}
