import {createHash} from 'node:crypto';
import {readdirSync, readFileSync, writeFileSync} from 'node:fs';
import {availableParallelism} from 'node:os';
import {join} from 'node:path';
import {svelte} from '@sveltejs/vite-plugin-svelte';
import type {Plugin} from 'vite';
import {defineConfig} from 'vitest/config';

/** Tells the service worker which files to keep: it finds their list and a version of them in front of its code. */
function offlineFiles(): Plugin {
  return {
    name: 'lakebook:offline-files',
    apply: 'build',
    writeBundle({dir = 'dist'}) {
      const files = readdirSync(dir, {recursive: true, withFileTypes: true})
        .filter((entry) => entry.isFile())
        .map((entry) =>
          join(entry.parentPath, entry.name)
            .slice(dir.length + 1)
            .replaceAll('\\', '/'),
        )
        .filter((file) => !file.startsWith('.') && !file.endsWith('.map') && file !== 'sw.js')
        // PostgreSQL and SQLite are large and few notebooks need them: the service worker keeps them from their first use on.
        .filter((file) => !/^assets\/(pglite|postgres|initdb|sqlite)/.test(file))
        .sort();
      const version = createHash('sha256');
      for (const file of files) version.update(file).update(readFileSync(join(dir, file)));
      const worker = join(dir, 'sw.js');
      const lines = [
        `const VERSION = '${version.digest('hex').slice(0, 16)}';`,
        `const FILES = ${JSON.stringify(files)};`,
      ];
      writeFileSync(worker, `${lines.join('\n')}\n${readFileSync(worker, 'utf8')}`);
    },
  };
}

/** SQLite's package brings workers for storing databases, which nothing here does: without their addresses they aren't built. */
function sqliteReadOnly(): Plugin {
  return {
    name: 'lakebook:sqlite-read-only',
    apply: 'build',
    enforce: 'pre',
    transform: {
      filter: {id: /sqlite-wasm\/dist\/index\.mjs$/},
      handler(code) {
        const without = code.replace(
          /new URL\("sqlite3-(opfs-async-proxy\.js|worker1\.mjs)", import\.meta\.url\)/g,
          'new URL("about:blank")',
        );
        return {code: without, map: null};
      },
    },
  };
}

/**
 * Gives a worker a file of its own that only imports the rest. Chunks that are loaded later import what they share with the worker: if that were in
 * the worker's own file, WebKit would run it a second time, and every request would get two answers.
 */
function workersThatRunOnce(): Plugin {
  return {
    name: 'lakebook:workers-that-run-once',
    options: (options) => ({...options, preserveEntrySignatures: 'strict'}),
  };
}

/** The order in which a learner meets the shipped notebooks; any others follow by name. */
const course = ['clean-a-sensor-file', 'sensors-from-raw-to-insight', 'convert-files'];

/** Title and first sentence of every shipped notebook, so that the start page paints before any of them is loaded. */
function sampleCards(): Record<string, {title: string; about: string}> {
  const rank = (name: string) => (course.includes(name) ? course.indexOf(name) : course.length);
  const names = readdirSync('notebooks')
    .filter((file) => file.endsWith('.md'))
    .map((file) => file.slice(0, -'.md'.length))
    .sort((a, b) => rank(a) - rank(b) || a.localeCompare(b));
  return Object.fromEntries(
    names.map((name) => {
      const text = readFileSync(join('notebooks', `${name}.md`), 'utf8');
      const title = /^title: *(.+)$/m.exec(text)?.[1] ?? name;
      const prose = text.replace(/^---\n[\s\S]*?\n---\n/, '').replace(/^```[\s\S]*?^```$/gm, '');
      const paragraph = prose.split(/\n\s*\n/).find((block) => /^\p{L}/u.test(block.trim())) ?? '';
      const about = /^.+?[.!?](?=\s|$)/s.exec(paragraph.trim())?.[0] ?? paragraph.trim();
      return [
        name,
        {title: title.replace(/^(["'])(.*)\1$/, '$2'), about: about.replace(/\s+/g, ' ').replace(/[*_`]/g, '')},
      ];
    }),
  );
}

/**
 * What is waited for ends a wait; these end what would never come. A machine with other work is up to ten times slower, and nothing takes
 * a tenth of this on an idle one.
 */
const patience = {testTimeout: 90_000, hookTimeout: 90_000, expect: {poll: {timeout: 30_000}}};

/** Two files at work at a time, each with a browser, a server and a profile of its own: more would share two cores' caches and memory. */
const browsers = {
  environment: 'node' as const,
  globalSetup: 'tests/e2e/build.ts',
  maxWorkers: 2,
  ...patience,
};

export default defineConfig({
  // Relative addresses: the site works from any folder of any static host.
  base: './',
  plugins: [svelte({configFile: false}), offlineFiles()],
  define: {__SAMPLE_CARDS__: JSON.stringify(sampleCards())},
  // PGlite names eval and never gets to it; the content security policy would not let it.
  worker: {
    format: 'es',
    plugins: () => [sqliteReadOnly(), workersThatRunOnce()],
    rolldownOptions: {checks: {eval: false}},
  },
  // These two load their own wasm by address; pre-bundling would lose it.
  optimizeDeps: {exclude: ['@duckdb/duckdb-wasm', 'parquet-wasm']},
  build: {
    manifest: true,
    sourcemap: true,
    assetsInlineLimit: 0,
    modulePreload: {polyfill: false},
    // The engine's wasm is one file of tens of megabytes, loaded on its own; the JavaScript budget is a test of its own.
    chunkSizeWarningLimit: 1000,
    rolldownOptions: {
      checks: {bundlerTimings: false},
      input: {index: 'index.html', sw: 'workers/offline.worker.ts'},
      output: {entryFileNames: ({name}) => (name === 'sw' ? 'sw.js' : 'assets/[name]-[hash].js')},
    },
  },
  test: {
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          environment: 'node',
          include: ['tests/{unit,golden}/**/*.test.ts'],
          // A file's imports are there for the next one: no test changes what a module holds.
          isolate: false,
          // Vitest leaves a core to itself, which is half of a machine of two.
          maxWorkers: Math.max(2, availableParallelism() - 1),
          ...patience,
        },
      },
      {
        extends: true,
        test: {
          name: 'e2e',
          include: ['tests/{e2e,browser}/**/*.test.ts'],
          sequence: {groupOrder: 1},
          ...browsers,
        },
      },
      {
        extends: true,
        // `npm run soak` runs these for as long as they take.
        test: {
          name: 'soak',
          include: ['tests/soak/**/*.test.ts'],
          sequence: {groupOrder: 2},
          ...browsers,
          testTimeout: 4 * 3_600_000,
        },
      },
    ],
  },
});
