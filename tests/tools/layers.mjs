/**
 * Where things are, top-down: the linter lets a folder import from itself and from what `may` lists, which is below it (`*`: from anything). A path
 * is a folder, or a file; a worker's own file belongs to its folder. The README's section of the same name is drawn from this:
 * `UPDATE=1 npx vitest run --project unit tests/unit/layout.test.ts`.
 */
const sections = [
  {
    title: 'The page',
    layers: [
      {
        path: 'src',
        is: 'Its entry: `main.ts` wires workers, session and page; `api.ts` is the scripting API.',
        may: ['*'],
      },
      {
        path: 'src/ui',
        is: 'What is seen: Svelte components, with their logic in `*.svelte.ts` classes.',
        may: [
          'src/handover',
          'src/notebook',
          'src/cells',
          'src/run',
          'src/sources',
          'src/sources/signatures.ts',
          'src/steps',
          'src/tables',
          'src/forms',
          'src/charts',
          'src/arrow',
          'src/ports',
          'src/params',
          'src/sql',
          'src/lake',
          'src/encrypt',
          'src/lib',
          'notebooks',
        ],
      },
      {
        path: 'src/handover',
        is: 'The notebook to run elsewhere (PySpark, DuckDB script, dbt), reports, and the comparison with what a job wrote.',
        may: [
          'src/notebook',
          'src/cells',
          'src/run',
          'src/sources',
          'src/sources/signatures.ts',
          'src/steps',
          'src/tables',
          'src/charts',
          'src/ports',
          'src/pyspark',
          'src/params',
          'src/sql',
          'src/encrypt',
          'src/lib',
        ],
      },
      {
        path: 'src/notebook',
        is: 'The notebook: its text, its plan with content hashes, its runs, files, trust and dashboard.',
        may: [
          'src/cells',
          'src/run',
          'src/sources',
          'src/steps',
          'src/tables',
          'src/charts',
          'src/ports',
          'src/pyspark',
          'src/params',
          'src/sql',
          'src/lake',
          'src/encrypt',
          'src/lib',
        ],
      },
      {
        path: 'src/cells',
        is: 'The kinds of cells, a file each: fence, parsing, the names it refers to, plan, SQL, PySpark.',
        may: [
          'src/steps',
          'src/run',
          'src/sources',
          'src/charts',
          'src/ports',
          'src/pyspark',
          'src/params',
          'src/sql',
          'src/lib',
        ],
      },
      {
        path: 'src/steps',
        is: 'The steps, a file each: parameters, SQL, PySpark, lesson and examples.',
        may: ['src/run', 'src/sources', 'src/tables', 'src/ports', 'src/pyspark', 'src/params', 'src/sql', 'src/lib'],
      },
      {
        path: 'src/run',
        is: 'Runs: programs and what makes their rows, results with their cache, budget and lineage. Knows no cell and no notebook.',
        may: ['src/sources', 'src/tables', 'src/ports', 'src/sql', 'src/lib'],
      },
      {
        path: 'src/sources',
        is: 'The formats that data comes in, a file each: options, reading, SQL, PySpark, script.',
        may: ['src/sources/signatures.ts', 'src/tables', 'src/ports', 'src/pyspark', 'src/sql', 'src/lake', 'src/lib'],
      },
      {
        path: 'src/tables',
        is: 'Lake and PostgreSQL tables as a run sees them: read, write, merge, compare. Knows no notebook.',
        may: ['src/arrow', 'src/ports', 'src/pyspark', 'src/sql', 'src/lake', 'src/lib'],
      },
      {
        path: 'src/clients',
        is: 'The page’s ends of the workers: `client.ts` calls, stops and restarts them all, the others are their methods.',
        may: ['src/arrow', 'src/ports', 'src/sql', 'workers/contract', 'src/lib'],
      },
      {path: 'src/forms', is: 'Forms drawn from a step’s parameters.', may: ['src/params', 'src/sql', 'src/lib']},
      {
        path: 'src/charts',
        is: 'Marks: from rows to Observable Plot’s options.',
        may: ['src/params', 'src/sql', 'src/lib'],
      },
      {path: 'src/arrow', is: 'Exact values out of Arrow.', may: ['src/sql', 'src/lib']},
      {
        path: 'src/ports',
        is: 'What the page asks of engine, kernels, storage, lake, PostgreSQL and SQLite, as interfaces.',
        may: ['workers/contract', 'src/sql', 'src/lake', 'src/lib'],
      },
      {path: 'src/pyspark', is: 'DuckDB’s SQL as PySpark, and PySpark’s literals.', may: ['src/sql', 'src/lib']},
      {
        path: 'src/params',
        is: 'The builders of parameters: `p.column`, `p.choice`, `p.duration` …',
        may: ['src/sql', 'src/lib'],
      },
    ],
  },
  {
    title: 'The workers',
    layers: [
      {
        path: 'workers/storage',
        is: 'Files, notebooks and exports in the browser’s private file system; JSON, text and gzip.',
        may: [
          'workers/lake',
          'workers/parquet',
          'workers/files',
          'workers/shared',
          'workers/contract',
          'src/sources/signatures.ts',
          'src/encrypt',
          'src/lib',
        ],
      },
      {
        path: 'workers/lake',
        is: 'Delta tables, in the same worker as the files.',
        may: ['workers/parquet', 'workers/files', 'workers/shared', 'workers/contract', 'src/lake', 'src/lib'],
      },
      {
        path: 'workers/parquet',
        is: 'Parquet to Arrow and back.',
        may: ['workers/files', 'workers/shared', 'workers/contract', 'src/lib'],
      },
      {
        path: 'workers/files',
        is: 'Files by path, on disk or in memory: locks, room, what leaves.',
        may: ['workers/shared', 'workers/contract', 'src/lake', 'src/encrypt', 'src/lib'],
      },
      {
        path: 'workers/engine',
        is: 'DuckDB: SQL in, Arrow out.',
        may: ['workers/shared', 'workers/contract', 'src/lib'],
      },
      {
        path: 'workers/kernels',
        files: ['workers/compute.worker.ts'],
        is: 'Kernels over typed arrays: k-means, rolling windows.',
        may: ['workers/shared', 'workers/contract', 'src/lib'],
      },
      {
        path: 'workers/postgres',
        is: 'PostgreSQL (PGlite).',
        may: ['workers/shared', 'workers/contract', 'src/lib'],
      },
      {path: 'workers/sqlite', is: 'SQLite files, read only.', may: ['workers/shared', 'workers/contract', 'src/lib']},
      {
        path: 'workers/offline.worker.ts',
        is: 'The service worker: the site without a network.',
        may: ['workers/contract'],
      },
      {
        path: 'workers/shared',
        is: 'What several workers do alike: serving a contract, outcomes, jobs, bytes, zips.',
        may: ['workers/contract', 'src/lake', 'src/lib'],
      },
    ],
  },
  {
    title: 'Both sides',
    layers: [
      {
        path: 'workers/contract',
        is: 'What page and workers say to each other: types, and nothing else.',
        may: ['src/sources/signatures.ts', 'src/sql', 'src/lake', 'src/encrypt', 'src/lib'],
      },
      {
        path: 'src/sources/signatures.ts',
        is: 'What tells a file’s format: endings and first bytes.',
        may: [],
      },
      {path: 'src/sql', is: 'SQL as safe pieces, and what the page knows of DuckDB’s.', may: ['src/lib']},
      {path: 'src/lake', is: 'The Delta protocol, without input or output of its own.', may: ['src/lib']},
      {path: 'src/encrypt', is: 'Encryption: age and Fernet.', may: ['src/lib']},
      {path: 'src/lib', is: 'Problems, texts, times, bytes, locks of tabs.', may: []},
    ],
  },
  {
    title: 'Beside them',
    layers: [
      {path: 'notebooks', is: 'The sample notebooks.', may: []},
      {
        path: 'tests',
        is: 'Unit tests in the folders of what they test, goldens, browser and end-to-end tests, soak, interop with other engines, bench, tools.',
        may: ['*'],
      },
    ],
  },
];

/** All layers, top-down. */
export const layers = sections.flatMap((section) => section.layers);

/** The layer of a path relative to the project: the innermost that holds it. */
export function layerOf(path) {
  const holds = (layer) =>
    path === layer.path ||
    path === `${layer.path}.worker.ts` ||
    path.startsWith(`${layer.path}/`) ||
    (layer.files ?? []).includes(path);
  return layers.filter(holds).sort((a, b) => b.path.length - a.path.length)[0];
}

/** Whether a file of the layer may import from `path`. */
export const mayImport = (layer, path) =>
  layer.may.includes('*') || [layer.path, ...layer.may].includes(layerOf(path)?.path);

/** The README's section. Folders beside the one that tells what it may import are named without what they share. */
export const whereThingsAre = () =>
  [
    'From the top down: a folder imports from itself and from those behind its arrow, and the linter sees to it.',
    ...sections.map(({title, layers}) => {
      const lines = layers.map(({path, is, may}) => {
        const top = `${path.split('/')[0]}/`;
        const names = may.map((each) => `\`${each.startsWith(top) ? each.slice(top.length) : each}\``);
        const imports = may.includes('*') ? ['anything'] : names.length === 0 ? ['nothing'] : names;
        return `- \`${path}\`: ${is} → ${imports.join(' ')}`;
      });
      return `**${title}**\n\n${lines.join('\n')}`;
    }),
  ].join('\n\n');
