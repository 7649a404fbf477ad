import type {LastWords} from '../ports/index.ts';

/** Session and local storage are the only places that a page which is being closed can still write to; this one outlives the tab. */
export function lastWordsIn(storage: () => Storage, key = 'lakebook:unsaved'): LastWords {
  return {
    read: () => {
      try {
        return storage().getItem(key);
      } catch {
        return null;
      }
    },
    write: (text) => {
      try {
        if (text === null) storage().removeItem(key);
        else storage().setItem(key, text);
      } catch {
        // Full, or forbidden: the write to the workspace that goes on beside it may still get through.
      }
    },
  };
}
