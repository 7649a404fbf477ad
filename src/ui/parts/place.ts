/** Puts an open popover below its anchor, above it where there is no room, and always inside the window. */
export function place(popover: HTMLElement, anchor: HTMLElement, align: 'start' | 'end'): void {
  const at = anchor.getBoundingClientRect();
  const {offsetWidth: width, offsetHeight: height} = popover;
  const left = align === 'start' ? at.left : at.right - width;
  const below = at.bottom + 6;
  const above = at.top - 6 - height;
  const top =
    below + height <= innerHeight - 8 || above < 8 ? Math.min(below, Math.max(8, innerHeight - height - 8)) : above;
  popover.style.left = `${Math.round(Math.max(8, Math.min(left, innerWidth - width - 8)))}px`;
  popover.style.top = `${Math.round(top)}px`;
}
