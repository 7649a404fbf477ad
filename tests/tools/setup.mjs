import {spawn, spawnSync} from 'node:child_process';
import {createHash} from 'node:crypto';
import {existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync} from 'node:fs';
import {createRequire} from 'node:module';
import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';

/** The project's folder. */
export const root = fileURLToPath(new URL('../..', import.meta.url));
export const dist = join(root, 'dist');

/** Ends the process with a sentence when Node is too old for the tools. */
export function checkNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return;
  console.error(
    `Lakebook needs Node 20.19 or newer, this is ${process.versions.node}. Get it at https://nodejs.org and run this again.`,
  );
  process.exit(1);
}

/** Installs the packages when they are missing or are not those of the lockfile. */
export function ensureInstalled() {
  if (isInstalled()) return;
  console.log('Installing packages (npm ci) …');
  const {status} = spawnSync('npm', ['ci', '--no-audit', '--no-fund'], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    shell: process.platform === 'win32',
  });
  if (status !== 0) throw new Error('npm ci failed: see above. It needs a connection to the npm registry.');
}

function isInstalled() {
  const hidden = join(root, 'node_modules', '.package-lock.json');
  if (!existsSync(hidden)) return false;
  const wanted = packagesOf(join(root, 'package-lock.json'));
  const installed = packagesOf(hidden);
  return Object.entries(wanted).every(
    ([path, {version, optional}]) =>
      path === '' || (installed[path] ? installed[path].version === version : optional === true),
  );
}

/**
 * @param {string} lockfile
 * @returns {Record<string, {version: string, optional?: boolean}>}
 */
function packagesOf(lockfile) {
  return JSON.parse(readFileSync(lockfile, 'utf8')).packages;
}

/** Builds `dist/` when something it is made of has changed since the last build. */
export async function ensureBuilt() {
  const stamp = join(root, '.cache', 'built');
  const now = inputs();
  if (existsSync(join(dist, 'index.html')) && existsSync(stamp) && readFileSync(stamp, 'utf8') === now) return;
  console.log('Building dist/ …');
  // A test runner's NODE_ENV would make it a development build.
  const {code, output} = await run('vite', ['build', '--logLevel', 'warn'], {env: {NODE_ENV: 'production'}});
  process.stdout.write(output);
  if (code !== 0) throw new Error('The build failed: see above.');
  mkdirSync(dirname(stamp), {recursive: true});
  writeFileSync(stamp, now);
}

/** One hash over name, size and time of every file that the build reads. */
function inputs() {
  const hash = createHash('sha256');
  const add = (/** @type {string} */ path) => {
    const {size, mtimeMs} = statSync(path);
    hash.update(`${path} ${size} ${mtimeMs}\n`);
  };
  for (const file of ['index.html', 'vite.config.ts', 'package.json', 'package-lock.json', 'tsconfig.json'])
    add(join(root, file));
  for (const folder of ['src', 'workers', 'notebooks', 'public']) {
    const entries = readdirSync(join(root, folder), {recursive: true, withFileTypes: true});
    for (const path of entries
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .sort())
      add(path);
  }
  return hash.digest('hex');
}

/**
 * Runs an installed package's command.
 * @param {string} name the command, as in node_modules/.bin
 * @param {readonly string[]} args
 * @param {{live?: boolean, env?: Record<string, string>}} [options] `live` shows the output as it comes instead of collecting it
 * @returns {Promise<{code: number, output: string}>}
 */
export function run(name, args, {live = false, env = {}} = {}) {
  const [packageName, script] = commands[name] ?? [name, undefined];
  const require = createRequire(join(root, 'package.json'));
  const manifestPath = join(root, 'node_modules', packageName, 'package.json');
  const {bin} = require(manifestPath);
  const file = join(dirname(manifestPath), typeof bin === 'string' ? bin : bin[script ?? name]);
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [file, ...args], {
      cwd: root,
      env: {...process.env, ...env},
      stdio: ['ignore', live ? 'inherit' : 'pipe', live ? 'inherit' : 'pipe'],
    });
    let output = '';
    child.stdout?.on('data', (chunk) => (output += chunk));
    child.stderr?.on('data', (chunk) => (output += chunk));
    child.on('close', (code) => resolve({code: code ?? 1, output}));
  });
}

/** Commands whose package has another name. @type {Record<string, [string, string]>} */
const commands = {tsc: ['typescript', 'tsc']};
