import {readdir, readFile, writeFile} from 'node:fs/promises';

/**
 * Resident memory in bytes of the largest renderer process of the browser that uses `profile`, now and at its peak; undefined
 * where there is no /proc.
 * @param {string} profile
 * @returns {Promise<{pid: number, now: number, peak: number} | undefined>}
 */
export async function pageMemory(profile) {
  const processes = await list();
  const family = new Set(
    processes.filter(({command}) => command.includes(`--user-data-dir=${profile}`)).map(({pid}) => pid),
  );
  for (let before = -1; before !== family.size;) {
    before = family.size;
    for (const {pid, parent} of processes) if (family.has(parent)) family.add(pid);
  }
  return processes
    .filter(({pid, command}) => family.has(pid) && command.includes('--type=renderer'))
    .sort((a, b) => b.peak - a.peak)[0];
}

/** From now on a process's peak is that of what follows. @param {number} pid */
export const forgetPeak = (pid) => writeFile(`/proc/${pid}/clear_refs`, '5');

/** @returns {Promise<{pid: number, parent: number, now: number, peak: number, command: string}[]>} */
async function list() {
  const folders = await readdir('/proc').catch(() => []);
  const found = await Promise.all(
    folders
      .filter((name) => /^\d+$/.test(name))
      .map(async (name) => {
        try {
          const [status, command] = await Promise.all([
            readFile(`/proc/${name}/status`, 'utf8'),
            readFile(`/proc/${name}/cmdline`, 'utf8'),
          ]);
          const field = (/** @type {string} */ key) =>
            Number(new RegExp(`^${key}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? 0);
          return {
            pid: Number(name),
            parent: field('PPid'),
            now: field('VmRSS') * 1024,
            peak: field('VmHWM') * 1024,
            command,
          };
        } catch {
          return undefined; // It ended in the meantime.
        }
      }),
  );
  return found.filter((entry) => entry !== undefined);
}
