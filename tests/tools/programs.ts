import {spawnSync} from 'node:child_process';

/** Whether this machine has all of these programs; a test that needs one it lacks is skipped by name. */
export const hasPrograms = (...names: readonly string[]): boolean =>
  names.every((name) => spawnSync(name, ['--help']).error === undefined);
