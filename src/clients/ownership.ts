import {holdLock, lockNames, workspaceChannel, type Release} from '../lib/tabs.ts';
import type {Ownership} from '../ports/index.ts';

/** How long an owner that is asked for the workspace may take to save, in milliseconds; one that hangs loses it then. */
const patience = 10_000;

/**
 * Asks for the workspace; resolves once it is known whether another tab has it. Where there are no Web Locks (a page that isn't
 * a secure context, whose workspace nobody else sees) every tab owns its own.
 */
export async function openOwnership(
  locks = (globalThis.navigator as Navigator | undefined)?.locks,
): Promise<Ownership> {
  const listeners = new Set<() => void>();
  const saves: (() => Promise<void>)[] = [];
  const channel = new BroadcastChannel(workspaceChannel);
  let isOwner = locks === undefined;
  let release: Release | undefined;

  function lose(): void {
    isOwner = false;
    listeners.forEach((listener) => listener());
  }

  async function request(manager: LockManager, options: LockOptions): Promise<void> {
    // A lock that is kept for ever has one end: it is stolen.
    release = await holdLock((holding) => manager.request(lockNames.workspace, options, holding), lose);
    isOwner = release !== undefined;
  }

  channel.onmessage = () => {
    if (!isOwner || locks === undefined) return;
    void Promise.allSettled(saves.map((save) => save())).then(() => {
      // It may have been stolen meanwhile.
      if (!isOwner) return;
      lose();
      release?.();
    });
  };
  if (locks !== undefined) await request(locks, {ifAvailable: true});

  return {
    get isOwner() {
      return isOwner;
    },
    onLost(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    onAsked(save) {
      saves.push(save);
    },
    async takeOver() {
      if (locks === undefined || isOwner) return;
      channel.postMessage('give it up');
      try {
        await request(locks, {signal: AbortSignal.timeout(patience)});
      } catch {
        await request(locks, {steal: true});
      }
    },
  };
}
