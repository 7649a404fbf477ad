import {ensureBrowser} from '../tools/browser.mjs';
import {checkNode, ensureBuilt, ensureInstalled} from '../tools/setup.mjs';
import {tellTotal} from '../tools/total.mjs';
import {equality} from './check-equality.mjs';
import {Checks} from './compare.mjs';
import {ensureEnvironments} from './environment.mjs';

// The comparison with Spark and DuckDB alone, of all notebooks or of those with a word in their name: npm run test:equality -- rolling. Those that are made up, as many
// as are wanted: npm run test:equality -- random 200
checkNode();
ensureInstalled();
process.env.CHROME_PATH = await ensureBrowser();
const [missing] = await Promise.all([ensureEnvironments(), ensureBuilt()]);
if (missing.spark40 !== undefined) throw new Error(`Spark can't be set up here.\n${missing.spark40}`);
const checks = new Checks();
const [word, count] = process.argv.slice(2);
await equality(checks, word, count === undefined ? undefined : Number(count));
tellTotal(checks.passed, checks.failed, checks.failures);
