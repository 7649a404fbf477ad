import type {ServiceScope} from './contract/offline.ts';

/** The files of the site relative to its folder, and a version of them; the build writes both in front of this file. */
declare const FILES: readonly string[];
declare const VERSION: string;

// The one place that knows that this runs as a service worker.
const scope = self as unknown as ServiceScope;
const home = new URL('./', location.href);
// Other sites may share the origin, each in its own folder.
const prefix = `lakebook ${home.pathname} `;
const cacheName = prefix + VERSION;
const kept = new Set(FILES.map((file) => new URL(file, home).href));
const page = new URL('index.html', home).href;

scope.addEventListener('install', (event) => {
  event.waitUntil(install());
});
scope.addEventListener('activate', (event) => {
  event.waitUntil(activate());
});
scope.addEventListener('fetch', (event) => {
  const {request} = event;
  const url = new URL(request.url);
  if (request.method !== 'GET' || url.origin !== home.origin) return;
  if (request.mode === 'navigate' && (url.pathname === home.pathname || url.href.startsWith(page)))
    event.respondWith(newestPage(request));
  else if (kept.has(url.href) || isHashed(url.href)) event.respondWith(keptFile(request));
});

/** Keeps every file; what the page has loaded already comes from the browser's own cache. */
async function install(): Promise<void> {
  const cache = await caches.open(cacheName);
  for (const file of kept) {
    if (await cache.match(file)) continue;
    // Names with a hash never change; the others are asked for anew.
    await cache.add(new Request(file, {cache: isHashed(file) ? 'default' : 'no-cache'}));
  }
  await scope.skipWaiting();
}

async function activate(): Promise<void> {
  const older = (await caches.keys()).filter((name) => name.startsWith(prefix) && name !== cacheName);
  // The version before stays: a page that is still open may ask for a part of it that it has not loaded yet.
  await Promise.all(older.slice(0, -1).map((name) => caches.delete(name)));
  await scope.clients.claim();
}

/** The page from the network, so that a new version shows at once; the kept one when there is none. */
async function newestPage(request: Request): Promise<Response> {
  try {
    const response = await fetch(request);
    if (response.ok) return response;
  } catch {
    // Offline is what this worker is for.
  }
  return (await caches.match(page, {cacheName})) ?? Response.error();
}

/** A file of the site; one that is loaded on its first use alone is kept from then on. */
async function keptFile(request: Request): Promise<Response> {
  const found = await caches.match(request.url, isHashed(request.url) ? {} : {cacheName});
  if (found !== undefined) return found;
  const response = await fetch(request);
  if (response.ok && isHashed(request.url)) {
    const copy = response.clone();
    // Keeping it is a bonus: where there is no room, it is fetched again.
    void caches
      .open(cacheName)
      .then((cache) => cache.put(request, copy))
      .catch(() => undefined);
  }
  return response;
}

function isHashed(file: string): boolean {
  return file.startsWith(new URL('assets/', home).href);
}
