import {isRunnable, type Work} from '../cells/define.ts';
import {cellTypeOf} from '../cells/index.ts';
import type {Problem} from '../lib/problem.ts';
import {count, plural} from '../lib/text.ts';
import {rejectsOf, type RanCell, type RanStatus} from '../run/define.ts';
import type {Notebook} from '../notebook/define.ts';
import type {CompiledCell, PlannedCell} from '../notebook/plan.ts';
import {layerBelow, type Layer, type LayerHeading} from './prose.ts';

/** A run as it was, with the notebook and the plan it was of. */
export interface FinishedRun {
  readonly title: string;
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  readonly ms: number;
  readonly ok: boolean;
  readonly cells: readonly RanCell[];
  readonly notebook: Notebook;
  readonly plan: readonly PlannedCell[];
}

export interface ReportCell {
  readonly name: string;
  readonly kind: string;
  readonly layer: Layer | null;
  readonly status: RanStatus;
  readonly rowsIn: number | null;
  readonly rowsOut: number | null;
  /** Rows that the cell took out, and which share of those it read, 0 to 1; null for one that makes other rows of them. */
  readonly dropped: number | null;
  readonly droppedShare: number | null;
  readonly rejected: number;
  readonly ms: number;
}

export interface ReportLayer {
  readonly layer: Layer;
  readonly cells: number;
  /** Rows of the last table it keeps, or of its last table if it keeps none. */
  readonly rows: number | null;
  readonly rejected: number;
  readonly ms: number;
}

export interface ReportProblem {
  readonly cell: string;
  readonly kind: 'failed' | 'broken' | 'warning' | 'rejects' | 'alerts';
  readonly message: string;
  readonly hint?: string;
}

/** What a run did, for people and programs; rows of charts aren't counted. */
export interface Report {
  readonly title: string;
  readonly startedAt: string;
  readonly ms: number;
  readonly ok: boolean;
  /** One sentence: how it ended. */
  readonly outcome: string;
  /** Rows of the cells that read no other; and of the last table that the lake or else PostgreSQL keeps, or else the last. */
  readonly rowsIn: number | null;
  readonly rowsOut: number | null;
  readonly ran: number;
  readonly kept: number;
  readonly cells: readonly ReportCell[];
  readonly layers: readonly ReportLayer[];
  readonly problems: readonly ReportProblem[];
}

const hasResult = ({status}: {readonly status: RanStatus}): boolean => status === 'ok' || status === 'cached';
const isTable = ({kind}: {readonly kind: string}): boolean => cellTypeOf(kind)?.gives !== 'picture';
const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);

export function reportOf(run: FinishedRun): Report {
  const layers = layersOf(run.notebook, run.plan);
  const planned = new Map(run.plan.flatMap((cell) => (cell.ready ? [[cell.name, cell] as const] : [])));
  const cells = run.cells.map((ran): ReportCell => {
    const {name, kind, status, rejected, ms} = ran;
    const [rowsIn, rowsOut] = isTable(ran) ? [ran.rowsIn, ran.rowsOut] : [null, null];
    return {
      name,
      kind,
      layer: layers.get(name) ?? null,
      status,
      rowsIn,
      rowsOut,
      ...droppedBy(planned.get(name), rowsIn, rowsOut, rejected),
      rejected,
      ms,
    };
  });
  const tables = cells.filter((cell) => hasResult(cell) && isTable(cell));
  const sources = tables.filter(({name, rowsOut}) => planned.get(name)?.inputs.length === 0 && rowsOut !== null);
  // What a layer came to is what it wrote, not the summaries that are looked at below.
  const rowsOf = (some: readonly ReportCell[]): number | null => {
    const workOf = ({name}: ReportCell): Work | undefined => planned.get(name)?.work;
    // Summaries that are served from PostgreSQL are made of what the lake keeps.
    const kept =
      some.findLast((cell) => workOf(cell)?.touches.some(({kind}) => kind === 'lake-write')) ??
      some.findLast((cell) => workOf(cell)?.step?.group === 'keep');
    return (kept ?? some.at(-1))?.rowsOut ?? null;
  };
  const found = [...new Set(cells.flatMap(({layer}) => layer ?? []))];
  return {
    title: run.title,
    startedAt: run.startedAt,
    ms: run.ms,
    ok: run.ok,
    outcome: outcomeOf(run.cells),
    rowsIn: sources.length === 0 ? null : sum(sources.map(({rowsOut, rejected}) => (rowsOut ?? 0) + rejected)),
    rowsOut: rowsOf(tables),
    ran: cells.filter(({status}) => status === 'ok').length,
    kept: cells.filter(({status}) => status === 'cached').length,
    cells,
    layers: found.map((layer): ReportLayer => {
      const own = cells.filter((cell) => cell.layer === layer);
      const rows = rowsOf(tables.filter((cell) => cell.layer === layer));
      return {
        layer,
        cells: own.length,
        rows,
        rejected: sum(own.map(({rejected}) => rejected)),
        ms: sum(own.filter(({status}) => status === 'ok').map(({ms}) => ms)),
      };
    }),
    problems: run.cells.flatMap((ran) => problemsOf(ran, planned.get(ran.name))),
  };
}

/** The layer of each cell, by the heading it stands under, as a PySpark job has it. */
function layersOf(notebook: Notebook, plan: readonly PlannedCell[]): ReadonlyMap<string, Layer> {
  const names = new Map(plan.map(({id, name}) => [id, name]));
  const layers = new Map<string, Layer>();
  let heading: LayerHeading = {layer: undefined, depth: 6};
  for (const cell of notebook.cells) {
    if (!isRunnable(cell)) heading = layerBelow(cell.markdown, heading);
    else if (heading.layer !== undefined) layers.set(names.get(cell.id) ?? cell.name, heading.layer);
  }
  return layers;
}

function droppedBy(
  cell: CompiledCell | undefined,
  rowsIn: number | null,
  rowsOut: number | null,
  rejected: number,
): Pick<ReportCell, 'dropped' | 'droppedShare'> {
  const none = {dropped: null, droppedShare: null};
  if (rowsOut === null || cell?.work.step === undefined) return none;
  const isSubset = cell.work.effect === 'subset' && cell.inputs.length === 1;
  const [read, dropped] =
    isSubset && rowsIn !== null
      ? [rowsIn, rowsIn - rowsOut]
      : rowsIn === null && rejected > 0
        ? [rowsOut + rejected, rejected]
        : [0, -1];
  return dropped < 0 ? none : {dropped, droppedShare: read === 0 ? 0 : dropped / read};
}

function outcomeOf(cells: readonly RanCell[]): string {
  const failed = cells.find(({status}) => status === 'failed');
  if (failed !== undefined) return `Halted at ${failed.name}.`;
  const stopped = cells.find(({status}) => status === 'cancelled');
  if (stopped !== undefined) return `Stopped at ${stopped.name}.`;
  const broken = cells.filter(({status}) => status === 'broken').length;
  if (broken > 0) return `Finished, but ${plural(broken, 'cell')} can’t run as written.`;
  return 'Finished.';
}

function problemsOf(ran: RanCell, cell: CompiledCell | undefined): ReportProblem[] {
  const told = (kind: ReportProblem['kind'], {message, hint}: Problem): ReportProblem => ({
    cell: ran.name,
    kind,
    message,
    ...(hint === undefined ? {} : {hint}),
  });
  const problems: ReportProblem[] = [];
  if ((ran.status === 'failed' || ran.status === 'broken') && ran.error !== undefined)
    problems.push(told(ran.status, ran.error));
  if (ran.warning !== undefined) problems.push(told('warning', ran.warning));
  if (ran.rejected > 0)
    problems.push({
      cell: ran.name,
      kind: 'rejects',
      message: `${plural(ran.rejected, 'row')} rejected: ${rejectsOf(ran.name)} has them, with the reason.`,
    });
  if (cell?.work.step?.group === 'alert' && (ran.rowsOut ?? 0) > 0)
    problems.push({cell: ran.name, kind: 'alerts', message: `${plural(ran.rowsOut ?? 0, 'alert')} raised.`});
  return problems;
}

/** How long something took: `34 ms`, `2.4 s`. */
export const took = (ms: number): string => (ms < 99.5 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`);
const share = (part: number): string => `${(part * 100).toFixed(part > 0 && part < 0.001 ? 2 : 1)} %`;
const oneLine = (text: string): string => text.replace(/\s+/g, ' ').trim();
const moment = (iso: string): string => `${iso.slice(0, 19).replace('T', ' ')} UTC`;

/** What a cell did, as the log of a PySpark job says it. */
export function cellInWords(cell: ReportCell, problems: readonly ReportProblem[]): string {
  const problem = problems.find(({cell: name, kind}) => name === cell.name && (kind === 'failed' || kind === 'broken'));
  if (cell.status === 'failed') return `failed: ${oneLine(problem?.message ?? '')}`;
  if (cell.status === 'broken') return `can’t run: ${oneLine(problem?.message ?? '')}`;
  if (cell.status === 'disabled') return 'switched off';
  if (cell.status === 'cancelled') return 'stopped';
  if (cell.status === 'skipped') return 'not run';
  const rows =
    cell.rowsOut === null
      ? 'drawn'
      : cell.rowsIn === null
        ? `${count(cell.rowsOut)} rows`
        : `${count(cell.rowsIn)} → ${count(cell.rowsOut)} rows`;
  const dropped = cell.droppedShare === null || cell.dropped === 0 ? '' : `, ${share(cell.droppedShare)} dropped`;
  const rejected = cell.rejected === 0 ? '' : `, ${count(cell.rejected)} rejected`;
  return `${rows}${dropped}${rejected}, ${cell.status === 'cached' ? 'kept from before' : took(cell.ms)}`;
}

/** The lines below the outcome. */
export function factsOf(report: Report): string[] {
  const rows =
    report.rowsIn === null || report.rowsOut === null
      ? []
      : [`${count(report.rowsIn)} rows in, ${count(report.rowsOut)} rows out`];
  const kept = report.kept === 0 ? '' : `, ${count(report.kept)} kept from before`;
  return [
    `${moment(report.startedAt)}, ${took(report.ms)}`,
    ...rows,
    `${plural(report.cells.length, 'cell')}: ${count(report.ran)} run${kept}`,
  ];
}

const layerInWords = ({cells, rows, rejected, ms}: ReportLayer): string =>
  `${plural(cells, 'cell')}, ${rows === null ? 'no rows' : `${count(rows)} rows`}${rejected === 0 ? '' : `, ${count(rejected)} rejected`}, ${took(ms)}`;

/** A report as plain text: a banner, a line a cell, layers, problems. */
function reportText(report: Report): string {
  const banner = [oneLine(report.title), report.outcome, ...factsOf(report)];
  const line = '='.repeat(Math.min(80, Math.max(...banner.map((text) => text.length))));
  const rows = (title: string, pairs: readonly (readonly [string, string])[]): string[] =>
    pairs.length === 0 ? [] : ['', title, ...pairs.map(([name, text]) => `${name.padEnd(24)} ${text}`)];
  return [
    line,
    ...banner,
    line,
    ...rows(
      'CELLS',
      report.cells.map((cell) => [cell.name, cellInWords(cell, report.problems)]),
    ),
    ...rows(
      'LAYERS',
      report.layers.map((layer) => [layer.layer, layerInWords(layer)]),
    ),
    ...rows(
      'PROBLEMS',
      report.problems.map(({cell, message, hint}) => [cell, oneLine(`${message} ${hint ?? ''}`)]),
    ),
    '',
  ].join('\n');
}

const escaped = (text: string): string => text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);

/** A report as a page of its own: no scripts, nothing fetched, ready to print. */
function reportHtml(report: Report): string {
  const row = (name: string, text: string, tone = ''): string =>
    `<tr${tone === '' ? '' : ` class="${tone}"`}><th scope="row">${escaped(name)}</th><td>${escaped(text)}</td></tr>`;
  const section = (title: string, rows: readonly string[]): string =>
    rows.length === 0 ? '' : `<h2>${title}</h2>\n<table>\n${rows.join('\n')}\n</table>\n`;
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width">
<title>${escaped(report.title)}: run report</title>
<style>
body { max-width: 900px; margin: 40px auto; padding: 0 20px; color: #1d1f23; background: #fff; font: 15px/1.5 system-ui, sans-serif; }
h1 { margin: 0; font: 600 28px/1.2 Georgia, serif; }
h2 { margin: 28px 0 6px; font-size: 13px; letter-spacing: 0.06em; text-transform: uppercase; color: #565b64; }
.outcome { margin: 6px 0; font-size: 18px; color: ${report.ok ? '#1c6b42' : '#a5301d'}; }
.facts { margin: 0; color: #565b64; }
table { width: 100%; border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: 5px 16px 5px 0; border-bottom: 1px solid #e6e1d6; text-align: left; vertical-align: top; overflow-wrap: anywhere; }
th { width: 30%; font-weight: 600; font-family: ui-monospace, monospace; font-size: 13px; }
tr { break-inside: avoid; }
.bad td { color: #a5301d; }
.quiet td { color: #6b7079; }
</style>
<h1>${escaped(report.title)}</h1>
<p class="outcome">${escaped(report.outcome)}</p>
<p class="facts">${factsOf(report).map(escaped).join('<br>')}</p>
${section(
  'Cells',
  report.cells.map((cell) =>
    row(
      cell.name,
      cellInWords(cell, report.problems),
      cell.status === 'failed' || cell.status === 'broken' ? 'bad' : cell.status === 'ok' ? '' : 'quiet',
    ),
  ),
)}${section(
    'Layers',
    report.layers.map((layer) => row(layer.layer, layerInWords(layer))),
  )}${section(
    'Problems',
    report.problems.map(({cell, message, hint}) => row(cell, oneLine(`${message} ${hint ?? ''}`))),
  )}</html>
`;
}

export const reportFormats = ['text', 'json', 'html'] as const;
export type ReportFormat = (typeof reportFormats)[number];

const endings: Readonly<Record<ReportFormat, readonly [ending: string, type: string]>> = {
  text: ['txt', 'text/plain'],
  json: ['json', 'application/json'],
  html: ['html', 'text/html'],
};

export function reportAs(run: FinishedRun, format: ReportFormat): string {
  const report = reportOf(run);
  return {text: reportText, html: reportHtml, json: (data: Report) => `${JSON.stringify(data, null, 2)}\n`}[format](
    report,
  );
}

/** The file a report is saved as. */
export function reportFile(run: FinishedRun, format: ReportFormat): File {
  const [ending, type] = endings[format];
  const stem = `${run.title.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, '-').replace(/^-|-$/g, '') || 'notebook'}-run`; // prettier-ignore
  return new File([reportAs(run, format)], `${stem}.${ending}`, {type});
}
