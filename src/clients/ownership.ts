/** Which tab may change the workspace: of all that have it open, one owns it. */
export interface Ownership {
  readonly isOwner: boolean;
  /** Called when another tab takes over: from then on this one may not write. Returns the way to stop listening. */
  onLost(listener: () => void): () => void;
  /** Makes this tab the owner; the one before is told. What this tab has loaded may be older than what is stored: load it anew then. */
  takeOver(): Promise<void>;
}

const name = 'lakebook-workspace';

/**
 * Asks for the workspace; resolves once it is known whether another tab has it. Where there are no Web Locks (a page that isn't
 * a secure context, whose workspace nobody else sees) every tab owns its own.
 */
export async function openOwnership(
  locks = (globalThis.navigator as Navigator | undefined)?.locks,
): Promise<Ownership> {
  const listeners = new Set<() => void>();
  let isOwner = locks === undefined;

  /** Resolves when the lock is held, for as long as this tab lives, or found taken. */
  function request(manager: LockManager, options: LockOptions): Promise<void> {
    return new Promise((resolve, reject) => {
      const hold = (lock: Lock | null): Promise<void> | undefined => {
        isOwner = lock !== null;
        resolve();
        return isOwner ? new Promise(() => undefined) : undefined;
      };
      manager.request(name, options, hold).catch((thrown: unknown) => {
        reject(thrown instanceof Error ? thrown : new Error(String(thrown)));
        if (!isOwner) return;
        // A lock that is kept for ever has one end: it is stolen.
        isOwner = false;
        listeners.forEach((listener) => listener());
      });
    });
  }

  if (locks !== undefined) await request(locks, {ifAvailable: true});

  return {
    get isOwner() {
      return isOwner;
    },
    onLost(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async takeOver() {
      if (locks !== undefined && !isOwner) await request(locks, {steal: true});
    },
  };
}
