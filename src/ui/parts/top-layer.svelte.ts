/** The browser's top layer shows what came last: whatever has to stay above dialogs rises again when one opens. */
class TopLayer {
  /** Dialogs that were opened so far. */
  opened = $state(0);
  /** The dialogs that are open, the last one on top: what is told while there is one stands in it, and covers none of it. */
  dialogs = $state.raw<readonly string[]>([]);
}

export const topLayer = new TopLayer();
