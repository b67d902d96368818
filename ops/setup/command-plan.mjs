/** What a command of this repository runs once everything is installed and built. Pure. */
import { SetupProblem } from './problem.mjs';

/**
 * @typedef {object} CommandPlan
 * @property {string} name
 * @property {string} main path of the compiled program, from the root of the repository
 * @property {readonly string[]} args
 * @property {boolean} startsBox false for a command to a box that runs already: it must work on a full disk too
 * @property {boolean} isTest its packages include those that only tests use
 * @property {boolean} tellsSteps true: says what was found in order too; else only what had to be done
 */

const SUITES = ['unit', 'contract', 'sim', 'system', 'browser'];
const LAB = 'dist/ops/lab/lab-main.js';
const BENCH = 'dist/test/bench/bench-main.js';

/** @type {Readonly<Record<string, (args: readonly string[]) => Omit<CommandPlan, 'name'>>>} */
const COMMANDS = {
  start: (args) => ({
    main: LAB,
    args: ['start', ...args],
    startsBox: true,
    isTest: false,
    tellsSteps: true,
  }),
  test: (args) => ({
    main: 'dist/test/support/run.js',
    args: args[0] === undefined || args[0].startsWith('-') ? [...SUITES, ...args] : args,
    startsBox: true,
    isTest: true,
    tellsSteps: true,
  }),
  lab: (args) => ({ main: LAB, args, startsBox: false, isTest: false, tellsSteps: false }),
  'sip-engine': (args) => ({
    main: 'dist/appliance/sip-engine/main.js',
    args,
    startsBox: false,
    isTest: false,
    tellsSteps: false,
  }),
  bench: (args) => ({ main: BENCH, args, startsBox: true, isTest: true, tellsSteps: false }),
  soak: (args) => ({
    main: BENCH,
    args: ['--soak', ...args],
    startsBox: true,
    isTest: true,
    tellsSteps: false,
  }),
};

/**
 * @param {readonly string[]} argv what follows the script's name
 * @returns {CommandPlan}
 * @throws {SetupProblem} for an unknown command
 */
export function planCommand(argv) {
  const [name = '', ...args] = argv;
  const plan = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (plan === undefined) {
    throw new SetupProblem(`There is no command "${name}": use one of ${Object.keys(COMMANDS).join(', ')}.`);
  }
  return { name, ...plan(args) };
}
