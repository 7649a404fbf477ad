import {once} from 'node:events';
import {createWriteStream, existsSync} from 'node:fs';
import {mkdir, rename, stat} from 'node:fs/promises';
import {join} from 'node:path';
import {root} from '../../tools/setup.mjs';

/**
 * A messy sensor file of `rows` readings, the same on every machine: text timestamps, 2 % repeated lines, 3 % missing
 * values, 0.5 % outliers.
 * @param {number} rows
 * @returns {Promise<{path: string, bytes: number}>}
 */
export async function sensorCsv(rows) {
  const path = join(root, '.cache', 'bench', `sensors-${rows}.csv`);
  if (!existsSync(path)) {
    await mkdir(join(root, '.cache', 'bench'), {recursive: true});
    const file = createWriteStream(`${path}.part`, {highWaterMark: 1 << 22});
    for (const text of chunks(rows)) if (!file.write(text)) await once(file, 'drain');
    file.end();
    await once(file, 'finish');
    await rename(`${path}.part`, path);
  }
  return {path, bytes: (await stat(path)).size};
}

/** @param {number} rows */
function* chunks(rows) {
  const random = generator(42);
  const sensors = 50;
  const start = Date.UTC(2024, 1, 1);
  let text = 'sensor_id,timestamp,temperature,humidity,pressure\n';
  let previous = '';
  for (let row = 0; row < rows; row++) {
    if (previous !== '' && random() < 0.02) text += previous;
    else {
      const sensor = row % sensors;
      const seconds = Math.floor(row / sensors) * 60;
      const wave = Math.sin((seconds / 86_400) * 2 * Math.PI);
      const temperature = random() < 0.005 ? 80 + random() * 20 : 20 + sensor / 10 + 4 * wave + random();
      const fields = [
        temperature.toFixed(2),
        (50 - 8 * wave + 4 * random()).toFixed(1),
        (1013 + 3 * wave + random()).toFixed(2),
      ].map((value) => (random() < 0.03 ? '' : value));
      previous = `S-${String(sensor).padStart(3, '0')},${new Date(start + seconds * 1000).toISOString().slice(0, 19)},${fields.join(',')}\n`;
      text += previous;
    }
    if (text.length > 1 << 20) {
      yield text;
      text = '';
    }
  }
  yield text;
}

/** Mulberry32: small, seeded, good enough for test data. @param {number} seed */
function generator(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
