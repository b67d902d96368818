/**
 * Rules of this repository that no compiler checks. Each check is a function over the files as text, is shown a
 * sample that breaks it and one that does not, and then the project.
 */
import { readProjectFiles, type ProjectFiles } from '../support/project-files.js';
import { assert, spec } from '../support/spec.js';
import {
  findDeadLinks,
  findDecisionProblems,
  findMachinePaths,
  findUnknownCommands,
  findUntrackedNotes,
} from '../support/tidy/documents.js';
import { findErrorCodeProblems } from '../support/tidy/error-codes.js';
import {
  findLongFunctions,
  findStaleAcceptances,
  FUNCTION_LINES_MAX,
} from '../support/tidy/long-functions.js';
import { findStateMachineProblems } from '../support/tidy/state-machines.js';
import type { TidyCheck } from '../support/tidy/tidy-check.js';
import { findUnusedFiles } from '../support/tidy/unused-files.js';

/** `path#function` -> why it may be longer than the limit. Only ever to be shortened. */
const ACCEPTED_LONG_FUNCTIONS: Readonly<Record<string, string>> = {};

type Sample = Readonly<Record<string, string>>;

interface Check {
  readonly sentence: string;
  readonly check: TidyCheck;
  readonly clean: Sample;
  /** Each breaks the rule once; the pattern is what is said about it. */
  readonly broken: readonly (readonly [said: RegExp, sample: Sample])[];
}

function filesOf(sample: Sample): ProjectFiles {
  return new Map(Object.entries(sample));
}

// Put together, so that this file is tidy itself.
const NOTE = ['TO', 'DO'].join('');
const FIX = ['FIX', 'ME'].join('');
const machinePath = (...parts: string[]): string => ['', ...parts].join('/');
const CATALOGUE =
  "export const e = defineErrors({ DISK_FULL: { message: 'm', action: 'a', retryable: true } });";
const DRAWING = '/**\n * Idle -> Ringing\n *   Ringing -> Talking\n */\nexport const x = 1;\n';
const MATRIX =
  "import { x } from '../../../appliance/call/call-state.js'; it('the whole matrix is decided');";
const ADR = '# Title\n\n## Context\n\n## Decision\n\n## Consequences\n';
const LINES = (count: number): string => 'work();\n'.repeat(count);

const CHECKS: readonly Check[] = [
  {
    sentence: 'every file is imported, or is a test, a main or a script',
    check: findUnusedFiles,
    clean: {
      'package.json': '{"scripts":{"start":"node ops/setup/bootstrap.mjs"}}',
      'ops/setup/bootstrap.mjs': "import './runner.mjs';",
      'ops/setup/runner.mjs': '',
      'ops/lab/shuttle-main.ts': "const later = import('./wan.js');",
      'ops/lab/wan.ts': "import type { A } from './types.js';",
      'ops/lab/types.ts': '',
      'eslint.config.js': '',
      'test/unit/a.test.ts': '',
    },
    broken: [
      [/^ops\/lab\/forgotten\.ts is imported by nothing/, { 'ops/lab/forgotten.ts': '' }],
      [/^ops\/b\.ts /, { 'ops/a-main.ts': "// import './b.js'", 'ops/b.ts': '' }],
    ],
  },
  {
    sentence: 'every error code has a row in docs/errors.md, and every row a code',
    check: findErrorCodeProblems,
    clean: {
      'ops/errors.ts': CATALOGUE,
      'docs/errors.md': '| code |\n|---|\n| `DISK_FULL` | the disk is full |\n',
    },
    broken: [
      [/^DISK_FULL has no row/, { 'ops/errors.ts': CATALOGUE }],
      [/has GONE, which nothing defines/, { 'docs/errors.md': '| `GONE` | x |\n' }],
      [
        /^DISK_FULL appears more than once in the catalogues/,
        { 'ops/errors.ts': CATALOGUE, 'cluster/errors.ts': CATALOGUE, 'docs/errors.md': '| `DISK_FULL` |\n' },
      ],
    ],
  },
  {
    sentence: 'every state machine has a drawing and a matrix test',
    check: findStateMachineProblems,
    clean: { 'appliance/call/call-state.ts': DRAWING, 'test/unit/call/call-state.test.ts': MATRIX },
    broken: [
      [
        /has no drawing/,
        {
          'appliance/call/call-state.ts': '// one -> two\nconst arrow = () => 1;',
          'test/unit/call-state.test.ts': MATRIX,
        },
      ],
      [/has no matrix test/, { 'appliance/call/call-state.ts': DRAWING }],
      [
        /has no matrix test/,
        { 'appliance/call/call-state.ts': DRAWING, 'test/unit/call-state.test.ts': "it('works')" },
      ],
    ],
  },
  {
    sentence: 'no note of unfinished work is without an ADR or issue',
    check: findUntrackedNotes,
    clean: { 'ops/a.ts': `// ${NOTE} (#12): later\n// ${NOTE}: see ADR-0004\n` },
    broken: [
      [/^ops\/a\.ts:2: /, { 'ops/a.ts': `\n// ${NOTE}: later\n` }],
      [/^ops\/b\.mjs:1: /, { 'ops/b.mjs': `// ${FIX} this\n` }],
    ],
  },
  {
    sentence: `no function has more than ${String(FUNCTION_LINES_MAX)} lines`,
    check: (files) => findLongFunctions(files, ACCEPTED_LONG_FUNCTIONS),
    clean: {
      'ops/a.ts': `function a() {\n${LINES(60)}${'// why\n\n'.repeat(30)}}\n`,
      'test/unit/a.test.ts': `spec('s', (it) => {\n${LINES(100)}});\n`,
    },
    broken: [
      [
        /^ops\/a\.ts#longOne \(ops\/a\.ts:2\) has 73 lines/,
        { 'ops/a.ts': `\nfunction longOne() {\n${LINES(71)}}\n` },
      ],
      [/^ops\/a\.ts#act /, { 'ops/a.ts': `class A {\n act() {\n${LINES(71)}}\n}\n` }],
      [/^ops\/a\.ts#later /, { 'ops/a.ts': `const later = async () => {\n${LINES(71)}};\n` }],
    ],
  },
  {
    sentence: 'the decisions are numbered without gaps and have their three headings',
    check: findDecisionProblems,
    clean: { 'docs/adr/0001-one.md': ADR, 'docs/adr/0002-two.md': ADR, 'docs/adr/README.md': '# Index' },
    broken: [
      [/0003-three\.md leaves a gap/, { 'docs/adr/0001-one.md': ADR, 'docs/adr/0003-three.md': ADR }],
      [/0001-two\.md leaves a gap or repeats/, { 'docs/adr/0001-one.md': ADR, 'docs/adr/0001-two.md': ADR }],
      [/no heading "Consequences"/, { 'docs/adr/0001-one.md': ADR.replace('## Consequences', '') }],
      [/is not named/, { 'docs/adr/some-idea.md': ADR }],
    ],
  },
  {
    sentence: 'no file names a path of one machine',
    check: findMachinePaths,
    clean: {
      'README.md': 'see ops/home/x and /etc/wardline, $HOME/root/x, https://a.example/home/x',
      'a.ts': "'C:'",
    },
    broken: [
      [/^README\.md:2: /, { 'README.md': `\nsee ${machinePath('home', 'anna', 'notes')}` }],
      [/^ops\/a\.ts:1: /, { 'ops/a.ts': `const at = '${machinePath('work', 'main')}';` }],
    ],
  },
  {
    sentence: 'relative links in the documents lead to files',
    check: findDeadLinks,
    clean: {
      'README.md':
        '[a](docs/a.md#part) [b](https://x.example/y) [c](#here) [d](docs/) `[e](nowhere)`\n```\n[f](no)\n```\n',
      'docs/a.md': '[up](../README.md)',
    },
    broken: [
      [
        /^README\.md:1: the link docs\/b\.md leads nowhere/,
        { 'README.md': '[b](docs/b.md)', 'docs/a.md': '' },
      ],
      [/^docs\/a\.md:2: /, { 'docs/a.md': '\n![picture](a.svg "title")' }],
      [/^docs\/a\.md:1: /, { 'docs/a.md': '[ref]: ../gone.md' }],
    ],
  },
  {
    sentence: 'every npm command that is named exists',
    check: findUnknownCommands,
    clean: {
      'package.json': '{"scripts":{"start":"x","lab":"x","test:unit":"x"}}',
      'README.md': '`npm start`, `npm run lab -- kill a`, npm run -s test:unit, npm run.',
    },
    broken: [
      [/^README\.md:1: package\.json has no script "lba"/, { 'README.md': 'npm run lba -- kill' }],
      [/no script "test"/, { 'docs/a.md': 'npm test' }],
      [/^ops\/errors\.ts:1: .*"fix"/, { 'ops/errors.ts': "action: 'Call npm run fix.'" }],
    ],
  },
];

spec('a tidy project', (it) => {
  const project = readProjectFiles();

  for (const { sentence, check, clean, broken } of CHECKS) {
    it(`the check "${sentence}" can fail`, () => {
      assert.equal(check(filesOf(clean)), []);
      for (const [said, sample] of broken) {
        const problems = check(filesOf(sample));
        assert.ok(
          problems.some((problem) => said.test(problem)),
          `${String(said)} is not said about ${JSON.stringify(sample)}, but: ${problems.join('; ')}`,
        );
      }
    });
  }

  it('the check of accepted long functions can fail', () => {
    const long = filesOf({ 'ops/a.ts': `function a() {\n${LINES(80)}}\n` });
    assert.equal(findLongFunctions(long, { 'ops/a.ts#a': 'a table' }), []);
    assert.equal(findStaleAcceptances(long, { 'ops/a.ts#a': 'a table' }), []);
    assert.match(findStaleAcceptances(filesOf({}), { 'ops/a.ts#a': 'a table' }).join(), /not long any more/);
  });

  for (const { sentence, check } of CHECKS) {
    it(sentence, () => {
      assert.equal(check(project), []);
    });
  }

  it('no function is accepted as long that is short', () => {
    assert.equal(findStaleAcceptances(project, ACCEPTED_LONG_FUNCTIONS), []);
  });

  it('the project is there at all', () => {
    assert.ok(project.size > 50, `only ${String(project.size)} files were read`);
    assert.ok((project.get('package.json') ?? '').includes('"name"'));
  });
});
