import {describe, expect, test} from 'vitest';
import {commitPath} from '../../../../src/lake/log.ts';
import {loadSnapshot} from '../../../../src/lake/snapshot.ts';
import {add, at, commits, handMade, metaData, problem, protocol, remove} from './hand-made.ts';

const load = (
  files: ReturnType<typeof handMade>,
  ...rest: [at?: Parameters<typeof loadSnapshot>[3], known?: Parameters<typeof loadSnapshot>[4]]
) => loadSnapshot(files, 't', 'readings', ...rest);
const refusal = (contents: Parameters<typeof handMade>[0]) => problem(load(handMade(contents)));
const names = (snapshot: Awaited<ReturnType<typeof loadSnapshot>>) => [...snapshot.files.keys()].sort();
const rows = (...actions: unknown[]) => JSON.stringify(actions);
const log = (name: string) => `t/_delta_log/${name}`;

const three = commits([
  [at(1000), protocol, metaData(), add('a')],
  [
    at(2000),
    add('b'),
    {txn: {appId: 'me', version: 1}},
    {domainMetadata: {domain: 'd', configuration: '1', removed: false}},
  ],
  [
    at(3000),
    remove('a'),
    add('c'),
    {txn: {appId: 'me', version: 2}},
    {domainMetadata: {domain: 'd', configuration: '', removed: true}},
  ],
]);

describe('replay', () => {
  test('ends with the files that were added and not removed, and with the latest of everything else', async () => {
    const snapshot = await load(handMade(three));
    expect(snapshot).toMatchObject({
      version: 2,
      timestamp: 3000,
      root: 't',
      name: 'readings',
      protocol: protocol.protocol,
      metadata: {id: 'an-id'},
      schema: {fields: [{name: 'a', type: 'long'}]},
    });
    expect(names(snapshot)).toEqual(['b', 'c']);
    expect(snapshot.removed.map(({path}) => path)).toEqual(['a']);
    expect(snapshot.transactions.get('me')?.version).toBe(2);
    expect(snapshot.domains.size).toBe(0);
    expect((await load(handMade(three), {version: 1})).domains.get('d')?.configuration).toBe('1');
  });

  test('tells a file with a deletion vector from the one it was before', async () => {
    const deletionVector = {
      storageType: 'u',
      pathOrInlineDv: 'vBn[lx{q8@P<9BNH/isA',
      offset: 1,
      sizeInBytes: 36,
      cardinality: 2,
    } as const;
    const deleted = {...three, ...commits([[remove('b'), add('b', {deletionVector})]], 3)};
    const snapshot = await load(handMade(deleted));
    expect([...snapshot.files.values()].map(({path, deletionVector: vector}) => [path, vector?.cardinality])).toEqual([
      ['c', undefined],
      ['b', 2],
    ]);
    const restored = await load(handMade({...deleted, ...commits([[remove('b', {deletionVector}), add('b')]], 4)}));
    expect(names(restored)).toEqual(['b', 'c']);
  });

  test('takes a path for the same however it is encoded', async () => {
    const contents = commits([
      [protocol, metaData(), add('a%20b'), add('x')],
      [remove('a b'), remove('x'), add('x', {size: 7})],
    ]);
    const snapshot = await load(handMade(contents));
    expect(Array.from(snapshot.files.values(), ({path, size}) => [path, size])).toEqual([['x', 7]]);
  });

  test('ignores compacted logs and a _last_checkpoint that lies', async () => {
    const lies = {
      [log('_last_checkpoint')]: '{"version":77,"size":1}',
      [log('00000000000000000000.00000000000000000002.compacted.json')]: 'nonsense',
    };
    expect(names(await load(handMade({...three, ...lies})))).toEqual(['b', 'c']);
  });
});

describe('a known snapshot', () => {
  test('is returned itself when nothing came after it, and otherwise only what came after is read', async () => {
    const files = handMade(three);
    const first = await load(files);
    expect(await load(files, undefined, first)).toBe(first);
    Object.assign(files.contents, commits([[at(4000), add('d')]], 3));
    files.reads.length = 0;
    const second = await load(files, undefined, first);
    expect(names(second)).toEqual(['b', 'c', 'd']);
    expect(second.commits).toEqual({
      firstVersion: 0,
      times: [1000, 2000, 3000, 4000],
      origins: [null, null, null, null],
    });
    expect(new Set(files.reads)).toEqual(new Set([commitPath('t', 2), commitPath('t', 3)]));
  });

  test('of a later version is no help for an earlier one, but does no harm', async () => {
    const files = handMade(three);
    const earlier = await load(files, {version: 0}, await load(files));
    expect(names(earlier)).toEqual(['a']);
    expect(earlier.commits.times).toEqual([1000]);
  });

  test('of another table of that name is not believed', async () => {
    const known = await load(handMade(three));
    const other = await load(
      handMade(commits([[at(1), protocol, metaData(), add('z')], [at(4)], [at(5), add('y'), add('x')]])),
      undefined,
      known,
    );
    expect(names(other)).toEqual(['x', 'y', 'z']);
  });
});

describe('a checkpoint', () => {
  const state = [protocol, metaData(), add('a'), add('b')];
  const last = commits([[at(9000), add('c')]], 5);

  test('stands for the commits before it', async () => {
    const snapshot = await load(
      handMade({
        ...last,
        [log('00000000000000000004.checkpoint.parquet')]: rows(
          ...state,
          {txn: {appId: 'me', version: 4, lastUpdated: null}},
          {remove: {path: 'z', deletionTimestamp: 5, dataChange: false}},
        ),
      }),
    );
    expect([snapshot.version, snapshot.commits.firstVersion, names(snapshot)]).toEqual([5, 4, ['a', 'b', 'c']]);
    expect(snapshot.transactions.get('me')).toEqual({appId: 'me', version: 4});
    expect(snapshot.removed.map(({path}) => path)).toEqual(['z']);
  });

  test('may have all of a struct null where there is none, and its statistics as columns', async () => {
    const parsed = {numRecords: 2, minValues: {a: 1}, maxValues: {a: null}};
    const row = {
      add: {
        path: 'x',
        partitionValues: {},
        size: 1,
        modificationTime: 1,
        dataChange: false,
        stats: null,
        stats_parsed: parsed,
        partitionValues_parsed: {},
      },
      remove: {path: null, dataChange: null},
    };
    const snapshot = await load(
      handMade({...last, [log('00000000000000000004.checkpoint.parquet')]: rows(protocol, metaData(), row)}),
    );
    expect(snapshot.files.get('x')).toEqual({
      path: 'x',
      partitionValues: {},
      size: 1,
      modificationTime: 1,
      dataChange: false,
      stats: JSON.stringify(parsed),
    });
  });

  test('may be in parts', async () => {
    const parts = {
      [log('00000000000000000004.checkpoint.0000000001.0000000002.parquet')]: rows(protocol, metaData(), add('a')),
      [log('00000000000000000004.checkpoint.0000000002.0000000002.parquet')]: rows(add('b')),
    };
    expect(names(await load(handMade({...last, ...parts})))).toEqual(['a', 'b', 'c']);
  });

  test('may be v2, in JSON, with sidecars', async () => {
    const v2 = {
      [log('00000000000000000004.checkpoint.80a083e8-7026-4e79-81be-64bd76c43a11.json')]: [
        protocol,
        metaData(),
        {checkpointMetadata: {version: 4}},
        {sidecar: {path: 'one.parquet', sizeInBytes: 1, modificationTime: 1}},
        {sidecar: {path: 'two.parquet', sizeInBytes: 1, modificationTime: 1}},
      ]
        .map((action) => `${JSON.stringify(action)}\n`)
        .join(''),
      [log('_sidecars/one.parquet')]: rows(add('a')),
      [log('_sidecars/two.parquet')]: rows(add('b')),
    };
    expect(names(await load(handMade({...last, ...v2})))).toEqual(['a', 'b', 'c']);
    const {[log('_sidecars/two.parquet')]: _, ...without} = v2;
    expect(await refusal({...last, ...without})).toMatchObject({
      code: 'DELTA_MISSING_PART_FILES',
      message: "The checkpoint names the sidecar two.parquet, and _delta_log/_sidecars doesn't have it.",
      where: {file: 'two.parquet'},
    });
  });

  test('that lacks a part is refused by its name, unless the commits are there', async () => {
    const part = {[log('00000000000000000002.checkpoint.0000000001.0000000002.parquet')]: rows(...state)};
    expect(names(await load(handMade({...three, ...part})))).toEqual(['b', 'c']);
    expect(await refusal({...commits([[add('c')]], 3), ...part})).toMatchObject({
      code: 'DELTA_MISSING_PART_FILES',
      message:
        'The log of table readings lacks 00000000000000000002.checkpoint.0000000002.0000000002.parquet, a part of the checkpoint of version 2.',
      sqlState: '42KD6',
    });
  });

  test('that is damaged is refused by its name', async () => {
    expect(await refusal({...last, [log('00000000000000000004.checkpoint.parquet')]: 'PAR1'})).toMatchObject({
      code: 'DELTA_CHECKPOINT_MALFORMED',
      where: {file: '00000000000000000004.checkpoint.parquet'},
    });
    expect(
      await refusal({...last, [log('00000000000000000004.checkpoint.parquet')]: rows(protocol, {add: {size: 1}})}),
    ).toMatchObject({code: 'DELTA_CHECKPOINT_MALFORMED'});
  });
});

describe('a checkpoint that can’t be read is passed over', () => {
  const four = commits([[protocol, metaData(), add('a')], [add('b')], [add('c')], [add('d')]]);
  const names = ({files}: {readonly files: ReadonlyMap<string, {readonly path: string}>}) =>
    [...files.values()].map(({path}) => path).sort();
  const broken = log('00000000000000000002.checkpoint.parquet');

  test.each([
    ['empty', ''],
    ['damaged', 'PAR1'],
    [
      'one whose sidecar is missing',
      rows(protocol, metaData(), {sidecar: {path: 'gone.parquet', sizeInBytes: 1, modificationTime: 1}}),
    ],
  ])('%s, where the commits are all there', async (_, content) => {
    expect(names(await load(handMade({...four, [broken]: content})))).toEqual(['a', 'b', 'c', 'd']);
  });

  test('for an earlier one and the commits after that', async () => {
    const {[commitPath('t', 0)]: _, ...later} = four;
    const earlier = {[log('00000000000000000001.checkpoint.parquet')]: rows(protocol, metaData(), add('a'), add('b'))};
    expect(names(await load(handMade({...later, ...earlier, [broken]: 'PAR1'})))).toEqual(['a', 'b', 'c', 'd']);
    const {[commitPath('t', 2)]: __, ...gap} = later;
    expect(await refusal({...gap, ...earlier, [broken]: 'PAR1'})).toMatchObject({
      code: 'DELTA_CHECKPOINT_MALFORMED',
      where: {file: '00000000000000000002.checkpoint.parquet'},
    });
  });
});

describe('a broken log is refused', () => {
  const without = (contents: Record<string, string>, version: number) =>
    Object.fromEntries(Object.entries(contents).filter(([path]) => path !== commitPath('t', version)));

  test('for a version that is missing in the middle', async () => {
    expect(await refusal(without(three, 1))).toMatchObject({
      code: 'DELTA_VERSIONS_NOT_CONTIGUOUS',
      message: 'The log of table readings lacks 00000000000000000001.json.',
      sqlState: 'KD00C',
    });
    expect(await refusal({...commits([[protocol]]), ...commits([[add('a')]], 5)})).toMatchObject({
      message: 'The log of table readings lacks 00000000000000000001.json to 00000000000000000004.json.',
    });
  });

  test('for a beginning that is missing', async () => {
    expect(await refusal(without(three, 0))).toMatchObject({
      code: 'DELTA_TRUNCATED_TRANSACTION_LOG',
      message: 'The log of table readings lacks 00000000000000000000.json, and has no checkpoint to begin with.',
      sqlState: '42K03',
    });
  });

  test('for a missing protocol or metaData', async () => {
    expect(await refusal(commits([[metaData()]]))).toMatchObject({
      code: 'DELTA_STATE_RECOVER_ERROR',
      sqlState: 'XXKDS',
      message: "Version 0 of table readings has no protocol: the log doesn't say how to read it.",
    });
    expect(await refusal(commits([[protocol]]))).toMatchObject({
      code: 'DELTA_STATE_RECOVER_ERROR',
      message: "Version 0 of table readings has no metaData: the log doesn't say what its columns are.",
    });
  });

  test('for a line that is none, with its number', async () => {
    const cut = {...three, [commitPath('t', 2)]: `${three[commitPath('t', 2)] ?? ''}{"add":{"pa`};
    expect(await refusal(cut)).toMatchObject({
      code: 'DELTA_LOG_MALFORMED',
      where: {file: '00000000000000000002.json', line: 6},
    });
  });

  test('but not for an empty commit, which changes nothing', async () => {
    const {version, files} = await load(
      handMade({...commits([[protocol, metaData(), add('a')]]), [commitPath('t', 1)]: ''}),
    );
    expect([version, files.size]).toEqual([1, 1]);
  });

  test('for a folder that is no table', async () => {
    expect(await refusal({'t/data.parquet': ''})).toMatchObject({code: 'DELTA_TABLE_NOT_FOUND', sqlState: '42P01'});
  });

  test('for a schema that is none, or has a type that is not known', async () => {
    const schema = (schemaString: string) =>
      refusal(
        commits([
          [
            protocol,
            {
              metaData: {
                id: 'x',
                format: {provider: 'parquet', options: {}},
                schemaString,
                partitionColumns: [],
                configuration: {},
              },
            },
          ],
        ]),
      );
    expect(await schema('{')).toMatchObject({code: 'DELTA_SCHEMA_MALFORMED'});
    expect(await schema('"long"')).toMatchObject({code: 'DELTA_UNSUPPORTED_DATA_TYPES'});
    const nested = {
      type: 'struct',
      fields: [
        {
          name: 'a',
          type: {
            type: 'array',
            elementType: {type: 'struct', fields: [{name: 'v', type: 'variant', nullable: true, metadata: {}}]},
            containsNull: true,
          },
          nullable: true,
          metadata: {},
        },
      ],
    };
    expect(await schema(JSON.stringify(nested))).toMatchObject({
      code: 'DELTA_UNSUPPORTED_DATA_TYPES',
      where: {column: 'a.element.v'},
    });
  });
});

describe('absolute paths', () => {
  test('are fine when their files are in the folder, wherever it was', async () => {
    const snapshot = await load(
      handMade({
        ...commits([[protocol, metaData(), add('s3://bucket/old/a=1/x.parquet'), add('y.parquet')]]),
        't/a=1/x.parquet': '',
        't/y.parquet': '',
      }),
    );
    expect(snapshot.home).toBe('s3://bucket/old/');
  });

  test.each(['s3://bucket/other/z.parquet', '../u/z.parquet', 'file:/elsewhere/z.parquet'])(
    'are refused when they lead elsewhere: %s',
    async (path) => {
      const found = await refusal({...commits([[protocol, metaData(), add(path)]]), 't/y.parquet': ''});
      expect(found).toMatchObject({
        code: 'DELTA_FILE_OUTSIDE_TABLE',
        message: `Table readings uses ${path}, which lies outside its folder.`,
      });
    },
  );
});
