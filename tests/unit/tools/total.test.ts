import {spawnSync} from 'node:child_process';
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterAll, expect, test} from 'vitest';
import {root} from '../../tools/setup.mjs';
import {vitestResults} from '../../tools/total.mjs';

const folder = mkdtempSync(join(tmpdir(), 'lakebook-total-'));
afterAll(() => rmSync(folder, {recursive: true, force: true}));

test('failed tests are named by file, test and the first line of why', () => {
  const report = join(folder, 'report.json');
  const file = {name: join(root, 'tests/unit/a.test.ts'), status: 'failed', message: ''};
  const passed = {fullName: 'sums two', status: 'passed', failureMessages: []};
  const failed = {
    fullName: 'sums three',
    status: 'failed',
    failureMessages: ['\u001b[31mAssertionError\u001b[39m: expected 5 to be 6\n    at a.test.ts:3'],
  };
  const broken = {
    name: join(root, 'tests/unit/b.test.ts'),
    status: 'failed',
    message: 'Cannot find module',
    assertionResults: [],
  };
  writeFileSync(
    report,
    JSON.stringify({numPassedTests: 1, testResults: [{...file, assertionResults: [passed, failed]}, broken]}),
  );
  expect(vitestResults(report)).toEqual({
    passed: 1,
    failures: [
      'tests/unit/a.test.ts › sums three: AssertionError: expected 5 to be 6',
      'tests/unit/b.test.ts: Cannot find module',
    ],
  });
  expect(vitestResults(join(folder, 'none.json'))).toEqual({passed: 0, failures: []});
});

test.skipIf(process.platform === 'win32')(
  'continuous integration ends with the names of what failed in any suite, and the total',
  () => {
    const npm = (suites: {test: string; interop: string}): string =>
      `#!/bin/sh\ncase "$1 $2" in\n"test "*) ${suites.test};;\n"run test:interop") ${suites.interop};;\n*) printf '1 passed, 0 failed\\n';;\nesac\n`;
    const run = (suites: {test: string; interop: string}): {lines: string[]; status: number | null} => {
      writeFileSync(join(folder, 'npm'), npm(suites), {mode: 0o755});
      const {stdout, status} = spawnSync('bash', [join(root, '.ci', 'run')], {
        encoding: 'utf8',
        env: {...process.env, PATH: `${folder}:${process.env['PATH']}`},
      });
      return {lines: stdout.trimEnd().split('\n'), status};
    };
    const good = `printf '✓ all\\n\\n3 passed, 0 failed\\n'`;
    expect(run({test: good, interop: good})).toMatchObject({
      status: 0,
      lines: expect.arrayContaining(['8 passed, 0 failed']) as unknown,
    });
    const failing = run({
      test: `printf 'Failed:\\n  unit: a › b: expected\\n\\n2 passed, 1 failed\\n'; exit 1`,
      interop: `echo lost; exit 7`,
    });
    expect(failing.status).not.toBe(0);
    expect(failing.lines.slice(-5)).toEqual([
      'Failed:',
      '  unit: a › b: expected',
      '  npm run test:interop --silent: ended with 7',
      '',
      '4 passed, 2 failed',
    ]);
  },
);
