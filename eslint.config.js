import {readdirSync, readFileSync} from 'node:fs';
import {dirname, join, relative, sep} from 'node:path';
import {fileURLToPath} from 'node:url';
import svelte from 'eslint-plugin-svelte';
import globals from 'globals';
import ts from 'typescript-eslint';

const root = fileURLToPath(new URL('.', import.meta.url));

/** Folder → the only folders it may import from; a folder may always import from itself. `*` means any. */
const layers = {
  'src/lib': [],
  'src/sql': ['src/lib'],
  'src/params': ['src/sql', 'src/lib'],
  'src/pyspark': ['src/sql', 'src/lib'],
  'src/ports': ['src/sql', 'src/lake', 'src/lib', 'workers/contract'],
  'src/charts': ['src/params', 'src/sql', 'src/lib'],
  'src/forms': ['src/params', 'src/sql', 'src/lib'],
  'src/tables': ['src/ports', 'src/pyspark', 'src/sql', 'src/lake', 'src/lib'],
  'src/sources': ['src/tables', 'src/ports', 'src/params', 'src/pyspark', 'src/sql', 'src/lake', 'src/lib'],
  'src/steps': ['src/sources', 'src/tables', 'src/params', 'src/sql', 'src/pyspark', 'src/lib', 'src/ports'],
  'src/notebook': [
    'src/sources',
    'src/tables',
    'src/steps',
    'src/ports',
    'src/params',
    'src/sql',
    'src/pyspark',
    'src/charts',
    'src/lake',
    'src/encrypt',
    'src/lib',
  ],
  'src/handover': [
    'src/sources',
    'src/tables',
    'src/encrypt',
    'src/notebook',
    'src/tables',
    'src/steps',
    'src/ports',
    'src/params',
    'src/sql',
    'src/pyspark',
    'src/charts',
    'src/lib',
  ],
  'src/lake': ['src/lib'],
  'src/encrypt': ['src/lib'],
  'src/engine': ['src/ports', 'src/sql', 'src/lib', 'workers/contract'],
  'src/postgres': ['src/ports', 'src/lib', 'workers/contract'],
  'src/storage': ['src/ports', 'src/lib', 'workers/contract'],
  'src/ui': [
    'src/notebook',
    'src/sources',
    'src/tables',
    'src/steps',
    'src/forms',
    'src/charts',
    'src/handover',
    'src/params',
    'src/sql',
    'src/ports',
    'src/lake',
    'src/encrypt',
    'src/engine/values.ts',
    'src/lib',
    'notebooks',
  ],
  src: ['*'],
  workers: ['workers/contract', 'workers/kernels', 'src/sources', 'src/lib', 'src/lake', 'src/encrypt'],
  tests: ['*'],
};

/** The layer of a path relative to the project: the longest folder in the table that holds it. */
function layerOf(path) {
  return Object.keys(layers)
    .filter((folder) => path.startsWith(`${folder}/`))
    .sort((a, b) => b.length - a.length)[0];
}

const layout = {
  meta: {
    type: 'problem',
    schema: [],
    messages: {layer: '{{from}} may not import {{to}}: the layout in eslint.config.js says what it may.'},
  },
  create(context) {
    const file = relative(root, context.filename).split(sep).join('/');
    const from = layerOf(file);
    if (from === undefined || layers[from].includes('*')) return {};
    const check = (node) => {
      const specifier = node.source?.value;
      if (typeof specifier !== 'string' || !specifier.startsWith('.')) return;
      const to = join(dirname(file), specifier).split(sep).join('/');
      if (layerOf(to) === from || layers[from].some((allowed) => to === allowed || to.startsWith(`${allowed}/`)))
        return;
      context.report({node, messageId: 'layer', data: {from, to}});
    };
    return {
      ImportDeclaration: check,
      ExportNamedDeclaration: check,
      ExportAllDeclaration: check,
      ImportExpression: check,
    };
  },
};

/** The names of the formats that data comes in: of each module of src/sources, as it says itself. */
const formatNames = readdirSync(join(root, 'src/sources'), {withFileTypes: true})
  .filter((entry) => entry.isFile())
  .flatMap(({name}) => /^ {2}name: '(.+)'/m.exec(readFileSync(join(root, 'src/sources', name), 'utf8'))?.[1] ?? []);

/** What is exported has formats of its own. */
const exported = ['src/notebook/export.ts', 'src/ui/files/ExportDialog.svelte'];

const formats = {
  meta: {
    type: 'problem',
    schema: [],
    messages: {format: 'Ask the format’s descriptor in src/sources, not for its name: a new format is one file there.'},
  },
  create(context) {
    const file = relative(root, context.filename).split(sep).join('/');
    // A worker decodes bytes by their format; Delta's log knows formats, too.
    if (!file.startsWith('src/') || /^src\/(sources|lake)\//.test(file) || exported.includes(file)) return {};
    const isFormat = (node) => /format\W*$/i.test(context.sourceCode.getText(node));
    const isName = (node) => node?.type === 'Literal' && formatNames.includes(node.value);
    return {
      BinaryExpression(node) {
        const {left, right} = node;
        if (/^[!=]==?$/.test(node.operator) && ((isFormat(left) && isName(right)) || (isName(left) && isFormat(right))))
          context.report({node, messageId: 'format'});
      },
      SwitchStatement(node) {
        if (isFormat(node.discriminant) && node.cases.some((one) => isName(one.test)))
          context.report({node, messageId: 'format'});
      },
    };
  },
};

const onlyMainStartsWorkers = {
  selector: 'NewExpression[callee.name=/^(Shared)?Worker$/]',
  message: 'Only src/main.ts constructs workers; everything else gets them through ports.',
};

export default ts.config(
  {ignores: ['dist/', 'out/', '.cache/', 'node_modules/']},
  {linterOptions: {reportUnusedDisableDirectives: 'error'}},
  ts.configs.recommendedTypeChecked,
  svelte.configs.recommended,
  {
    languageOptions: {
      globals: {...globals.browser},
      parserOptions: {projectService: true, tsconfigRootDir: root, extraFileExtensions: ['.svelte']},
    },
    plugins: {lakebook: {rules: {layout, formats}}},
    rules: {
      'lakebook/layout': 'error',
      'lakebook/formats': 'error',
      // Types of modules that load late are written `typeof import(…)`.
      '@typescript-eslint/consistent-type-imports': ['error', {disallowTypeAnnotations: false}],
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/no-unused-vars': [
        'error',
        {args: 'after-used', argsIgnorePattern: '^_', varsIgnorePattern: '^_', ignoreRestSiblings: true},
      ],
      '@typescript-eslint/restrict-template-expressions': ['error', {allowNumber: true, allowBoolean: true}],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', {considerDefaultExhaustiveForUnions: true}],
      // Ports are asynchronous contracts: an in-memory one has nothing to await.
      '@typescript-eslint/require-await': 'off',
      // Collections are replaced whole ($state.raw), never changed in place.
      'svelte/prefer-svelte-reactivity': 'off',
      eqeqeq: ['error', 'always', {null: 'ignore'}],
      'no-restricted-syntax': ['error', onlyMainStartsWorkers],
      'no-console': ['error', {allow: ['warn', 'error']}],
    },
  },
  {files: ['**/*.svelte', '**/*.svelte.ts'], languageOptions: {parserOptions: {parser: ts.parser}}},
  {files: ['src/main.ts', 'workers/**'], rules: {'no-restricted-syntax': 'off'}},
  {files: ['tests/**', '*.js', '*.ts'], languageOptions: {globals: {...globals.node}}, rules: {'no-console': 'off'}},
  {files: ['**/*.{js,mjs}'], extends: [ts.configs.disableTypeChecked]},
);
