import {contentHash} from '../lib/hash.ts';
import {fail, ok, type Result} from '../lib/problem.ts';
import {closest} from '../lib/text.ts';
import {timeOf} from '../lib/time.ts';
import type {At, TableEntry} from '../ports/index.ts';
import type {Applies, LakeSource} from '../run/define.ts';
import type {TouchOf} from '../run/touch.ts';
import type {LakeRead} from '../tables/define.ts';

/** The lake's tables by lower-case name. */
export type LakeTables = ReadonlyMap<string, TableEntry>;

/** The last cell so far that writes a table. */
interface Writer {
  readonly hash: string;
  readonly applies: Applies;
  /** Whether it, or one before it, overwrites the table. */
  readonly overwrites: boolean;
}

/** What the cell applies that makes a version, and its hash where it has not written it yet. */
interface Maker {
  readonly self: string;
  readonly hash: string | undefined;
}

/**
 * The lake as the cells of a notebook find it, from the first one down. A cell that reads a table depends on the cell
 * above that last wrote it; where none does, on the version that is there.
 */
export class LakeScope {
  readonly #writers = new Map<string, Writer>();
  /** The hashes of writers by what they apply. */
  readonly #hashes = new Map<string, string>();

  /** `notebook` is the path under which its commits are known, and `tablesWritten` the lower-case names of the tables that its cells write. */
  constructor(
    private readonly tables: LakeTables,
    private readonly notebook: string,
    private readonly tablesWritten: ReadonlySet<string> = new Set(),
  ) {}

  /** The table a cell reads, as an input that is read from the lake. */
  source(touch: Omit<TouchOf<'lake-read'>, 'kind'>, line: number): Result<LakeSource> {
    const {read, as: name} = touch;
    const key = read.table.toLowerCase();
    const writer = this.#writers.get(key);
    const entry = this.tables.get(key);
    const at = read.at === undefined ? undefined : momentOf(read.at);
    if (read.at !== undefined && at === undefined)
      return fail({
        code: 'TIMESTAMP',
        message: `“${'timestamp' in read.at ? read.at.timestamp : ''}” is no time that a version could be found by.`,
        hint: 'Write one such as 2024-03-01T12:00:00, in UTC.',
      });
    if (writer === undefined && entry === undefined) {
      const near = closest(
        read.table,
        [...this.tables.values()].map((table) => table.name),
      );
      return fail({
        code: 'DELTA_TABLE_NOT_FOUND',
        sqlState: '42P01',
        message: `There is no table ${read.table} in the lake.`,
        hint: near === undefined ? 'Write it with a snapshot cell above, or import one.' : `Did you mean ${near}?`,
      });
    }
    if (writer === undefined && entry?.problem !== undefined) return fail(entry.problem);
    const left = writer === undefined ? entry?.version : this.#leftAfter(writer, entry);
    const isOwn = this.tablesWritten.has(key);
    const maker = isOwn && at !== undefined && 'version' in at ? this.#makerOf(at.version, writer, entry) : undefined;
    const state =
      maker !== undefined
        ? ['made by', maker.self]
        : writer === undefined
          ? [entry?.id, at === undefined || 'timestamp' in at ? left : null]
          : [writer.hash, at === undefined && isOthers(writer, entry, left) ? left : null];
    const source = {kind: 'lake', table: read.table, at, left, schemaOnly: read.schemaOnly ?? false} as const;
    return ok({
      name,
      line,
      work: {touches: [{...touch, kind: 'lake-read'}], source, check: () => undefined, program: () => source},
      inputs: [],
      // Nobody has to make a version that exists.
      after: maker === undefined ? writer?.hash : maker.hash,
      hash: contentHash(['lake', key, at ?? null, read.schemaOnly ?? false, state]),
    });
  }

  /**
   * What the cell applies that made a version of the table, or will make it; undefined where that isn't a cell of this notebook. A version
   * never changes, so cells that read it don't mind which writers stand above them.
   */
  #makerOf(version: number, writer: Writer | undefined, entry: TableEntry | undefined): Maker | undefined {
    const origin = entry?.origins[version - entry.firstVersion];
    if (entry !== undefined && version <= entry.version) {
      const self = origin?.path === this.notebook ? origin.applies.at(-1) : undefined;
      return self === undefined ? undefined : {self, hash: undefined};
    }
    // Each writer above that has not written yet makes the next version.
    const written = new Set(entry?.origins.flatMap((made) => made?.applies ?? []));
    const writers = writer === undefined ? [] : [...writer.applies.before, writer.applies.self];
    const self = writers.filter((each) => !written.has(each))[version - (entry?.version ?? -1) - 1];
    return self === undefined ? undefined : {self, hash: this.#hashes.get(self)};
  }

  /** The latest version but for those that cells below the writer made on top of it. */
  #leftAfter({applies}: Writer, entry: TableEntry | undefined): number | undefined {
    if (entry === undefined) return undefined;
    const isBelow = (origin: TableEntry['origins'][number]): boolean =>
      origin?.applies.includes(applies.self) === true && origin.applies.at(-1) !== applies.self;
    const index = entry.origins.findLastIndex((origin) => !isBelow(origin));
    return index < 0 ? undefined : entry.firstVersion + index;
  }

  /**
   * A cell that writes a table: its hash, which also changes with what others did to the table, and the cell it comes after.
   * `rows` is a hash of what it writes, `work` of how.
   */
  written(
    {name, mode}: Pick<TouchOf<'lake-write'>, 'name' | 'mode'>,
    rows: string,
    work: string,
  ): {hash: string; applies: Applies; after: string | undefined; isOverwritten: boolean} {
    const key = name.toLowerCase();
    const earlier = this.#writers.get(key);
    const applies = {
      self: contentHash([key, rows, earlier?.applies.self ?? null]),
      before: earlier === undefined ? [] : [...earlier.applies.before, earlier.applies.self],
    };
    const hash = contentHash([applies.self, work, foreignVersion(this.tables.get(key), this.notebook)]);
    const isOverwritten = earlier?.overwrites ?? false;
    this.#hashes.set(applies.self, hash);
    this.#writers.set(key, {hash, applies, overwrites: isOverwritten || mode === 'overwrite'});
    return {hash, applies, after: earlier?.hash, isOverwritten};
  }
}

function momentOf(at: NonNullable<LakeRead['at']>): At | undefined {
  if ('version' in at) return at;
  const timestamp = timeOf(at.timestamp);
  return timestamp === undefined ? undefined : {timestamp};
}

/** Whether the table has a version after the writer's own: a read then sees more than the writer left. */
function isOthers({applies}: Writer, entry: TableEntry | undefined, version: number | undefined): boolean {
  if (entry === undefined || version === undefined) return false;
  const own = entry.origins.findLastIndex((origin) => origin?.applies.at(-1) === applies.self);
  return own >= 0 && entry.firstVersion + own < version;
}

/** The latest version that another notebook made, or none (a restore, an import); −1 when all are this one's. */
const foreignVersion = (entry: TableEntry | undefined, notebook: string): number => {
  const index = entry?.origins.findLastIndex((origin) => origin?.path !== notebook) ?? -1;
  return entry === undefined || index < 0 ? -1 : entry.firstVersion + index;
};
