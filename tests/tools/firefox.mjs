import {spawnSync} from 'node:child_process';
import {existsSync} from 'node:fs';
import {delimiter, join} from 'node:path';

const names = ['firefox-esr', 'firefox'];
const places = {
  darwin: ['/Applications/Firefox.app/Contents/MacOS/firefox'],
  win32: ['C:\\Program Files\\Mozilla Firefox\\firefox.exe'],
};

/**
 * The address of a Firefox on this machine: `FIREFOX_PATH`, else the system's; on Debian, one is installed when there is none.
 * @returns {Promise<string>}
 */
export async function ensureFirefox() {
  const {FIREFOX_PATH} = process.env;
  if (FIREFOX_PATH) return FIREFOX_PATH;
  const found = find();
  if (found) return found;
  if (process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')) {
    console.log('No Firefox found: installing one …');
    install(['update']);
    install(['install', '-y', '--no-install-recommends', 'firefox-esr']);
  }
  const installed = find();
  if (installed) return installed;
  throw new Error('No Firefox found. Install one, or set FIREFOX_PATH to it, and run this again.');
}

function find() {
  const inPath = (process.env.PATH ?? '').split(delimiter).flatMap((folder) => names.map((name) => join(folder, name)));
  const system = process.platform === 'darwin' || process.platform === 'win32' ? places[process.platform] : [];
  return [...system, ...inPath].find((path) => existsSync(path));
}

/** @param {string[]} args */
function install(args) {
  spawnSync('apt-get', args, {
    stdio: ['ignore', 'inherit', 'inherit'],
    env: {...process.env, DEBIAN_FRONTEND: 'noninteractive'},
  });
}
