import {keysOf} from './format.ts';
import type {Page} from './page.svelte.ts';

/** What the shortcuts dialog lists. No single letter is a shortcut: screen readers and slips of the hand keep them. */
export const shortcuts: readonly {
  readonly title: string;
  readonly keys: readonly (readonly [keys: string, does: string])[];
}[] = [
  {
    title: 'Anywhere',
    keys: [
      [keysOf('mod+K'), 'Find any action, step or cell'],
      [keysOf('shift+mod+Enter'), 'Run all'],
      [keysOf('mod+Z'), 'Undo'],
      [keysOf('shift+mod+Z'), 'Redo'],
      [keysOf('mod+S'), 'Save the notebook as a file'],
      [keysOf('mod+V'), 'Take in copied files, or a table as text'],
      [keysOf('mod+/'), 'These shortcuts'],
    ],
  },
  {
    title: 'In a cell',
    keys: [
      [keysOf('mod+Enter'), 'Run the cell'],
      ['Shift+Enter', 'Run the cell and go to the next'],
      ['Escape', 'Leave the form or the text; back to the cell'],
    ],
  },
  {
    title: 'On a cell’s handle',
    keys: [
      ['↑  ↓', 'Go to the cell above or below'],
      ['Enter', 'Open the form, or the text to write'],
      ['Space', 'Select the cell'],
      ['Shift+↑  Shift+↓', 'Select several'],
      [keysOf('alt+↑  alt+↓'), 'Move the selected cells'],
      ['Delete', 'Delete the selected cells'],
    ],
  },
];

/** Whether keys and the clipboard belong to what has the focus. */
export const writes = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement &&
  (target.isContentEditable ||
    target instanceof HTMLTextAreaElement ||
    target instanceof HTMLSelectElement ||
    (target instanceof HTMLInputElement && !['checkbox', 'radio', 'button'].includes(target.type)));

/** The page's shortcuts, in one place. */
export function shortcut(event: KeyboardEvent, page: Page): void {
  // Whoever reads a link's notebook has yet to say what becomes of it.
  if (event.defaultPrevented || event.isComposing || page.visit !== undefined) return;
  const {target} = event;
  const mod = event.metaKey || event.ctrlKey;
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const done = (): void => event.preventDefault();

  if (mod && key === 'k') {
    done();
    page.dialog = page.dialog?.kind === 'palette' ? undefined : {kind: 'palette'};
    return;
  }
  if (page.dialog !== undefined) return;
  if (mod && key === '/') return void (done(), (page.dialog = {kind: 'shortcuts'}));
  if (mod && key === 's') return void (done(), page.saveNotebook());
  if (mod && event.shiftKey && key === 'Enter') return void (done(), void page.run());
  if (mod && (key === 'z' || key === 'y') && !writes(target)) {
    done();
    return key === 'y' || event.shiftKey ? page.session.document.redo() : page.session.document.undo();
  }

  const id = target instanceof Element ? target.closest<HTMLElement>('[data-cell]')?.dataset['cell'] : undefined;
  if (id === undefined) return;
  if (key === 'Enter' && (mod || event.shiftKey)) {
    done();
    runCell(page, id, event.shiftKey);
  } else if (key === 'Escape') {
    // A menu's Escape closes the menu alone.
    if (target instanceof Element && target.closest('[popover]') === null) page.closeForm(id);
  } else if (target instanceof HTMLElement && target.dataset['handle'] !== undefined) onHandle(event, page, id);
}

function runCell(page: Page, id: string, moveOn: boolean): void {
  if (page.cell(id) === undefined) page.closeForm(id);
  else void page.run(page.nameOf(id));
  const next = moveOn ? page.neighbour(id, 1) : undefined;
  if (next !== undefined) void page.show(next);
}

function onHandle(event: KeyboardEvent, page: Page, id: string): void {
  const by = event.key === 'ArrowUp' ? -1 : event.key === 'ArrowDown' ? 1 : 0;
  if (by !== 0 && event.altKey) void page.moveBy(id, by);
  else if (by !== 0) {
    const next = page.neighbour(id, by);
    if (next !== undefined) {
      if (event.shiftKey) {
        if (!page.session.document.selection.has(id)) page.select(id, 'toggle');
        if (!page.session.document.selection.has(next)) page.select(next, 'toggle');
      }
      page.focus(next);
      page.element(next)?.scrollIntoView({block: 'nearest'});
    }
  } else if (event.key === 'Enter') void page.openForm(id);
  else if (event.key === ' ') page.select(id, 'toggle');
  else if (event.key === 'Delete' || event.key === 'Backspace') void page.remove(page.group(id));
  else return;
  event.preventDefault();
}
