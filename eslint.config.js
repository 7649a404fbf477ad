import {readdirSync, readFileSync} from 'node:fs';
import {dirname, join, relative, sep} from 'node:path';
import {fileURLToPath} from 'node:url';
import svelte from 'eslint-plugin-svelte';
import globals from 'globals';
import ts from 'typescript-eslint';
import {layerOf, mayImport} from './tests/tools/layers.mjs';

const root = fileURLToPath(new URL('.', import.meta.url));

const layout = {
  meta: {
    type: 'problem',
    schema: [],
    messages: {layer: '{{from}} may not import {{to}}: tests/tools/layers.mjs says what it may.'},
  },
  create(context) {
    const file = relative(root, context.filename).split(sep).join('/');
    const from = layerOf(file);
    if (from === undefined) return {};
    const check = (node) => {
      const specifier = node.source?.value;
      if (typeof specifier !== 'string' || !specifier.startsWith('.')) return;
      const to = join(dirname(file), specifier).split(sep).join('/');
      if (!mayImport(from, to)) context.report({node, messageId: 'layer', data: {from: from.path, to}});
    };
    return {
      ImportDeclaration: check,
      ExportNamedDeclaration: check,
      ExportAllDeclaration: check,
      ImportExpression: check,
    };
  },
};

/** The names of the formats that data comes in. */
const signatures = readFileSync(join(root, 'src/sources/signatures.ts'), 'utf8');
const formatNames = ['delta', ...[...signatures.matchAll(/^ {2}(\w+): \{$/gm)].map(([, name]) => name)];

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

/** The kinds of steps, by the files that hold them. */
const stepKinds = readdirSync(join(root, 'src/steps')).map((file) => file.replace(/\.ts$/, '').replaceAll('-', '_'));

const onlyMainStartsWorkers = {
  selector: 'NewExpression[callee.name=/^(Shared)?Worker$/]',
  message: 'Only src/main.ts constructs workers; everything else gets them through ports.',
};

const onlyTypes = {
  selector:
    'Program > :not(ImportDeclaration[importKind="type"], ExportNamedDeclaration[exportKind="type"], TSInterfaceDeclaration, TSTypeAliasDeclaration)',
  message: 'A contract has types only: what both sides run is in src/lib.',
};

/** What a kind of cell or step is or does stands in its own file: nobody else asks for its name. */
const kindsKnowThemselves = [
  {
    selector:
      'BinaryExpression[operator=/^[!=]==$/][left.property.name="type"][right.value=/^(text|step|sql|psql|chart)$/]',
    message: 'Ask the cell’s descriptor in src/cells, or its look in src/ui/cells/kinds.ts.',
  },
  {
    selector: `BinaryExpression[operator=/^[!=]==$/][left.property.name="kind"][right.value=/^(${stepKinds.join('|')})$/]`,
    message: 'Ask the step: what it touches, its group, its effect.',
  },
];

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
      'no-restricted-syntax': ['error', onlyMainStartsWorkers, ...kindsKnowThemselves],
      'no-console': ['error', {allow: ['warn', 'error']}],
    },
  },
  {files: ['**/*.svelte', '**/*.svelte.ts'], languageOptions: {parserOptions: {parser: ts.parser}}},
  {files: ['src/main.ts', 'workers/**'], rules: {'no-restricted-syntax': 'off'}},
  {
    files: ['src/cells/**', 'src/ui/cells/kinds.ts', 'src/steps/**', 'src/{pyspark,sql,charts,lake}/**', 'tests/**'],
    rules: {'no-restricted-syntax': ['error', onlyMainStartsWorkers]},
  },
  {files: ['workers/contract/**'], rules: {'no-restricted-syntax': ['error', onlyTypes]}},
  {files: ['tests/**', '*.js', '*.ts'], languageOptions: {globals: {...globals.node}}, rules: {'no-console': 'off'}},
  {files: ['**/*.{js,mjs}'], extends: [ts.configs.disableTypeChecked]},
);
