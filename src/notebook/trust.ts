import {touchesOf} from '../cells/index.ts';
import {isRunnable, type NotebookParams, type RunnableCell} from '../cells/define.ts';
import type {Touch} from '../run/touch.ts';
import type {LakeWrite} from '../tables/define.ts';
import type {Notebook} from './define.ts';
import {parseNotebook} from './model.ts';
import type {Denies} from './plan.ts';

const origins = ['link', 'file', 'workspace'] as const;
/** How a notebook that isn't the user's own came in. */
export type Origin = (typeof origins)[number];

/** A thing of the user's: a file (or a glob of files), or a table of the lake to read or to write, and how it is written, the PostgreSQL database to read, or a table of it to write. No step and no SQL can reach anything else, nor the network. */
interface Thing {
  readonly kind: 'file' | 'read' | LakeWrite['mode'] | 'psql' | 'postgres' | 'network';
  readonly name: string;
}

/** What a notebook's text asks for, and its cells that do. */
export interface Want extends Thing {
  readonly key: string;
  readonly cells: readonly string[];
}

/** What the user decided about a notebook that came from elsewhere. Kept beside its text and never in it: a text can't vouch for itself. */
export interface Trust {
  readonly from: Origin;
  /** The text as it came: only what it asks for or names is asked about, since the user's own edits are his own affair. */
  readonly text: string;
  /**
   * The keys of all that it asks for; 'anything' where a cell of it can't be read, since the user who mends that cell can't know what else it
   * brings. Found anew at each start, since a later Lakebook may know steps that this one doesn't.
   */
  readonly came: ReadonlySet<string> | 'anything';
  readonly allowed: ReadonlySet<string>;
  readonly refused: ReadonlySet<string>;
}

/** All of it: which tables a query reads can't be told from its text. */
const database = 'the PostgreSQL database';

/** Files, and tables of PostgreSQL as a step names them, are told apart by case. */
const keyOf = ({kind, name}: Thing): string =>
  `${kind} ${kind === 'file' || kind === 'postgres' ? name : name.toLowerCase()}`;

/** All that a text asks for, in the order of its cells, those that are switched off or can't run among them. */
export function wantsOf(notebook: Notebook): Want[] {
  const wants = new Map<string, Want>();
  for (const cell of notebook.cells) {
    if (!isRunnable(cell)) continue;
    for (const thing of thingsOf(cell, notebook.params) ?? []) {
      const key = keyOf(thing);
      const {cells, ...want} = wants.get(key) ?? {...thing, key, cells: []};
      wants.set(key, {...want, cells: cells.includes(cell.name) ? cells : [...cells, cell.name]});
    }
  }
  return [...wants.values()];
}

/** What a cell uses, read from its text as the plan reads it; undefined when it can't be read. */
const thingsOf = (cell: RunnableCell, params: NotebookParams): Thing[] | undefined =>
  touchesOf(cell, params)?.flatMap((touch) => thingOf(touch) ?? []);

/** What the user is asked about of all that a cell touches; undefined for what is the notebook's own. */
function thingOf(touch: Touch): Thing | undefined {
  switch (touch.kind) {
    case 'file':
      return {kind: 'file', name: touch.name};
    case 'lake-read':
      return {kind: 'read', name: touch.name};
    case 'lake-write':
      return {kind: touch.mode, name: touch.name};
    case 'postgres-read':
      return {kind: 'psql', name: database};
    case 'postgres-write':
      return {kind: 'postgres', name: touch.name};
    case 'network':
      return {kind: 'network', name: touch.name};
    case 'cell':
    case 'clock':
      return undefined;
  }
}

/** A notebook that has just come in: nothing is decided. */
export const newTrust = (from: Origin, text: string): Trust => ({
  from,
  text,
  came: cameWith(parseNotebook(text)),
  allowed: new Set(),
  refused: new Set(),
});

function cameWith(notebook: Notebook): Trust['came'] {
  const isRead =
    notebook.problems.length === 0 &&
    notebook.cells.every((cell) => !isRunnable(cell) || thingsOf(cell, notebook.params) !== undefined);
  return isRead ? new Set(wantsOf(notebook).map(({key}) => key)) : 'anything';
}

/** Whether a thing came with the text, which asks for it or names it anywhere: the user who mends a line does not make what it names his own. */
function isForeign({came, text}: Trust): (thing: Thing) => boolean {
  const named = text.toLowerCase();
  return (thing) => came === 'anything' || came.has(keyOf(thing)) || named.includes(thing.name.toLowerCase());
}

/** What the user is asked about: what the notebook asks for now and came with. */
export const asked = (trust: Trust, notebook: Notebook): Want[] => wantsOf(notebook).filter(isForeign(trust));

export const isWrite = ({kind}: Thing): boolean => kind !== 'file' && kind !== 'read' && kind !== 'psql';

/** What is ticked when the user is asked: what he allowed, and what is undecided but for writes, which he ticks himself. */
export const tickedAtFirst = (wants: readonly Want[], trust?: Trust): string[] =>
  wants
    .filter(
      (want) => trust?.allowed.has(want.key) === true || (trust?.refused.has(want.key) !== true && !isWrite(want)),
    )
    .map(({key}) => key);

/** The trust once the user was shown these wants and allowed those with the keys `allowed`. */
export function decided(trust: Trust, shown: readonly Want[], allowed: ReadonlySet<string>): Trust {
  const keys = shown.map(({key}) => key);
  const settle = (before: ReadonlySet<string>, isIn: (key: string) => boolean): ReadonlySet<string> =>
    new Set([...[...before].filter((key) => !keys.includes(key)), ...keys.filter(isIn)]);
  return {
    ...trust,
    allowed: settle(trust.allowed, (key) => allowed.has(key)),
    refused: settle(trust.refused, (key) => !allowed.has(key)),
  };
}

const verbs: Readonly<Record<Thing['kind'], string>> = {
  file: 'read the file',
  read: 'read the table',
  append: 'append to the table',
  overwrite: 'overwrite the table',
  merge: 'merge into the table',
  psql: 'read',
  postgres: 'write the PostgreSQL table',
  network: 'reach',
};

/** In the middle of a sentence: “read the file sensors.csv”. */
export const wordsOf = ({kind, name}: Thing): string => `${verbs[kind]} ${name}`;

/** Which cells may not run, for the plan: those that use what came with the text and isn't allowed. */
export function denialsOf(trust: Trust): Denies {
  const foreign = isForeign(trust);
  return (cell, params) => {
    const thing = thingsOf(cell, params)?.find((each) => !trust.allowed.has(keyOf(each)) && foreign(each));
    return thing === undefined
      ? undefined
      : {
          code: 'NOT_ALLOWED',
          message: `This notebook isn’t yours, and it may not ${wordsOf(thing)} unless you allow it.`,
          hint: 'Say at the top of the notebook what it may use, or switch this cell off.',
        };
  };
}

export const writeTrust = ({from, text, allowed, refused}: Trust): string =>
  JSON.stringify({from, text, allowed: [...allowed], refused: [...refused]});

/**
 * What `writeTrust` wrote. Where that is damaged everything is asked for again, as if `current`, the notebook's text, had just come: that it
 * isn't the user's own is known from the file's being there.
 */
export function readTrust(written: string, current: string): Trust {
  try {
    // Looked at key by key below.
    const found = JSON.parse(written) as Readonly<Record<string, unknown>> | null;
    const from = origins.find((origin) => origin === found?.['from']) ?? 'file';
    const {text, allowed, refused} = found ?? {};
    if (typeof text !== 'string' || !isTexts(allowed) || !isTexts(refused)) return newTrust(from, current);
    return {...newTrust(from, text), allowed: new Set(allowed), refused: new Set(refused)};
  } catch {
    return newTrust('file', current);
  }
}

const isTexts = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((item) => typeof item === 'string');
