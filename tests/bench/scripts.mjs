import {initialScripts} from '../tools/budget.mjs';
import {dist} from '../tools/setup.mjs';

/** The size of what a first visit loads before the page's own code runs. */
export default async function scripts() {
  const files = initialScripts(dist);
  const total = files.reduce((sum, {gzip}) => sum + gzip, 0);
  return {
    title: 'Initial JavaScript',
    columns: ['file', 'gzip KB'],
    rows: [
      ...files.map(({file, gzip}) => [file, (gzip / 1000).toFixed(1)]),
      ['**all**, of at most 250', (total / 1000).toFixed(1)],
    ],
    note: 'The entry and everything it imports statically, without the engine.',
  };
}
