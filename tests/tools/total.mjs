import {mkdirSync, readFileSync, rmSync} from 'node:fs';
import {join, relative} from 'node:path';
import {root, run} from './setup.mjs';

/**
 * Ends a suite's output: the names of what failed once more, so that the end of a long log tells, then the total as the last line;
 * `.ci/run` reads both. The process's exit code follows.
 * @param {number} passed
 * @param {number} failed
 * @param {readonly string[]} failures one line each
 */
export function tellTotal(passed, failed, failures) {
  if (failures.length > 0) console.log(`\nFailed:\n${failures.map((failure) => `  ${failure}`).join('\n')}`);
  console.log(`\n${passed} passed, ${failed} failed`);
  process.exitCode = failed > 0 ? 1 : 0;
}

/** The first line of a message, cut where it gets long, without the colours of a terminal. @param {string} message */
export function firstLine(message) {
  const [line = ''] = message
    .trim()
    .replace(/\x1b\[[\d;]*m/g, '')
    .split('\n');
  return line.length > 300 ? `${line.slice(0, 300)}…` : line;
}

/**
 * Runs one of Vitest's projects and shows it test by test.
 * @param {string} project
 * @param {readonly string[]} [files] only those whose path has one of these words
 */
export async function runTests(project, files = []) {
  const report = join(root, '.cache', `vitest-${project}.json`);
  mkdirSync(join(root, '.cache'), {recursive: true});
  rmSync(report, {force: true});
  const {code} = await run(
    'vitest',
    ['run', ...files, '--project', project, '--reporter=default', '--reporter=json', `--outputFile.json=${report}`],
    {live: true},
  ).catch(() => ({code: 1}));
  const {passed, failures} = vitestResults(report);
  // A run that fails without a failed test (an error outside of one, no report) is a failure all the same.
  if (code !== 0 && failures.length === 0) failures.push('an error outside of the tests: see above');
  return {passed, failures};
}

/**
 * @typedef {{fullName: string, status: string, failureMessages: string[]}} TestResult
 * @typedef {{name: string, status: string, message: string, assertionResults: TestResult[]}} FileResult
 * What passed, and what failed in a line each, of the report that Vitest's JSON reporter has written; nothing where there is none.
 * @param {string} report its path
 * @returns {{passed: number, failures: string[]}}
 */
export function vitestResults(report) {
  try {
    /** @type {{numPassedTests: number, testResults: FileResult[]}} */
    const {numPassedTests, testResults} = JSON.parse(readFileSync(report, 'utf8'));
    const failures = testResults.flatMap(({name, status, message, assertionResults}) => {
      const file = relative(root, name);
      if (status === 'failed' && assertionResults.length === 0) return [`${file}: ${firstLine(message)}`];
      const failed = assertionResults.filter((test) => test.status === 'failed');
      return failed.map(({fullName, failureMessages: [reason = '']}) => `${file} › ${fullName}: ${firstLine(reason)}`);
    });
    return {passed: numPassedTests, failures};
  } catch {
    return {passed: 0, failures: []};
  }
}
