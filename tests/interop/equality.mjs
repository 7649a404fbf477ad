import {ensureBrowser} from '../tools/browser.mjs';
import {checkNode, ensureBuilt, ensureInstalled} from '../tools/setup.mjs';
import {tellTotal} from '../tools/total.mjs';
import {equality} from './check-equality.mjs';
import {Checks} from './compare.mjs';
import {ensureEnvironments} from './environment.mjs';

// The comparison with Spark and DuckDB alone, of all notebooks or of those with a word in their name: npm run test:equality -- rolling
checkNode();
ensureInstalled();
process.env.CHROME_PATH = await ensureBrowser();
const [missing] = await Promise.all([ensureEnvironments(), ensureBuilt()]);
if (missing.spark40 !== undefined) throw new Error(`Spark can't be set up here.\n${missing.spark40}`);
const checks = new Checks();
await equality(checks, process.argv[2]);
tellTotal(checks.passed, checks.failed, checks.failures);
