import type {Fence, RunnableCell} from '../../cells/define.ts';
import {stepOf} from '../../steps/index.ts';
import type {FaceName, Page} from '../page.svelte.ts';

/** What a cell does, why, and what goes wrong without it. */
export interface Lesson {
  readonly what: string;
  readonly why: string;
  readonly without: string;
}

/** A body that is written as SQL. */
export interface SqlEditor {
  /** What stands in an empty editor. */
  readonly hint: string;
  readonly label: (name: string) => string;
  /** Tables and their columns, for completion. */
  readonly schema: (page: Page, cell: RunnableCell) => Readonly<Record<string, readonly string[]>>;
  /** What to say where there is nothing to ask yet, and what to do about it. */
  readonly empty?: (
    page: Page,
    cell: RunnableCell,
  ) => {readonly message: string; readonly label: string; readonly run: () => void} | undefined;
}

/** How one kind of cell looks. */
interface CellLook {
  readonly faces: readonly FaceName[];
  readonly lesson: (cell: RunnableCell) => Lesson | undefined;
  /** Its editor, for a body that is SQL; other cells have a form. */
  readonly editor?: SqlEditor;
  /** Why a result may well be empty. */
  readonly whyEmpty?: string;
}

const ofRows: readonly FaceName[] = ['result', 'chart', 'changes', 'sql', 'pyspark', 'learn'];

/** The faces, lesson and body of every kind of cell. */
const looks: {readonly [F in Fence]: CellLook} = {
  step: {faces: ofRows, lesson: ({kind}) => stepOf(kind)?.lesson},
  sql: {
    faces: ofRows,
    whyEmpty: 'No row matched the query.',
    lesson: () => ({
      what: 'Any SELECT of DuckDB’s SQL. Every cell above is a table under its own name, and what a cell refused is NAME_rejects.',
      why: 'A question that no step asks is one query away, and its result is a table that cells below read like any other.',
      without: 'The question would be asked in another tool, on an export that nobody keeps in step.',
    }),
    editor: {
      hint: 'SELECT … FROM a cell above',
      label: (name) => `SQL of ${name}`,
      schema: ({session}, cell) =>
        Object.fromEntries(
          session.cellNamesAbove(cell.id).map((name) => {
            const above = [...session.planned.values()].find((planned) => planned.name === name);
            return [
              name,
              above === undefined ? [] : session.columnsOf(above.id, 'output').map((column) => column.name),
            ];
          }),
        ),
    },
  },
  psql: {
    faces: ofRows,
    whyEmpty: 'No row of PostgreSQL’s tables matched the statement.',
    lesson: () => ({
      what: 'A statement in PostgreSQL’s own SQL, over the tables that `postgres` cells write. It runs in a transaction that may only read, and its rows are a table that cells below read like any other.',
      why: 'What is served from a database is asked the way an application asks it: with PostgreSQL’s functions, its plan and its indexes.',
      without: 'You would find out on the server that a query is slow, or that its types are others than in the lake.',
    }),
    editor: {
      hint: 'SELECT … FROM a table of PostgreSQL',
      label: (name) => `PostgreSQL statement of ${name}`,
      schema: ({session}) =>
        Object.fromEntries(
          (session.database.tables ?? []).map(({schema, name, columns}) => [
            schema === 'public' ? name : `${schema}.${name}`,
            columns.map((column) => column.name),
          ]),
        ),
      empty: (page, cell) =>
        page.session.database.tables?.length === 0
          ? {
              message: 'PostgreSQL has no tables yet. A postgres cell above this one writes them.',
              label: 'Add a postgres cell',
              run: () => void page.insert(() => page.session.insertStep(page.neighbour(cell.id, -1), 'postgres')),
            }
          : undefined,
    },
  },
  chart: {
    faces: ['chart', 'sql', 'pyspark', 'learn'],
    lesson: () => ({
      what: 'Draws columns of a table above. The rows are grouped and thinned in SQL first, so a chart of millions of rows is as quick as one of hundreds.',
      why: 'Gaps, drifts and outliers that a table hides are seen at once.',
      without: 'A mean can look right while half of the readings are wrong.',
    }),
  },
};

export const lookOf = ({type}: Pick<RunnableCell, 'type'>): CellLook => looks[type];
