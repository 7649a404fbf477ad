import {holdLock, lockNames} from '../lib/tabs.ts';
import type {Ownership} from '../ports/index.ts';

/**
 * Asks for the workspace; resolves once it is known whether another tab has it. Where there are no Web Locks (a page that isn't
 * a secure context, whose workspace nobody else sees) every tab owns its own.
 */
export async function openOwnership(
  locks = (globalThis.navigator as Navigator | undefined)?.locks,
): Promise<Ownership> {
  const listeners = new Set<() => void>();
  let isOwner = locks === undefined;

  async function request(manager: LockManager, options: LockOptions): Promise<void> {
    const release = await holdLock(
      (holding) => manager.request(lockNames.workspace, options, holding),
      () => {
        // A lock that is kept for ever has one end: it is stolen.
        isOwner = false;
        listeners.forEach((listener) => listener());
      },
    );
    isOwner = release !== undefined;
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
