import {addFileFromDisk} from '../tools/app.mjs';
import {grouped, megabytes, seconds} from './lib/figures.mjs';
import {pageMemory} from './lib/memory.mjs';
import {readyApp, runNotebook} from './lib/page.mjs';
import {sensorCsv} from './lib/sensor-csv.mjs';
import {sized} from './lib/size.mjs';

const rowsOfOneGigabyte = sized(22_600_000);

/** A CSV of 1 GB, and what the page's process needed at its peak. */
export default async function largeFile() {
  const csv = await sensorCsv(rowsOfOneGigabyte);
  const app = await readyApp();
  try {
    const start = performance.now();
    await addFileFromDisk(app.page, 'sensors.csv', csv.path);
    const copied = performance.now() - start;
    const {report, ms} = await runNotebook(app.page, '```step raw = load\nfile: sensors.csv\n```\n');
    const memory = await pageMemory(app.profile);
    return {
      title: 'A CSV of 1 GB',
      columns: [
        'file',
        'rows',
        'copy to the workspace, s',
        'load, s',
        "peak memory of the page's process (at most 2,500 MB)",
      ],
      rows: [
        [
          megabytes(csv.bytes),
          grouped(report.cells[0]?.rowsOut ?? 0),
          seconds(copied),
          seconds(ms),
          memory === undefined ? 'Linux only' : megabytes(memory.peak),
        ],
      ],
      note: "The process's VmHWM, the engine's worker included.",
    };
  } finally {
    await app.close();
  }
}
