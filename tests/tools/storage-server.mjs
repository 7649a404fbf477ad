import {realpathSync} from 'node:fs';
import {join} from 'node:path';
import {createServer} from 'vite';
import {root} from './setup.mjs';

/**
 * Serves the page on which browsers run the storage's tests.
 * @returns {Promise<{address: string, close: () => Promise<void>}>}
 */
export async function startStorageServer() {
  const server = await createServer({
    // An edit to a file must not reload a page under test.
    // The packages may lie elsewhere, behind a link.
    server: {
      port: 0,
      host: '127.0.0.1',
      hmr: false,
      watch: null,
      fs: {allow: [root, realpathSync(join(root, 'node_modules'))]},
    },
    // Nor must a dependency that is only found later, as some are after a fresh install: packages are served as they are.
    optimizeDeps: {noDiscovery: true, include: []},
    logLevel: 'error',
  });
  await server.listen();
  return {
    address: `${server.resolvedUrls?.local[0] ?? ''}tests/browser/storage-page.html`,
    close: () => server.close(),
  };
}
