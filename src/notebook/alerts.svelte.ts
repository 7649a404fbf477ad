import {problemOf, type Problem} from '../lib/problem.ts';
import type {Value} from '../lib/value.ts';
import type {EnginePort, StoragePort} from '../ports/index.ts';
import {lit, sql, type Sql} from '../sql/sql.ts';
import type {StoredResult} from '../run/define.ts';
import type {Alert} from './alert.ts';
import type {Webhook} from './webhook.ts';

/** What a cell's last run gave: its counts, and the alerts that are told, the open ones first and then the latest. */
interface Found {
  readonly hash: string;
  readonly total: number;
  readonly open: number;
  readonly alerts: readonly Alert[];
}

/** An `alerts` cell that ran, and the hash of its result. */
interface Ran {
  readonly name: string;
  readonly hash: string;
}

/** Severity by key: an alert that has become worse since is as good as new. */
type Marks = Readonly<Record<string, string>>;

interface Kept {
  readonly cells: Readonly<Record<string, Found>>;
  readonly acknowledged: Marks;
  readonly told: Marks;
  readonly webhook: Webhook | null;
  /** What the webhook has not got yet. */
  readonly unsent: readonly Alert[];
}

export interface AlertEvents {
  /** Names of the cells whose rows are alerts, in the open notebook. */
  names(): ReadonlySet<string>;
  title(): string;
  /** Writes to the workspace, if this tab may. */
  keep(write: () => Promise<void>): Promise<boolean>;
}

/** Most alerts of a cell that are told; its table has all of them. */
const most = 5000;
const mostMarks = 50_000;
const nothing: Kept = {cells: {}, acknowledged: {}, told: {}, webhook: null, unsent: []};
const isWorse = (severity: string, before: string | undefined): boolean =>
  before === undefined || (severity === 'critical' && before !== 'critical');

/** The alerts of the open notebook: which are open, which the user has seen, which are new. Kept with the workspace, beside the notebook and never in it. */
export class Alerts {
  #kept = $state.raw<Kept>(nothing);
  /** What went wrong when alerts were sent. */
  trouble = $state.raw<Problem | undefined>();
  /** Names of the cells whose rows are alerts. */
  readonly names: ReadonlySet<string> = $derived.by(() => this.events.names());
  readonly cells = $derived(Object.entries(this.#kept.cells).filter(([name]) => this.names.has(name)));
  readonly all: readonly Alert[] = $derived(this.cells.flatMap(([, {alerts}]) => alerts).sort(byUrgency));
  readonly open: readonly Alert[] = $derived(this.all.filter((alert) => alert.clearedAt === null));
  /** Those that are open and that the user has not acknowledged. */
  readonly ringing: readonly Alert[] = $derived(this.open.filter((alert) => !this.isAcknowledged(alert)));
  /** Whether there are more open alerts than are told. */
  readonly isCut = $derived(this.cells.some(([, {open, alerts}]) => open > alerts.length));
  /** Called with alerts that no run before had. */
  onNew: ((alerts: readonly Alert[]) => void) | undefined;
  #path = '';
  #opening: object | undefined;
  #work: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly engine: EnginePort,
    private readonly storage: StoragePort,
    private readonly events: AlertEvents,
  ) {}

  get webhook(): Webhook | null {
    return this.#kept.webhook;
  }
  get unsent(): number {
    return this.#kept.unsent.length;
  }
  /** Resolves when what was begun is done: alerts read, and sent or not. */
  get settled(): Promise<unknown> {
    return this.#work;
  }

  isAcknowledged(alert: Alert): boolean {
    return !isWorse(alert.severity, this.#kept.acknowledged[alert.key]);
  }

  /** What the workspace keeps for a notebook. */
  async load(path: string): Promise<void> {
    const opening = (this.#opening = {});
    // Nothing is written until the new notebook's alerts are read: the old one's webhook would go into the new one.
    this.#path = '';
    this.#kept = nothing;
    this.trouble = undefined;
    const text = path === '' ? null : await this.storage.readText(alertsFile(path));
    if (opening !== this.#opening) return;
    this.#path = path;
    this.#kept = readKept(text);
  }

  acknowledge(alerts: readonly Alert[], on = true): Promise<void> {
    const others = Object.entries(this.#kept.acknowledged).filter(
      ([key]) => !alerts.some((alert) => alert.key === key),
    );
    return this.#change({
      acknowledged: marks([...others, ...(on ? alerts.map(({key, severity}) => [key, severity] as const) : [])]),
    });
  }

  /** Sets where new alerts go from now on; null ends it, and what was not sent is let go. */
  async setWebhook(webhook: Webhook | null): Promise<void> {
    this.trouble = undefined;
    await this.#change({webhook, ...(webhook === null ? {unsent: []} : {})});
    await this.send();
  }

  /** Reads what a run of these cells gave, tells what is new and sends it. */
  read(
    cells: readonly Ran[],
    withResult: (cell: Ran, use: (result: StoredResult) => Promise<Found>) => Promise<Found>,
  ): void {
    const path = this.#path;
    this.#next(async () => {
      const fresh = cells.filter(({name, hash}) => this.#kept.cells[name]?.hash !== hash);
      for (const cell of fresh) {
        const found = await withResult(cell, (result) => this.#find(cell, result.relation));
        if (path !== this.#path) return;
        await this.#take(cell.name, found);
      }
      await this.#sendAll();
    });
  }

  /** Sends what the webhook has not got. */
  send(): Promise<unknown> {
    this.#next(() => this.#sendAll());
    return this.#work;
  }

  #next(work: () => Promise<void>): void {
    // A cell that can't be looked at has told so itself.
    this.#work = this.#work.then(work).catch(() => undefined);
  }

  async #find({name, hash}: Ran, table: Sql): Promise<Found> {
    const counted = await this.engine.rows(sql`SELECT count(*), count(*) - count(cleared_at) FROM ${table}`);
    const columns = sql`id, timestamp, sensor, metric, value, threshold, severity, since, cleared_at, peak_value, readings`;
    const {rows} = await this.engine.rows(
      sql`SELECT ${columns} FROM ${table} ORDER BY cleared_at IS NOT NULL, timestamp DESC, sensor, metric LIMIT ${lit(most)}`,
    );
    const [total, open] = counted.rows[0] ?? [];
    return {hash, total: Number(total ?? 0), open: Number(open ?? 0), alerts: rows.map((row) => alertOf(name, row))};
  }

  async #take(name: string, found: Found): Promise<void> {
    const {cells, told, unsent, webhook} = this.#kept;
    const fresh = found.alerts.filter(({key, severity}) => isWorse(severity, told[key]));
    await this.#change({
      cells: {...cells, [name]: found},
      told: marks([...Object.entries(told), ...fresh.map(({key, severity}) => [key, severity] as const)]),
      unsent: webhook === null ? [] : [...unsent, ...fresh.toReversed()],
    });
    if (fresh.length > 0) this.onNew?.(fresh);
  }

  async #sendAll(): Promise<void> {
    const path = this.#path;
    const {postAlerts} = await import('./webhook.ts');
    while (this.#kept.webhook !== null && this.#kept.unsent.length > 0 && path === this.#path) {
      const {webhook, unsent} = this.#kept;
      try {
        const sent = await postAlerts(webhook, this.events.title(), unsent);
        if (path === this.#path) {
          this.trouble = undefined;
          await this.#change({unsent: this.#kept.unsent.slice(sent)});
        } else await this.#sentFrom(path, sent);
      } catch (thrown) {
        if (path === this.#path) this.trouble = problemOf(thrown);
        return;
      }
    }
  }

  /** Notes for a notebook that is no longer open that its first alerts were sent. */
  async #sentFrom(path: string, sent: number): Promise<void> {
    const text = await this.storage.readText(alertsFile(path));
    if (text === null) return;
    const kept = readKept(text);
    await this.events.keep(() =>
      this.storage.writeText(alertsFile(path), JSON.stringify({...kept, unsent: kept.unsent.slice(sent)})),
    );
  }

  async #change(some: Partial<Kept>): Promise<void> {
    this.#kept = {...this.#kept, ...some};
    const [path, text] = [this.#path, JSON.stringify(this.#kept)];
    if (path !== '') await this.events.keep(() => this.storage.writeText(alertsFile(path), text));
  }
}

/** Never in an exported workspace, as an address that the user typed may be a secret. */
export const alertsFile = (path: string): string => `alerts/${path}.json`;

const marks = (entries: readonly (readonly [string, string])[]): Marks => Object.fromEntries(entries.slice(-mostMarks));

const byUrgency = (a: Alert, b: Alert): number =>
  Number(a.clearedAt !== null) - Number(b.clearedAt !== null) ||
  Number(b.severity === 'critical') - Number(a.severity === 'critical') ||
  (a.timestamp < b.timestamp ? 1 : a.timestamp > b.timestamp ? -1 : 0);

const figure = (value: Value | undefined): number | string =>
  typeof value === 'number' && Number.isFinite(value) ? value : text(value);
const text = (value: Value | undefined): string =>
  typeof value === 'object' || value === undefined ? '' : String(value);

function alertOf(cell: string, row: readonly Value[]): Alert {
  const [id, timestamp, sensor, metric, value, threshold, severity, since, clearedAt, peakValue, readings] = row;
  return {
    key: `${cell}/${text(id)}`,
    cell,
    id: text(id),
    timestamp: text(timestamp),
    sensor: sensor === null ? null : text(sensor),
    metric: text(metric),
    value: figure(value),
    threshold: figure(threshold),
    severity: text(severity),
    since: text(since),
    clearedAt: clearedAt === null ? null : text(clearedAt),
    peakValue: figure(peakValue),
    readings: Number(readings),
  };
}

/** A damaged file costs the marks. */
function readKept(text: string | null): Kept {
  try {
    // `#change` wrote it; a missing key means none.
    return {...nothing, ...(JSON.parse(text ?? '{}') as Partial<Kept>)};
  } catch {
    return nothing;
  }
}
