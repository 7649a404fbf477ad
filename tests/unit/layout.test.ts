import {existsSync, readdirSync, readFileSync, writeFileSync} from 'node:fs';
import {dirname, join} from 'node:path/posix';
import ts from 'typescript';
import {expect, test} from 'vitest';
import {layerOf, layers, whereThingsAre} from '../tools/layers.mjs';

const sources = ['src', 'workers'].flatMap((top) =>
  readdirSync(top, {recursive: true, encoding: 'utf8'})
    .map((path) => join(top, path.replaceAll('\\', '/')))
    .filter((path) => /\.(ts|svelte)$/.test(path)),
);

/** What is read of a file when it is: late imports (`import(…)`) can't make a circle. */
function importsOf(file: string): readonly string[] {
  const text = readFileSync(file, 'utf8');
  const code = file.endsWith('.svelte')
    ? [...text.matchAll(/<script\b[^>]*>([\s\S]*?)<\/script>/g)].map(([, script]) => script).join('\n')
    : text;
  return ts
    .createSourceFile(file, code, ts.ScriptTarget.Latest)
    .statements.flatMap((statement) =>
      (ts.isImportDeclaration(statement) || ts.isExportDeclaration(statement)) &&
      statement.moduleSpecifier !== undefined &&
      ts.isStringLiteral(statement.moduleSpecifier) &&
      statement.moduleSpecifier.text.startsWith('.')
        ? [join(dirname(file), statement.moduleSpecifier.text)]
        : [],
    );
}

/** Every shortest way from a file back to itself, told once. A component may hold itself. */
function circles(graph: ReadonlyMap<string, readonly string[]>): readonly (readonly string[])[] {
  const found = new Map<string, readonly string[]>();
  for (const start of graph.keys()) {
    const before = new Map<string, string>();
    const queue = [start];
    for (const file of queue) {
      for (const next of graph.get(file) ?? []) {
        if (next === start && file !== start) {
          const way = [file];
          for (let at = file; at !== start; way.unshift(at)) at = before.get(at) ?? start;
          const key = way.toSorted().join();
          if (!found.has(key)) found.set(key, way);
        }
        if (before.has(next) || next === start) continue;
        before.set(next, file);
        queue.push(next);
      }
    }
  }
  return [...found.values()];
}

test('no file imports itself by way of others', () => {
  const graph = new Map(sources.map((file) => [file, importsOf(file)]));
  expect(circles(graph).map((way) => [...way, way[0]].join(' → '))).toEqual([]);
});

test('circles are found, whoever comes first', () => {
  const graph = new Map([
    ['a', ['b', 'd']],
    ['b', ['c']],
    ['c', ['b', 'e']],
    ['d', ['a', 'd']],
    ['e', []],
  ]);
  expect(circles(graph)).toEqual([
    ['a', 'd'],
    ['b', 'c'],
  ]);
});

test('a folder may only import folders below it', () => {
  const upward = layers.flatMap(({path, may}, i) =>
    may
      .filter((each) => each !== '*' && layers.findIndex((other) => other.path === each) <= i)
      .map((each) => `${path} → ${each}`),
  );
  expect(upward).toEqual([]);
});

test('the layers are the folders there are', () => {
  const folders = new Set(sources.map(dirname).flatMap((folder) => folder.match(/^\w+\/[^/]+/) ?? []));
  const paths = layers.map(({path}) => path);
  expect(
    [...folders].filter((folder) => !paths.includes(folder)),
    'without a line in tests/tools/layers.mjs',
  ).toEqual([]);
  expect(
    paths.filter((path) => !existsSync(path)),
    'that aren’t there any more',
  ).toEqual([]);
  expect(
    sources.filter((file) => layerOf(file) === undefined),
    'of no layer',
  ).toEqual([]);
});

test('the README’s “Where things are” is drawn from the layers', () => {
  const readme = readFileSync('README.md', 'utf8');
  const [before = '', rest = ''] = readme.split(/(?<=\n## Where things are\n\n)/);
  const [drawn = '', after = ''] = rest.split(/(?=\n\n## )(.*)/s);
  if (process.env['UPDATE'] === '1') writeFileSync('README.md', before + whereThingsAre() + after);
  else expect(drawn, 'UPDATE=1 npx vitest run --project unit tests/unit/layout.test.ts').toBe(whereThingsAre());
});
