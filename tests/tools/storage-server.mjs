import {createServer} from 'vite';

/**
 * Serves the page on which browsers run the storage's tests.
 * @returns {Promise<{address: string, close: () => Promise<void>}>}
 */
export async function startStorageServer() {
  const server = await createServer({
    // An edit to a file must not reload a page under test.
    server: {port: 0, host: '127.0.0.1', hmr: false, watch: null},
    // Nor must a dependency that is only found later.
    optimizeDeps: {include: ['@zip.js/zip.js/lib/zip-core-custom.js', 'hyparquet-compressors']},
    logLevel: 'error',
  });
  await server.listen();
  return {address: `${server.resolvedUrls?.local[0] ?? ''}tests/browser/storage-page.html`, close: () => server.close()};
}
