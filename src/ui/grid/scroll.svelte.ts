import {trackOf} from './viewport.ts';

/**
 * Where the grid is scrolled to, in row pixels. Short tables scroll as the browser does. Long ones have a shorter scroll bar than
 * rows (see `Track`): a wheel and a finger still move row by row, only the scroll bar itself leaps.
 */
export class Scroll {
  top = $state(0);
  left = $state(0);
  /** Size of the window onto the rows. */
  width = $state(0);
  height = $state(0);
  readonly #rowHeight: number;
  readonly #rows: () => number;
  #element: HTMLElement | undefined;
  /** Where the scroll bar stands for `top`; a scroll event that tells just this is an echo. */
  #echo = 0;
  #settle: ReturnType<typeof setTimeout> | undefined;
  readonly track = $derived.by(() => trackOf(this.#rows(), this.#rowHeight, this.height));

  constructor(rowHeight: number, rows: () => number) {
    this.#rowHeight = rowHeight;
    this.#rows = rows;
  }

  /** An attachment for the element that scrolls. */
  readonly attach = (element: HTMLElement): (() => void) => {
    this.#element = element;
    const scrolled = (): void => this.#scrolled(element);
    const wheeled = (event: WheelEvent): void => this.#wheeled(event);
    element.addEventListener('scroll', scrolled, {passive: true});
    element.addEventListener('wheel', wheeled, {passive: false});
    return () => {
      clearTimeout(this.#settle);
      element.removeEventListener('scroll', scrolled);
      element.removeEventListener('wheel', wheeled);
      this.#element = undefined;
    };
  };

  /** Scrolls to a place among the rows. */
  to(top: number, left = this.left): void {
    this.top = Math.max(0, Math.min(this.track.end, top));
    this.left = Math.max(0, left);
    this.#follow();
  }

  #follow(): void {
    if (this.#element === undefined) return;
    this.#element.scrollTop = this.top / this.track.ratio;
    this.#element.scrollLeft = this.left;
    // The browser rounds and clamps.
    this.#echo = this.#element.scrollTop;
    this.left = this.#element.scrollLeft;
  }

  #scrolled(element: HTMLElement): void {
    this.left = Math.max(0, element.scrollLeft);
    const {ratio, end} = this.track;
    const moved = element.scrollTop - this.#echo;
    if (Math.abs(moved) < 1 && ratio > 1) return;
    this.#echo = element.scrollTop;
    const near =
      ratio > 1 &&
      Math.abs(moved) < this.height &&
      element.scrollTop > 0 &&
      element.scrollTop < element.scrollHeight - element.clientHeight - 1;
    this.top = near ? Math.max(0, Math.min(end, this.top + moved)) : Math.min(end, element.scrollTop * ratio);
    if (!near) return;
    clearTimeout(this.#settle);
    this.#settle = setTimeout(() => this.#follow(), 140);
  }

  #wheeled(event: WheelEvent): void {
    if (this.track.ratio === 1 || event.ctrlKey || event.shiftKey || event.deltaY === 0) return;
    const by =
      event.deltaY *
      (event.deltaMode === WheelEvent.DOM_DELTA_LINE
        ? this.#rowHeight
        : event.deltaMode === WheelEvent.DOM_DELTA_PAGE
          ? this.height
          : 1);
    // At an end the page itself scrolls on.
    if ((by < 0 && this.top <= 0) || (by > 0 && this.top >= this.track.end)) return;
    event.preventDefault();
    this.to(this.top + by, this.left + event.deltaX);
  }
}
