import {problemOf} from '../lib/problem.ts';
import type {LastWords, Ownership, Ports} from '../ports/index.ts';
import {Runner} from '../run/runner.ts';
import {Alerts} from './alerts.svelte.ts';
import {Database} from './database.svelte.ts';
import type {Notebook} from './define.ts';
import {Document} from './document.svelte.ts';
import {filesNamed, replaceFile} from './edit.ts';
import {Faces} from './faces.ts';
import {Files} from './files.svelte.ts';
import {Lake} from './lake.svelte.ts';
import {Notebooks} from './notebooks.svelte.ts';
import {Notices} from './notices.svelte.ts';
import {Owner} from './owner.svelte.ts';
import {Runs} from './runs.svelte.ts';
import {Tiles} from './tiles.ts';
import {Workspace, type Remembered} from './workspace.ts';
import {Writes} from './writes.ts';

/** What the page shows and commands, in parts: it wires them, opens the workspace, and takes it over from another tab. */
export class Session {
  engine = $state<'starting' | 'ready' | 'failed'>('starting');
  /** False until the workspace's own state is read: the page shows neither the empty start nor a notebook before. */
  opened = $state(false);
  memory = $state.raw<{readonly used: number; readonly limit: number} | undefined>();
  readonly notices = new Notices();
  readonly owner = new Owner();
  readonly document: Document;
  readonly notebooks: Notebooks;
  readonly files: Files;
  readonly runs: Runs;
  readonly faces: Faces;
  readonly tiles: Tiles;
  readonly lake: Lake;
  readonly database: Database;
  readonly alerts: Alerts;
  readonly #workspace: Workspace;
  readonly #writes: Writes;

  constructor(
    readonly ports: Ports,
    lastWords: LastWords,
  ) {
    const {notices} = this;
    const runner = new Runner(ports);
    this.#workspace = new Workspace(ports.storage, lastWords);
    this.#writes = new Writes({
      mayWrite: () => this.owner.isHere,
      notify: (problem) => {
        // The page says so at its top.
        if (problem.code !== 'STORAGE_CLEARED') notices.notify(problem);
      },
    });
    const fetchFiles = (): Promise<void> =>
      this.files.addShipped(this.runs.plan.flatMap((cell) => (cell.ready ? cell.work.files : [])));
    this.document = new Document(this.#workspace, this.#writes, {
      stop: () => this.runs.end(),
      onOpen: (ran) => {
        this.runs.open(ran);
        return this.alerts.load(this.document.path);
      },
      onClose: () => {
        this.runs.forgetAll();
        return this.alerts.load('');
      },
      onReplace: () => this.runs.startAnew(),
      onChange: () => this.runs.recall(),
      onFilesNamed: fetchFiles,
      onSaved: (path, title) => this.notebooks.retitle(path, title),
      ran: () => this.runs.ran,
    });
    this.notebooks = new Notebooks(this.#workspace, this.#writes, this.document, {
      onOpening: (opening) => this.runs.waitFor(opening),
      onLesson: (lesson) => this.#onItsOwnFiles(lesson),
      onFilesNamed: fetchFiles,
    });
    this.files = new Files(ports, {
      notify: (problem) => notices.notify(problem),
      onFiles: () => this.runs.usePlan(),
      alone: (work) => runner.query([], [], work),
    });
    this.lake = new Lake(ports, {
      notify: (problem) => notices.notify(problem),
      onGone: (table) => this.runs.forgetLake(table),
      onTables: () => this.runs.recall(),
    });
    this.runs = new Runs(
      ports,
      runner,
      {document: this.document, files: this.files, lake: this.lake},
      {
        onRows: (cells) => {
          const {names} = this.alerts;
          this.alerts.read(
            cells.filter(({name}) => names.has(name)),
            (cell, use) => this.runs.lookAt(cell, use),
          );
        },
        onEnd: (path, ran) => this.#afterRun(path, ran),
      },
    );
    this.faces = new Faces(ports, runner, (id) => this.runs.compiled(id));
    this.tiles = new Tiles(ports, runner);
    this.database = new Database(ports, (table) => this.runs.forgetPostgres(table));
    this.alerts = new Alerts(ports.engine, ports.storage, {
      names: () =>
        new Set(this.runs.plan.flatMap((cell) => (cell.ready && cell.work.step?.isAlert === true ? [cell.name] : []))),
      title: () => this.document.title,
      keep: (write) => this.#writes.keep(write),
    });
    ports.storage.onCleared(() => void this.checkStorage());
    ports.engine.onRestart((why) => {
      notices.notify({
        code: 'ENGINE_RESTARTED',
        message: why,
        hint: 'Results are computed again when they are looked at; the notebook and its files are as they were.',
      });
    });
  }

  /** Reads the workspace and waits for the engine. */
  async start(ownership?: Promise<Ownership>): Promise<void> {
    if (ownership !== undefined)
      await this.owner
        .start(ownership, {
          save: () => this.document.saveAll(),
          onMoved: () => void this.runs.stop().finally(() => this.ports.postgres.close()),
        })
        .catch((thrown: unknown) => this.notices.notify(problemOf(thrown)));
    await this.#load();
    this.opened = true;
    try {
      this.memory = await this.ports.engine.memory();
      this.engine = 'ready';
    } catch (thrown) {
      this.engine = 'failed';
      this.notices.notify(problemOf(thrown));
    }
  }

  async #load(): Promise<void> {
    try {
      await Promise.all([
        this.files.refresh(),
        this.lake.refresh(),
        ...(this.owner.isHere ? [this.#workspace.takeLeft()] : []),
      ]);
      await this.notebooks.refresh();
      await this.notebooks.openLast();
      await this.files.refreshStatus();
    } catch (thrown) {
      this.notices.notify(problemOf(thrown));
    }
  }

  /** Looks at what the workspace may store, and begins it anew where the user cleared the site's data while the page was open. */
  async checkStorage(): Promise<void> {
    const knew = this.files.storage?.wasCleared === true;
    await this.files.refreshStatus().catch(() => undefined);
    if (knew || this.files.storage?.wasCleared !== true) return;
    this.runs.forgetPostgres();
    void this.ports.postgres.close();
    await this.document.saveAnew();
    await Promise.all([this.files.refresh(), this.lake.refresh(), this.notebooks.refresh()]);
  }

  /** Takes the workspace over from another tab, as it is stored; this tab gives up what it could not save. */
  async takeOver(): Promise<void> {
    await this.owner.takeOver();
    this.document.giveUp();
    // The other tab may have changed PostgreSQL.
    this.runs.forgetPostgres();
    await this.#load();
  }

  /** A lesson that runs on the user's file by chance would fail, or teach of other rows than it tells of. */
  async #onItsOwnFiles(lesson: Notebook): Promise<Notebook> {
    let own = lesson;
    for (const name of filesNamed(lesson)) {
      const beside = await this.files.addBeside(name);
      if (beside !== undefined) own = replaceFile(own, name, beside);
    }
    return own;
  }

  /** Does what follows a run without holding up its report. */
  #afterRun(path: string, ran: ReadonlyMap<string, Remembered>): void {
    if (this.ports.postgres.isStarted()) this.database.refresh().catch(() => undefined);
    void this.#writes.next(async () => {
      if (path !== '' && path === this.document.path)
        await this.#writes.keep(() => this.#workspace.writeRan(path, ran));
      this.memory = await this.ports.engine.memory().catch(() => undefined);
      // It may write, which comes after this.
      void this.checkStorage();
    });
  }
}
