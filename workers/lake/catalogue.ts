import {logFolder} from '../../src/lake/log.ts';
import {contentHash} from '../../src/lib/hash.ts';
import {ProblemError, type Problem} from '../../src/lib/problem.ts';
import {closest} from '../../src/lib/text.ts';
import {decodeName, encodeName, fill, type Store} from '../files/store.ts';
import {randomUUID} from '../../src/lib/uuid.ts';

/** A table and the folder its log and files are in. */
export interface TablePlace {
  readonly name: string;
  readonly root: string;
}

type Change = (all: readonly TablePlace[]) => readonly TablePlace[] | Promise<readonly TablePlace[]>;

const home = 'lake';
const indexPath = `${home}/tables.json`;
/** What a file system takes as a name, with room for a suffix. */
const longestFolder = 120;

/**
 * Which tables there are, and where: one small file that is replaced whole, so a table is renamed, removed or imported in one
 * step. It is read each time, so that several tabs agree. A table comes into the index right before its first commit; one
 * whose folder has no log yet counts as not there.
 */
export class Catalogue {
  constructor(private readonly store: Store) {}

  /** Folders that no table has are of tables that were removed or never committed; they go when the first tab opens. */
  async clear(): Promise<void> {
    await this.store.locks.whenFirst('lake-open', () =>
      this.#inTurn(async () => {
        const kept = new Set((await this.all()).map(({root}) => root));
        for (const folder of await this.store.folders(home)) {
          // Another tab may hold one of its files open: it stays until the next start.
          if (!kept.has(`${home}/${folder}`)) await this.store.removeFolder(`${home}/${folder}`).catch(() => undefined);
        }
      }),
    );
  }

  /** By name. */
  async all(): Promise<readonly TablePlace[]> {
    const index = (await (await this.store.read(indexPath))?.text()) ?? '';
    // Where files can't be moved into place, the first index is empty until it is written. The cast: this class alone writes it.
    const tables =
      index === '' ? await this.#found() : (JSON.parse(index) as readonly {name: string; folder: string}[]);
    return tables
      .map(({name, folder}) => ({name, root: `${home}/${folder}`}))
      .sort((a, b) => (key(a.name) < key(b.name) ? -1 : 1));
  }

  async find(name: string): Promise<TablePlace | undefined> {
    return named(await this.all(), name);
  }

  /** Throws `DELTA_TABLE_NOT_FOUND`, with the name that may have been meant. */
  async get(name: string): Promise<TablePlace> {
    const all = await this.all();
    const place = named(all, name);
    if (place === undefined)
      throw new ProblemError(
        notFound(
          name,
          closest(
            name,
            all.map((other) => other.name),
          ),
        ),
      );
    return place;
  }

  /** Where a new table of this name goes: the same for everyone who asks before it is there. */
  async placeFor(name: string): Promise<TablePlace> {
    const taken = new Set((await this.all()).map(({root}) => root));
    const whole = encodeName(key(name));
    const folder =
      whole.length <= longestFolder
        ? whole
        : `${whole.slice(0, longestFolder - 17).replace(/%.?$/, '')}-${contentHash(whole)}`;
    for (let n = 1; ; n++) {
      const root = `${home}/${folder}${n === 1 ? '' : `~${n}`}`;
      // A log without a table is of one that was removed and isn't cleared away yet.
      if (!taken.has(root) && !(await this.hasLog(root))) return {name, root};
    }
  }

  /** A folder of its own for a table that is being copied here. There is an index from then on: without one the folder would count as a table. */
  async copyPlace(name: string): Promise<TablePlace> {
    await this.#change((all) => [...all]);
    return {name, root: `${home}/${randomUUID()}`};
  }

  /** Makes a table known; it takes the name of the table `replaced`, if there is one. Throws `TABLE_OR_VIEW_ALREADY_EXISTS` when another folder has its name. */
  add(place: TablePlace, replaced?: TablePlace): Promise<void> {
    return this.#change((all) => this.#withTable(all, place, replaced));
  }

  /** Makes a new table known and runs its first commit; until that is done, no other table gets the name. Throws as `add` does. */
  addWith<T>(place: TablePlace, commit: () => Promise<T>): Promise<T> {
    return this.#inTurn(async () => {
      await this.#changeNow((all) => this.#withTable(all, place));
      return commit();
    });
  }

  async #withTable(
    all: readonly TablePlace[],
    place: TablePlace,
    replaced?: TablePlace,
  ): Promise<readonly TablePlace[]> {
    const earlier = named(all, place.name);
    if (earlier?.root === place.root) return all;
    if (earlier !== undefined && earlier.root !== replaced?.root && (await this.hasLog(earlier.root)))
      throw new ProblemError(nameTaken(earlier.name));
    return [...all.filter((other) => other !== earlier), place];
  }

  rename(name: string, to: string): Promise<void> {
    return this.#change(async (all) => {
      const place = named(all, name);
      if (place === undefined) throw new ProblemError(notFound(name, undefined));
      const other = named(all, to);
      if (other !== undefined && other !== place && (await this.hasLog(other.root)))
        throw new ProblemError(nameTaken(other.name));
      return all.flatMap((each) => (each === place ? {...place, name: to} : each === other ? [] : each));
    });
  }

  /** From here on the table is gone; its folder is only room on the disk. */
  async remove(place: TablePlace): Promise<void> {
    await this.#change((all) => all.filter(({root}) => root !== place.root));
    await this.store.removeFolder(place.root);
  }

  #change(change: Change): Promise<void> {
    return this.#inTurn(() => this.#changeNow(change));
  }

  /** For one whose turn it is. */
  async #changeNow(change: Change): Promise<void> {
    const all = await this.all();
    const changed = await change(all);
    if (changed === all) return;
    const index = new TextEncoder().encode(
      JSON.stringify(changed.map(({name, root}) => ({name, folder: root.slice(home.length + 1)}))),
    );
    await fill(await this.store.create(indexPath), once(index));
  }

  async hasLog(root: string): Promise<boolean> {
    // A first commit that a crash cut off is put aside there.
    return (await this.store.list(logFolder(root))).some((name) => /^\d/.test(name));
  }

  #inTurn<T>(task: () => Promise<T>): Promise<T> {
    return this.store.locks.exclusive('lake-tables', task);
  }

  /** Without an index, every folder that has a log is a table. */
  async #found(): Promise<readonly {name: string; folder: string}[]> {
    const tables: {name: string; folder: string}[] = [];
    for (const folder of await this.store.folders(home)) {
      if (await this.hasLog(`${home}/${folder}`)) tables.push({name: decodeName(folder), folder});
    }
    return tables;
  }
}

/** Names match without case. */
const key = (name: string): string => name.toLowerCase();

const named = (all: readonly TablePlace[], name: string): TablePlace | undefined =>
  all.find((place) => key(place.name) === key(name));

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

export const notFound = (name: string, similar: string | undefined): Problem => ({
  code: 'DELTA_TABLE_NOT_FOUND',
  message: `There is no table ${name} in the lake.`,
  hint:
    similar === undefined
      ? 'Write it first with a snapshot step, or import it in the lake panel.'
      : `Did you mean ${similar}?`,
  sqlState: '42P01',
});

export const nameTaken = (name: string): Problem => ({
  code: 'TABLE_OR_VIEW_ALREADY_EXISTS',
  message: `The lake has a table ${name} already.`,
  hint: 'Choose another name, or remove that table first.',
  sqlState: '42P07',
});
