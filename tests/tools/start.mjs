import {spawn} from 'node:child_process';
import {serve} from './serve.mjs';
import {checkNode, dist, ensureBuilt, ensureInstalled} from './setup.mjs';

const preferred = Number(process.env.PORT ?? 4173);

checkNode();
try {
  ensureInstalled();
  await ensureBuilt();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}
const {url, port} = await serve({folder: dist, port: preferred, host: process.env.HOST ?? '127.0.0.1', isolated: true});
console.log(`\n  Lakebook is at ${url}\n`);
if (port !== preferred)
  console.log(
    `  Port ${preferred} is in use. A browser keeps files by address: what you saved at another port is there.\n`,
  );
console.log('  Press Ctrl+C to stop.');
open(url);

/** Shows the address in a browser where there is a desktop. @param {string} address */
function open(address) {
  if (process.env.CI || process.env.BROWSER === 'none' || process.env.SSH_CONNECTION) return;
  const hasDesktop =
    process.platform === 'darwin' || process.platform === 'win32' || process.env.DISPLAY || process.env.WAYLAND_DISPLAY;
  if (!hasDesktop) return;
  const [command, ...args] =
    process.platform === 'darwin'
      ? ['open']
      : process.platform === 'win32'
        ? ['cmd', '/c', 'start', '""']
        : ['xdg-open'];
  const child = spawn(/** @type {string} */ (command), [...args, address], {stdio: 'ignore', detached: true});
  child.on('error', () => {}); // The address is printed: whoever has no opener types it.
  child.unref();
}
