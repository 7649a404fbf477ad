import {addFileFromDisk} from '../tools/app.mjs';
import {cleaning} from './lib/cleaning.mjs';
import {median} from './lib/figures.mjs';
import {readyApp, runNotebook} from './lib/page.mjs';
import {sensorCsv} from './lib/sensor-csv.mjs';
import {sized} from './lib/size.mjs';

const repeats = 5;

/** Editing the last of ten cells on 1,000,000 rows: only it runs again. */
export default async function edit() {
  const csv = await sensorCsv(sized(1_000_000));
  const app = await readyApp();
  try {
    await addFileFromDisk(app.page, 'sensors.csv', csv.path);
    const all = await runNotebook(app.page, tenCells(0));
    const times = [];
    for (let repeat = 1; repeat <= repeats; repeat++) times.push((await runNotebook(app.page, tenCells(repeat))).ms);
    return {
      title: 'Editing the last cell of ten, 1,000,000 rows',
      columns: ['what', 'ms'],
      rows: [
        ['all ten cells, the first time', all.ms.toFixed(0)],
        [`the last cell edited and run, of at most 1,000 (median of ${repeats})`, median(times).toFixed(0)],
      ],
    };
  } finally {
    await app.close();
  }
}

/** @param {number} threshold */
function tenCells(threshold) {
  const more = [
    'from: calm\ncondition: humidity > 30',
    'condition: pressure > 1000',
    'condition: temperature > 10',
    `condition: temperature > ${12 + threshold}`,
  ];
  return [
    cleaning('sensors.csv'),
    ...more.map((body, index) => `\`\`\`step narrowed_${index + 1} = filter\n${body}\n\`\`\`\n`),
  ].join('\n');
}
