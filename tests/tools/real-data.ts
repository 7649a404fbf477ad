import {existsSync} from 'node:fs';
import {join} from 'node:path';

const folder = join(import.meta.dirname, '../../../shared/data');
const isRequired = process.env['LAKEBOOK_REAL_DATA'] === 'required';

/**
 * Real data that isn't part of the project, kept beside it. `missing` says that a test should be skipped, by its name; where the
 * data is required, the test runs all the same and fails with the file's path.
 */
export function realData(name: string): {readonly path: string; readonly missing: boolean} {
  const path = join(folder, name);
  return {path, missing: !existsSync(path) && !isRequired};
}
