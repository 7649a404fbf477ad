/** Lets the page work without a network from its second visit on. A browser that won't (private window, plain http) just stays online. */
export async function keepOffline(): Promise<void> {
  if (import.meta.env.DEV || !('serviceWorker' in navigator)) return;
  try {
    await navigator.serviceWorker.register('./sw.js');
  } catch {
    // Working offline is a bonus: nothing else depends on it.
  }
}
