import fc from 'fast-check';
import {expect, test} from 'vitest';
import {createMemoryStore} from '../../../../workers/storage/memory-store.ts';
import {TestTable} from './table.ts';

const day = 86_400_000;

type Operation =
  | {readonly kind: 'append' | 'overwrite'; readonly files: readonly (readonly number[])[]}
  | {readonly kind: 'replace'; readonly file: number; readonly rows: readonly number[]}
  | {readonly kind: 'restore'; readonly to: number}
  | {readonly kind: 'vacuum'};

const rows = fc.array(fc.nat(99), {minLength: 1, maxLength: 4});
const files = fc.array(rows, {minLength: 1, maxLength: 3});
const operation: fc.Arbitrary<Operation> = fc.oneof(
  {weight: 4, arbitrary: fc.record({kind: fc.constant('append' as const), files})},
  {weight: 2, arbitrary: fc.record({kind: fc.constant('overwrite' as const), files})},
  {weight: 3, arbitrary: fc.record({kind: fc.constant('replace' as const), file: fc.nat(20), rows})},
  {weight: 2, arbitrary: fc.record({kind: fc.constant('restore' as const), to: fc.nat(20)})},
  {weight: 1, arbitrary: fc.constant({kind: 'vacuum' as const})},
);

/** A version as the model has it: files of rows, by the order they came in. */
type Version = readonly (readonly number[])[];

const sorted = (version: Version): unknown[] => version.flat().sort();

test('any row of commits gives, at every version, what a plain list of files gives', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(operation, {minLength: 1, maxLength: 15}), async (operations) => {
      const store = createMemoryStore();
      const table = new TestTable({store, locks: store.locks});
      const versions: Version[] = [[[0]]];
      await table.write({}, [{rows: [0]}]);
      for (const made of operations) {
        const latest = versions.at(-1) ?? [];
        switch (made.kind) {
          case 'append':
          case 'overwrite':
            await table.write(
              {mode: made.kind},
              made.files.map((of) => ({rows: of})),
            );
            versions.push(made.kind === 'append' ? [...latest, ...made.files] : made.files);
            break;
          case 'replace': {
            // As a merge does it: one file goes, another comes, in one commit.
            const snapshot = await table.snapshot();
            const adds = [...(snapshot?.files.values() ?? [])];
            const add = adds[made.file % Math.max(1, adds.length)];
            if (snapshot === undefined || add === undefined) break;
            const gone = JSON.stringify(await table.rowsOf(add, snapshot));
            const plan = await table.plan({mode: 'merge', keys: ['id']});
            await table.commit(plan, await table.writeFiles(plan, [{rows: made.rows}]), {replaced: [add]});
            const index = latest.findIndex((file) => JSON.stringify(file) === gone);
            versions.push([...latest.filter((_, i) => i !== index), made.rows]);
            break;
          }
          case 'restore': {
            const to = made.to % versions.length;
            await table.restore({version: to});
            const latestVersion = (await table.snapshot())?.version ?? 0;
            // To restore what is there already commits nothing.
            if (latestVersion === versions.length) versions.push(versions[to] ?? []);
            break;
          }
          case 'vacuum':
            await table.vacuum({retainHours: 10 * 365 * 24, dryRun: false}, Date.now() + day);
            break;
        }
      }
      for (const [version, expected] of versions.entries()) expect(await table.rows({version})).toEqual(sorted(expected));
      expect((await table.snapshot())?.version).toBe(versions.length - 1);
    }),
    {numRuns: 150},
  );
}, 60_000);
