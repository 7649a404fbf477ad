import {expect, test} from 'vitest';
import {initialScripts} from '../tools/budget.mjs';
import {dist} from '../tools/setup.mjs';

test('the scripts of the first paint are at most 250 KB compressed', () => {
  const scripts = initialScripts(dist);
  expect(scripts.length).toBeGreaterThan(0);
  const total = scripts.reduce((sum, script) => sum + script.gzip, 0);
  expect(total, scripts.map(({file, gzip}) => `${file} ${gzip}`).join(', ')).toBeLessThanOrEqual(250_000);
});
