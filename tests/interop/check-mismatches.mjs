import {join} from 'node:path';
import {duckdbText, mismatches, refusals, refusalTable, sparkOptions, sparkTable, sparkText} from './mismatches.mjs';
import {same} from './compare.mjs';
import {work} from './environment.mjs';

/** What Delta 4.0 has no name for yet, as it is called from 4.1 on. @type {[legacy: RegExp, named: {code: string, sqlState: string}][]} */
const laterNames = [
  [/^_LEGACY_ERROR_TEMP_DELTA_0007$/, {code: 'DELTA_METADATA_MISMATCH', sqlState: '42KDG'}],
  [/^Cannot time travel Delta table to version/, {code: 'DELTA_VERSION_NOT_FOUND', sqlState: '22003'}],
  [
    /is before the earliest version available/,
    {code: 'DELTA_TIMESTAMP_EARLIER_THAN_COMMIT_RETENTION', sqlState: '42816'},
  ],
];

/** What the browser says, by the mismatch's name: it is asked once for all engines. @type {Map<string, Promise<string>>} */
const ours = new Map();

/**
 * The same writes given to Spark and to the browser are taken by both, or refused by both with the same error class.
 * @param {import('./compare.mjs').Checks} checks
 * @param {import('./browser.mjs').Lake} lake
 * @param {import('./engines.mjs').Engine} engine
 */
export async function refusedAlike(checks, lake, engine) {
  // What is taken comes last of those with the same table: a refused write leaves it as it was.
  for (const [index, mismatch] of mismatches.entries()) {
    const {name, before, rows, notNull = [], constraints = {}, partitionBy = [], write = {}} = mismatch;
    await checks.check(`${engine.version} and the browser: ${name}`, async () => {
      const {mode = 'append', partition_by: partitions = []} = write;
      const attempt = {
        path: join(work, engine.name, 'mismatches'),
        create: sparkTable(mismatch),
        rows: sparkText(rows),
        mode,
        options: sparkOptions(mismatch),
        partition_by: partitions,
      };
      const theirs = answerOf(await engine.ask({do: 'attempt', ...attempt}));
      const mine = once(name, async () => {
        const table = `mismatch_${index}`;
        const refused = await lake.write(table, [
          {rows: duckdbText(before), not_null: notNull, constraints, partition_by: partitionBy},
        ]);
        if (refused) throw new Error(`The table can't be made: ${refused.code}: ${refused.message}`);
        return outcomeText(await lake.write(table, [{rows: duckdbText(rows), ...write}]));
      });
      same('the browser', await mine, theirs);
      return theirs;
    });
  }
  for (const [index, {name, statement, write, read}] of refusals.entries()) {
    await checks.check(`${engine.version} and the browser: ${name}`, async () => {
      const create = refusalTable.map((query, version) =>
        version === 0 ? `CREATE TABLE {table} USING DELTA AS ${query}` : `INSERT INTO {table} ${query}`,
      );
      const theirs = answerOf(
        await engine.ask({do: 'attempt', path: join(work, engine.name, 'refusals'), create, statement}),
      );
      const mine = once(name, async () => {
        const table = `refusal_${index}`;
        const refused = await lake.write(
          table,
          refusalTable.map((rows) => ({rows})),
        );
        if (refused) throw new Error(`The table can't be made: ${refused.code}: ${refused.message}`);
        return outcomeText(write ? await lake.write(table, [write]) : await lake.refusalOfRead(table, read ?? {}));
      });
      same('the browser', await mine, theirs);
      return theirs;
    });
  }
}

/** @param {string} name @param {() => Promise<string>} work */
function once(name, work) {
  const known = ours.get(name) ?? work();
  ours.set(name, known);
  return known;
}

/** @param {Awaited<ReturnType<import('./engines.mjs').Engine['ask']>>} answer */
function answerOf({error}) {
  if (!error) return outcomeText(undefined);
  const named = laterNames.find(([legacy]) => legacy.test(error.code ?? error.message))?.[1] ?? error;
  if (named.code === undefined) throw new Error(`${error.type}: ${error.message}`);
  return outcomeText(named);
}

/** @param {{code?: string | undefined, sqlState?: string | undefined} | undefined} refusal */
const outcomeText = (refusal) => (refusal ? `${refusal.code} ${refusal.sqlState}` : 'taken');
