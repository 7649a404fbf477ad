import {spawnSync} from 'node:child_process';
import {existsSync} from 'node:fs';
import {delimiter, join} from 'node:path';
import {root} from './setup.mjs';

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'microsoft-edge'];
const places = {
  darwin: [
    '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
    '/Applications/Chromium.app/Contents/MacOS/Chromium',
    '/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge',
  ],
  win32: ['ProgramFiles', 'ProgramFiles(x86)', 'LocalAppData'].flatMap((variable) => {
    const folder = process.env[variable];
    return folder
      ? [join(folder, 'Google/Chrome/Application/chrome.exe'), join(folder, 'Microsoft/Edge/Application/msedge.exe')]
      : [];
  }),
};

/**
 * The address of a Chromium on this machine: `CHROME_PATH`, else the system's, else Playwright's own.
 * @returns {Promise<string | undefined>}
 */
export async function findBrowser() {
  const {CHROME_PATH, PATH = ''} = process.env;
  if (CHROME_PATH) {
    if (!runs(CHROME_PATH))
      throw new Error(`CHROME_PATH is ${CHROME_PATH}, which does not start. Correct or unset it.`);
    return CHROME_PATH;
  }
  const inPath =
    process.platform === 'win32'
      ? []
      : PATH.split(delimiter).flatMap((folder) => names.map((name) => join(folder, name)));
  const system = process.platform === 'darwin' || process.platform === 'win32' ? places[process.platform] : [];
  const {chromium} = await import('playwright-core');
  return [...inPath, ...system, chromium.executablePath()].find(
    (path) => path !== '' && existsSync(path) && runs(path),
  );
}

/** Like `findBrowser`, but installs one first when there is none. */
export async function ensureBrowser() {
  const found = await findBrowser();
  if (found) return found;
  const isRoot = process.getuid?.() === 0;
  console.log('No Chromium found: installing one …');
  if (isRoot && existsSync('/usr/bin/apt-get')) {
    install('apt-get', ['update']);
    install('apt-get', ['install', '-y', '--no-install-recommends', 'chromium']);
  }
  const installed = await findBrowser();
  if (installed) return installed;
  install(process.execPath, [
    join(root, 'node_modules/playwright-core/cli.js'),
    'install',
    ...(isRoot ? ['--with-deps'] : []),
    'chromium',
  ]);
  const downloaded = await findBrowser();
  if (downloaded) return downloaded;
  throw new Error(
    'No Chromium could be installed. Install Chromium or Chrome, or set CHROME_PATH to one, and run this again.',
  );
}

/** An Ubuntu machine may have a `chromium` that only says how to get the snap, so a name alone is not enough. @param {string} path */
function runs(path) {
  // On Windows --version would open a window.
  if (process.platform === 'win32') return true;
  return spawnSync(path, ['--version'], {stdio: 'ignore', timeout: 20_000}).status === 0;
}

/** @param {string} command @param {string[]} args */
function install(command, args) {
  spawnSync(command, args, {
    stdio: ['ignore', 'inherit', 'inherit'],
    env: {...process.env, DEBIAN_FRONTEND: 'noninteractive'},
  });
}
