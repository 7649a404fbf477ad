import {readFile} from 'node:fs/promises';
import {join} from 'node:path';
import type {Page} from 'playwright-core';
import {root} from '../tools/setup.mjs';

const axe = readFile(join(root, 'node_modules/axe-core/axe.min.js'), 'utf8');

/** What axe calls serious or critical, as `rule: element`. */
export async function seriousFaults(page: Page): Promise<string[]> {
  await page.evaluate(await axe);
  return page.evaluate(async () => {
    // The script above put it there.
    const {axe: runner} = window as unknown as {
      axe: {
        run(
          context: Document,
          options: object,
        ): Promise<{violations: {id: string; impact: string; nodes: {html: string}[]}[]}>;
      };
    };
    const {violations} = await runner.run(document, {resultTypes: ['violations']});
    return violations
      .filter(({impact}) => impact === 'serious' || impact === 'critical')
      .flatMap(({id, nodes}) => nodes.map(({html}) => `${id}: ${html.slice(0, 200)}`));
  });
}
