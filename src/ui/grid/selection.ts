/** A cell by its place; row −1 is the header. */
export interface Place {
  readonly row: number;
  readonly column: number;
}

/** A rectangle of cells from where it was begun to where the cursor is. */
export interface Selection {
  readonly anchor: Place;
  readonly cursor: Place;
}

export interface Extent {
  readonly rows: number;
  readonly columns: number;
  /** Rows that fit into the window. */
  readonly page: number;
}

export const one = (place: Place): Selection => ({anchor: place, cursor: place});

/** First and last row and column, both inclusive; a header has no cells to select. */
export const rectangle = ({
  anchor,
  cursor,
}: Selection): {readonly top: number; readonly bottom: number; readonly left: number; readonly right: number} => ({
  top: Math.max(0, Math.min(anchor.row, cursor.row)),
  bottom: Math.max(anchor.row, cursor.row),
  left: Math.min(anchor.column, cursor.column),
  right: Math.max(anchor.column, cursor.column),
});

export function sizeOf(selection: Selection): {readonly rows: number; readonly columns: number} {
  const {top, bottom, left, right} = rectangle(selection);
  return {rows: bottom - top + 1, columns: right - left + 1};
}

export const holds = (selection: Selection, row: number, column: number): boolean => {
  const {top, bottom, left, right} = rectangle(selection);
  return row >= top && row <= bottom && column >= left && column <= right;
};

const steps: Readonly<Record<string, (place: Place, extent: Extent, far: boolean) => Place>> = {
  ArrowUp: (place, _extent, far) => ({...place, row: far ? 0 : place.row - 1}),
  ArrowDown: (place, {rows}, far) => ({...place, row: far ? rows - 1 : place.row + 1}),
  ArrowLeft: (place, _extent, far) => ({...place, column: far ? 0 : place.column - 1}),
  ArrowRight: (place, {columns}, far) => ({...place, column: far ? columns - 1 : place.column + 1}),
  PageUp: (place, {page}) => ({...place, row: Math.max(0, place.row - page)}),
  PageDown: (place, {page}) => ({...place, row: place.row + page}),
  Home: (place, _extent, far) => ({row: far ? 0 : place.row, column: 0}),
  End: (place, {rows, columns}, far) => ({row: far ? rows - 1 : place.row, column: columns - 1}),
};

/** Where a key leads, undefined when it moves nothing. `far` is Ctrl (⌘), `extend` Shift: the selection grows to the cursor. */
export function move(
  selection: Selection,
  key: string,
  {far, extend, extent}: {readonly far: boolean; readonly extend: boolean; readonly extent: Extent},
): Selection | undefined {
  const step = steps[key];
  if (step === undefined || extent.columns === 0) return undefined;
  const next = step(selection.cursor, extent, far);
  const cursor = {
    row: Math.min(extent.rows - 1, Math.max(extend ? 0 : -1, next.row)),
    column: Math.min(extent.columns - 1, Math.max(0, next.column)),
  };
  return extend
    ? {anchor: {row: Math.max(0, selection.anchor.row), column: selection.anchor.column}, cursor}
    : one(cursor);
}
