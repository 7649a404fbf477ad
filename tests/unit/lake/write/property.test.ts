import fc from 'fast-check';
import {expect, test} from 'vitest';
import {createMemoryStore} from '../../../../workers/files/memory-store.ts';
import {column, problemIn, struct, TestTable} from './table.ts';

const hour = 3_600_000;

type Operation =
  | {readonly kind: 'append' | 'overwrite'; readonly files: readonly number[]}
  | {readonly kind: 'overwrite_schema'; readonly files: readonly number[]; readonly extra: string}
  | {readonly kind: 'replace'; readonly file: number; readonly rows: number}
  | {readonly kind: 'restore'; readonly to: number}
  | {readonly kind: 'vacuum'; readonly all: boolean};

/** How many rows each file has. */
const files = fc.array(fc.integer({min: 1, max: 3}), {maxLength: 3});
const operation: fc.Arbitrary<Operation> = fc.oneof(
  {weight: 4, arbitrary: fc.record({kind: fc.constant('append' as const), files})},
  {weight: 2, arbitrary: fc.record({kind: fc.constant('overwrite' as const), files})},
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('overwrite_schema' as const),
      files,
      extra: fc.constantFrom('a', 'b', 'c'),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({kind: fc.constant('replace' as const), file: fc.nat(20), rows: fc.integer({min: 1, max: 3})}),
  },
  {weight: 3, arbitrary: fc.record({kind: fc.constant('restore' as const), to: fc.nat(20)})},
  {weight: 2, arbitrary: fc.record({kind: fc.constant('vacuum' as const), all: fc.boolean()})},
);

/** A version as the model has it: its columns, and its files by what their rows say. */
interface Version {
  readonly columns: readonly string[];
  readonly files: readonly (readonly string[])[];
}

test('any row of commits and vacuums gives, at every version, what a plain list of files gives', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(operation, {minLength: 1, maxLength: 15}), async (operations) => {
      const store = createMemoryStore();
      const table = new TestTable({store, locks: store.locks});
      const versions: Version[] = [];
      const deleted = new Set<readonly string[]>();
      const isReadable = (version: Version) => version.files.every((file) => !deleted.has(file));
      let made = 0;
      const newFile = (rows: number): readonly string[] => {
        const file = made++;
        return Array.from({length: rows}, (_, row) => `${file}.${row}`);
      };
      const parts = (these: Version['files']) => these.map((rows) => ({rows}));
      // What every schema of the table takes.
      const narrow = {schema: struct(column('id', 'long'))};

      await table.write(narrow, []);
      versions.push({columns: ['id'], files: []});
      for (const asked of operations) {
        const latest = versions.at(-1) ?? {columns: [], files: []};
        switch (asked.kind) {
          case 'append':
          case 'overwrite': {
            const written = asked.files.map(newFile);
            await table.write({...narrow, mode: asked.kind}, parts(written));
            versions.push({...latest, files: asked.kind === 'append' ? [...latest.files, ...written] : written});
            break;
          }
          case 'overwrite_schema': {
            const written = asked.files.map(newFile);
            await table.write(
              {
                mode: 'overwrite',
                overwriteSchema: true,
                schema: struct(column('id', 'long'), column(asked.extra, 'string')),
              },
              parts(written),
            );
            versions.push({columns: ['id', asked.extra], files: written});
            break;
          }
          case 'replace': {
            // As a merge does it: one file goes, another comes, in one commit.
            const gone = latest.files[asked.file % Math.max(1, latest.files.length)];
            if (gone === undefined) break;
            const plan = await table.plan({...narrow, mode: 'merge', keys: ['id']});
            const {snapshot} = plan;
            if (snapshot === undefined) throw new Error('The table is gone.');
            const contents = await Promise.all(
              Array.from(snapshot.files.values(), async (add) => ({add, rows: await table.rowsOf(add, snapshot)})),
            );
            const replaced = contents.filter(({rows}) => rows[0] === gone[0]).map(({add}) => add);
            const written = newFile(asked.rows);
            await table.commit(plan, await table.writeFiles(plan, parts([written])), {replaced});
            versions.push({...latest, files: [...latest.files.filter((file) => file !== gone), written]});
            break;
          }
          case 'restore': {
            const to = asked.to % versions.length;
            const target = versions[to];
            if (target === undefined) break;
            if (isReadable(target)) {
              await table.restore({version: to});
              versions.push(target);
            } else
              expect(await problemIn(() => table.restore({version: to}))).toMatchObject({
                code: 'DELTA_FILE_NOT_FOUND_DETAILED',
              });
            break;
          }
          case 'vacuum': {
            // Two hours on, every file that the latest version lacks is old enough; or with retention, none is.
            const now = Date.now() + 2 * hour;
            const planned = await table.vacuum({retainHours: asked.all ? 0 : 24, dryRun: true}, now);
            expect(await table.vacuum({retainHours: asked.all ? 0 : 24, dryRun: false}, now)).toEqual(planned);
            const doomed = asked.all
              ? new Set(
                  versions
                    .flatMap((version) => version.files)
                    .filter((file) => !latest.files.includes(file) && !deleted.has(file)),
                )
              : new Set();
            expect(planned.files).toHaveLength(doomed.size);
            if (asked.all)
              for (const {files: each} of versions) for (const file of each) if (doomed.has(file)) deleted.add(file);
            break;
          }
        }
      }
      expect((await table.snapshot())?.version).toBe(versions.length - 1);
      for (const [version, expected] of versions.entries()) {
        const snapshot = await table.snapshot({version});
        expect(snapshot?.schema.fields.map(({name}) => name)).toEqual(expected.columns);
        expect(snapshot?.files.size).toBe(expected.files.length);
        if (isReadable(expected)) expect(await table.rows({version})).toEqual(expected.files.flat().sort());
        else await expect(table.rows({version})).rejects.toThrow('is gone');
      }
    }),
    {numRuns: 150},
  );
}, 60_000);
