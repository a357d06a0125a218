/** Lint: typescript-eslint's typed strict rules everywhere, and around the core a border against clocks, dice and the platform. */
import { readFileSync } from 'node:fs'
import { defineConfig } from 'eslint/config'
import tseslint from 'typescript-eslint'

const TESTS = ['**/*.test.ts']

/** The folders whose tsconfig knows no platform: one list for the compiler, lint and the tidiness tests. */
const CORE = coreFolders().map((folder) => `${folder}/**/*.ts`)

const CLOCKS = ['Date', 'performance', 'setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask']
const PLATFORM = ['globalThis', 'console', 'process', 'Buffer', 'fetch', 'crypto', 'navigator', 'window', 'self']
const DICE = { object: 'Math', property: 'random', message: 'Take the Random port.' }

export default defineConfig(
  { ignores: ['dist/', '**/*.d.ts', 'src/coding/kernel/assembly/'] },
  tseslint.configs.strictTypeChecked,
  tseslint.configs.stylisticTypeChecked,
  {
    languageOptions: { parserOptions: { project: './tsconfig.json', tsconfigRootDir: import.meta.dirname } },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      eqeqeq: 'error',
      'no-console': 'error',
      'no-param-reassign': 'error',
      'object-shorthand': 'error',
      'prefer-template': 'error',
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/explicit-module-boundary-types': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/prefer-readonly': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      // Numbers print as themselves; everything else is turned into text on purpose.
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/no-unnecessary-condition': [
        'error',
        { allowConstantLoopConditions: 'only-allowed-literals' },
      ],
      // Believes that a property keeps its value across an await, and so that `signal.aborted` need not be asked again.
      '@typescript-eslint/no-unnecessary-condition': 'off',
      // A handler nobody has set yet does nothing.
      '@typescript-eslint/no-empty-function': 'off',
      // A callback of one call stays on one line; what it returns is asked for by nobody.
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      // A driver that has nothing to wait for still answers an asynchronous port.
      '@typescript-eslint/require-await': 'off',
      // What was caught is passed on as it came.
      '@typescript-eslint/prefer-promise-reject-errors': ['error', { allowThrowingUnknown: true }],
      // Where a loop's bounds make an element certain, `as` says so; `!` stays refused.
      '@typescript-eslint/non-nullable-type-assertion-style': 'off',
      // Who parses an id chooses its brand.
      '@typescript-eslint/no-unnecessary-type-parameters': 'off',
      // Takes `deferred<void>()` for a misuse.
      '@typescript-eslint/no-invalid-void-type': 'off',
    },
  },
  {
    name: 'core: no clock, no dice, no platform',
    files: CORE,
    ignores: TESTS,
    rules: {
      'no-restricted-globals': ['error', ...refused([...CLOCKS, ...PLATFORM])],
      'no-restricted-properties': ['error', DICE],
      'no-restricted-imports': ['error', { patterns: [{ group: ['node:*'], message: 'The core has no platform.' }] }],
    },
  },
  {
    name: 'the world repeats itself from its seed',
    files: ['src/sim/**/*.ts'],
    rules: {
      'no-restricted-globals': ['error', ...refused(['performance'])],
      'no-restricted-properties': ['error', DICE, { object: 'Date', property: 'now', message: 'Take the Clock port.' }],
      'no-restricted-syntax': ['error', 'NewExpression[callee.name=Date][arguments.length=0]'],
    },
  },
  {
    name: 'tests',
    files: [...TESTS, 'src/testing/suites/**/*.ts'],
    rules: {
      // node:test awaits its own tests.
      '@typescript-eslint/no-floating-promises': [
        'error',
        {
          allowForKnownSafeCalls: [
            { from: 'package', package: 'node:test', name: ['test', 'it', 'describe', 'suite', 'before', 'after'] },
          ],
        },
      ],
      // A test may know that a thing is there: where it is not, the test fails, as it should.
      '@typescript-eslint/no-non-null-assertion': 'off',
    },
  },
  { files: ['scripts/**', 'bench/**', 'src/cli/**'], rules: { 'no-console': 'off' } },
  {
    name: 'plain JavaScript, whose JSDoc types the compiler checks and lint does not see',
    files: ['**/*.{js,mjs}'],
    extends: [tseslint.configs.disableTypeChecked],
    rules: { '@typescript-eslint/explicit-module-boundary-types': 'off' },
  },
)

function coreFolders() {
  return JSON.parse(readFileSync(new URL('tsconfig.core.json', import.meta.url), 'utf8')).include
}

function refused(names) {
  return names.map((name) => ({ name, message: 'Time, dice and platform come as arguments: see src/ports.' }))
}
