import {createContext} from 'svelte';
import type {Page} from '../page.svelte.ts';

const slack = 5;
const edge = 70;

/** Drags cells by their handle: a press that hardly moves selects, a longer one moves. */
export class Reorder {
  /** The cells on the move. */
  ids = $state.raw<readonly string[]>([]);
  /** The place they would go to: before the cell that is there now. */
  at = $state<number | undefined>();

  constructor(private readonly page: Page) {}

  press(event: PointerEvent & {currentTarget: HTMLElement}, id: string): void {
    if (event.button !== 0) return;
    const {currentTarget: handle, clientY: from, pointerId} = event;
    handle.setPointerCapture(pointerId);
    let y = from;
    let frame = 0;
    const scroll = (): void => {
      const by = y < edge ? y - edge : y > innerHeight - edge ? y - innerHeight + edge : 0;
      if (by !== 0) {
        scrollBy(0, by / 4);
        this.at = this.#placeAt(y);
      }
      frame = requestAnimationFrame(scroll);
    };
    const move = (next: PointerEvent): void => {
      y = next.clientY;
      if (this.at === undefined) {
        if (Math.abs(y - from) < slack) return;
        this.ids = this.page.group(id);
        frame = requestAnimationFrame(scroll);
      }
      this.at = this.#placeAt(y);
    };
    const end = (commit: boolean): void => {
      cancelAnimationFrame(frame);
      handle.removeEventListener('pointermove', move);
      handle.removeEventListener('pointerup', up);
      handle.removeEventListener('pointercancel', cancel);
      removeEventListener('keydown', escape, true);
      const {at, ids} = this;
      this.at = undefined;
      this.ids = [];
      if (at === undefined) {
        if (commit) this.page.select(id, event.shiftKey ? 'range' : event.metaKey || event.ctrlKey ? 'toggle' : 'only');
      } else if (commit) this.page.session.document.move(ids, at);
    };
    const up = (): void => end(true);
    const cancel = (): void => end(false);
    const escape = (key: KeyboardEvent): void => {
      if (key.key === 'Escape') end(false);
    };
    handle.addEventListener('pointermove', move);
    handle.addEventListener('pointerup', up);
    handle.addEventListener('pointercancel', cancel);
    addEventListener('keydown', escape, true);
  }

  #placeAt(y: number): number {
    const cells = [...document.querySelectorAll<HTMLElement>('[data-cell]')];
    const below = cells.findIndex((cell) => {
      const {top, height} = cell.getBoundingClientRect();
      return y < top + height / 2;
    });
    const id = cells[below]?.dataset['cell'];
    const {cells: all} = this.page.session.document.notebook;
    return id === undefined ? all.length : all.findIndex((cell) => cell.id === id);
  }
}

export const [getReorder, setReorder] = createContext<Reorder>();
