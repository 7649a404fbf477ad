import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {build} from 'vite';
import {serve} from './serve.mjs';
import {root} from './setup.mjs';

/**
 * Builds a page of tests/browser as the site is built, and serves it below `/some/path/` without isolation headers: the plainest host there is.
 * @param {string} name
 * @returns {Promise<{address: string, close: () => Promise<void>}>}
 */
export async function startPageServer(name) {
  const folder = await mkdtemp(join(tmpdir(), 'lakebook-page-'));
  const page = `tests/browser/${name}.html`;
  await build({
    root,
    configFile: false,
    logLevel: 'error',
    mode: 'production',
    base: './',
    worker: {format: 'es'},
    build: {
      outDir: folder,
      emptyOutDir: true,
      assetsInlineLimit: 0,
      chunkSizeWarningLimit: 5000,
      rolldownOptions: {input: join(root, page)},
    },
  });
  const server = await serve({folder, base: '/some/path/'});
  return {
    address: server.url + page,
    close: async () => {
      await server.close();
      await rm(folder, {recursive: true, force: true});
    },
  };
}
