/** The browser's top layer shows what came last: whatever has to stay above dialogs rises again when one opens. */
class TopLayer {
  /** Dialogs that were opened so far. */
  opened = $state(0);
}

export const topLayer = new TopLayer();
