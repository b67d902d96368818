/**
 * typescript-eslint's strictest type-checked rules, because they see the mistakes that drop calls: an async
 * listener whose rejection ends the process, a promise that nobody waits for, a switch without one of the states.
 * On top of them, what this project injects instead of taking it from the machine: time, randomness, configuration.
 * test/unit/lint-rules.test.ts seeds one mistake per rule that matters and sees each reported.
 */
import { builtinModules } from 'node:module';
import js from '@eslint/js';
import tseslint from 'typescript-eslint';

/** The only places that touch the machine themselves; everything else gets it injected. */
const AT_THE_MACHINE = ['cluster/base/**', '**/main.ts', '**/*-main.ts', 'ops/setup/**', 'test/**'];

const TIMER = 'A timer belongs to a state: use clock.schedule or clock.sleep (cluster/base/clock.ts).';
const MONOTONIC = 'Use clock.monotonicMs (cluster/base/clock.ts), so that a test can move time.';
const WALL = 'Use clock.wallMs (cluster/base/clock.ts), so that a test can set the time.';
const RANDOM = 'Use an injected Rng (cluster/base/rng.ts), so that a seed repeats a run.';
const ENVIRONMENT = 'Only main.ts reads the environment; take a parsed configuration instead.';
const EXIT = 'Only main.ts ends the process, after its calls are handed over; throw an error instead.';

const TIMER_NAMES = ['setTimeout', 'setInterval', 'setImmediate'];

const BANNED_PROPERTIES = [
  ...['globalThis', 'global'].flatMap((object) =>
    TIMER_NAMES.map((property) => ({ object, property, message: TIMER })),
  ),
  { object: 'Date', property: 'now', message: WALL },
  { object: 'performance', property: 'now', message: MONOTONIC },
  { object: 'process', property: 'hrtime', message: MONOTONIC },
  { object: 'Math', property: 'random', message: RANDOM },
  { object: 'process', property: 'env', message: ENVIRONMENT },
  { object: 'process', property: 'exit', message: EXIT },
];

const BANNED_SYNTAX = [
  { selector: "NewExpression[callee.name='Date'][arguments.length=0]", message: WALL },
  { selector: "CallExpression[callee.name='Date']", message: WALL },
];

const bothSpellings = (name) =>
  [name, `node:${name}`].filter((one) => builtinModules.includes(name) || one === name);

const BANNED_MODULES = [
  { group: ['timers', 'timers/promises'].flatMap(bothSpellings), message: TIMER },
  { group: bothSpellings('process'), message: `${ENVIRONMENT} ${EXIT}` },
];

const UVU = { group: ['uvu', 'uvu/*'], message: 'Import spec and assert from test/support/spec.ts.' };
const ONLY = {
  selector: "MemberExpression[property.name='only']",
  message: 'A left-over .only hides every other test.',
};

export default tseslint.config(
  { ignores: ['dist/**', 'node_modules/**', 'artefacts/**', 'test/unit/firmware-config/golden/**'] },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  js.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/only-throw-error': 'error',
      '@typescript-eslint/return-await': ['error', 'error-handling-correctness-only'],
      // A look again, not a stop: the ratchet that fails is in test/unit/tidy.test.ts.
      'max-lines-per-function': ['warn', { max: 70, skipComments: true, skipBlankLines: true }],
      complexity: ['warn', 12],
      'no-restricted-globals': ['error', ...TIMER_NAMES.map((name) => ({ name, message: TIMER }))],
      'no-restricted-properties': ['error', ...BANNED_PROPERTIES],
      'no-restricted-syntax': ['error', ...BANNED_SYNTAX],
      'no-restricted-imports': ['error', { patterns: [...BANNED_MODULES, UVU] }],
    },
  },
  {
    files: AT_THE_MACHINE.map((pattern) => (pattern.endsWith('**') ? `${pattern}/*.ts` : pattern)),
    rules: {
      'no-restricted-globals': 'off',
      'no-restricted-properties': 'off',
      'no-restricted-syntax': 'off',
      'no-restricted-imports': ['error', { patterns: [UVU] }],
    },
  },
  {
    files: ['test/**/*.ts'],
    rules: {
      'no-restricted-syntax': ['error', ONLY],
      // A spec is a list of tests, not a function with a length; its tests are short by themselves.
      'max-lines-per-function': 'off',
      // What a test knows about its data it need not prove, and a fake may be async without waiting.
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/no-empty-function': 'off',
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
    },
  },
  {
    // What runs before the first compilation is plain JavaScript without types, and so are its tests' imports.
    files: ['test/unit/ops/setup/**/*.ts'],
    rules: Object.fromEntries(
      ['argument', 'assignment', 'call', 'member-access', 'return'].map((what) => [
        `@typescript-eslint/no-unsafe-${what}`,
        'off',
      ]),
    ),
  },
  {
    // The pages run in a browser, on people's own clocks.
    files: ['web-admin/pages/**/*.{ts,tsx}'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      'no-restricted-globals': 'off',
      'no-restricted-properties': 'off',
      'no-restricted-syntax': 'off',
      complexity: 'off',
      // A component is a drawing: it is as long as what it draws.
      'max-lines-per-function': 'off',
    },
  },
  { files: ['test/support/**/*.ts'], rules: { 'no-restricted-imports': 'off' } },
  {
    // Plain JavaScript: what runs before anything is compiled or installed, and the tools' own configuration.
    files: ['**/*.js', '**/*.mjs', '**/*.cjs'],
    languageOptions: {
      globals: { console: 'readonly', process: 'readonly', URL: 'readonly', module: 'writable' },
    },
  },
);
