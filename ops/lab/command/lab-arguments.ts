/** The commands to a box that is running: their words, and what is asked of the process that started it. Pure. */
import type { RpcParams } from '../../../cluster/base/local-rpc.js';
import type { Cut } from '../network-commands.js';
import {
  badArgument,
  boxOption,
  choiceOption,
  numberOption,
  parseWords,
  textOption,
  type OptionTypes,
  type OptionValues,
} from './parse-words.js';

export interface LabRequest {
  readonly command: CommandName;
  readonly params: RpcParams;
  readonly box?: string;
  readonly isJson: boolean;
  readonly deadlineMs: number;
}

interface CommandShape {
  /** Words after the command, in order; all are needed. */
  readonly words: readonly string[];
  readonly options: OptionTypes;
  /** As it is shown in the usage. */
  readonly optionsShown: string;
  readonly help: readonly string[];
  readonly parse?: (values: OptionValues) => RpcParams;
  readonly deadlineMs?: (params: RpcParams) => number;
}

/** A longer one is not a pause any more but a dead node. */
const FREEZE_MS_MAX = 60_000;
const FREEZE_MS = 2000;
const DEADLINE_MS = 15_000;
/** Boot of a node, then up to ten seconds for the addresses to settle, twice. */
const POWER_ON_DEADLINE_MS = 60_000;

export const CUT_KINDS = ['vrrp', 'redis', 'raft', 'sip', 'rtp'] as const satisfies readonly Cut['only'][];

function parseFreeze(values: OptionValues): RpcParams {
  const forMs = numberOption(values, 'for', { min: 1, max: FREEZE_MS_MAX, unit: 'milliseconds' });
  return { service: textOption(values, 'service'), forMs: forMs ?? FREEZE_MS };
}

function parseWan(values: OptionValues): RpcParams {
  const milliseconds = { min: 0, max: 5000, unit: 'milliseconds' };
  const change = {
    delayMs: numberOption(values, 'delay', milliseconds),
    jitterMs: numberOption(values, 'jitter', milliseconds),
    lossPercent: numberOption(values, 'loss', { min: 0, max: 100, unit: 'percent' }),
  };
  const isCut = values['cut'] === true;
  if (!isCut && Object.values(change).every((value) => value === undefined))
    throw badArgument('wan', 'nothing to change', 'Give --delay, --jitter, --loss or --cut.');
  return { place: textOption(values, 'place') ?? 'dr', change: { ...change, cut: isCut } };
}

const COMMANDS = {
  status: {
    words: [],
    options: { json: 'boolean' },
    optionsShown: '[--json]',
    help: ['every node, its daemons, addresses, Raft, live state, disk; what is wrong on purpose'],
  },
  kill: {
    words: ['NODE'],
    options: {},
    optionsShown: '',
    help: ['power cut: link down, SIGKILL of all its processes, in one step'],
  },
  'power-on': {
    words: ['NODE'],
    options: {},
    optionsShown: '',
    help: ['boots a killed node from the disk it had, and moves its address back to it'],
    deadlineMs: () => POWER_ON_DEADLINE_MS,
  },
  freeze: {
    words: ['NODE'],
    options: { service: 'string', for: 'string' },
    optionsShown: '[--service NAME] [--for MS]',
    help: [`the node, or one service of it, stands still; default ${String(FREEZE_MS)} ms`],
    parse: parseFreeze,
    deadlineMs: ({ forMs }) => Number(forMs) + DEADLINE_MS,
  },
  'kill-service': {
    words: ['NODE', 'SERVICE'],
    options: {},
    optionsShown: '',
    help: ['a daemon crashes (SIGKILL); its supervisor restarts it'],
  },
  unplug: {
    words: ['NODE'],
    options: {},
    optionsShown: '',
    help: ['pulls the network cable; the node runs on'],
  },
  plug: { words: ['NODE'], options: {}, optionsShown: '', help: ['puts it back in'] },
  partition: {
    words: ['A', 'B'],
    options: { only: 'string', 'one-way': 'boolean' },
    optionsShown: '[--only KIND] [--one-way]',
    help: [
      `nothing passes between two nodes; KIND: ${CUT_KINDS.join(', ')}`,
      '--one-way: nothing from A to B, and everything from B to A',
    ],
    parse: (values: OptionValues) => ({
      only: choiceOption(values, 'only', CUT_KINDS),
      isOneWay: values['one-way'] === true,
    }),
  },
  wan: {
    words: [],
    options: { place: 'string', delay: 'string', jitter: 'string', loss: 'string', cut: 'boolean' },
    optionsShown: '[--place dr|witness] [--delay MS] [--jitter MS] [--loss PERCENT] [--cut]',
    help: [
      'the link to the DR site (or the witness), both directions alike; --delay is one way, so a',
      'round trip takes twice that; what is not named stays, but without --cut the link is whole',
    ],
    parse: parseWan,
  },
  heal: {
    words: [],
    options: {},
    optionsShown: '',
    help: ['partitions, pulled cables and WANs as they were at the start'],
  },
  'fill-disk': {
    words: ['NODE'],
    options: {},
    optionsShown: '',
    help: ["not one block of the node's data disk stays free"],
  },
  'free-disk': { words: ['NODE'], options: {}, optionsShown: '', help: ['takes that back'] },
  stop: { words: [], options: {}, optionsShown: '', help: ['takes the box down, as Ctrl-C does'] },
} as const satisfies Readonly<Record<string, CommandShape>>;

export type CommandName = keyof typeof COMMANDS;
export const COMMAND_NAMES = Object.keys(COMMANDS) as CommandName[];

function usageOf(name: CommandName): string {
  const { words, optionsShown } = COMMANDS[name];
  return [name, ...words, optionsShown].filter(Boolean).join(' ');
}

/** Everything that `--help` says. */
export function labHelp(): string {
  const lines = COMMAND_NAMES.flatMap((name) => [
    `  ${usageOf(name)}`,
    ...COMMANDS[name].help.map((line) => `      ${line}`),
  ]);
  return [
    'Commands to a site in a box that is running (npm start):',
    '',
    '  npm run lab -- COMMAND [--box ID]',
    '',
    ...lines,
    '',
    'Without --box: the only box that is running.',
    '',
  ].join('\n');
}

function isCommandName(name: string): name is CommandName {
  return Object.hasOwn(COMMANDS, name);
}

function nameWords(name: CommandName, positionals: readonly string[], usage: string): RpcParams {
  const { words } = COMMANDS[name];
  const missing = words[positionals.length];
  if (missing !== undefined) throw badArgument(missing, 'it is missing', `Usage: ${usage}`);
  const surplus = positionals[words.length];
  if (surplus !== undefined) throw badArgument(surplus, 'that is a word too many', `Usage: ${usage}`);
  return Object.fromEntries(words.map((word, index) => [word.toLowerCase(), positionals[index]]));
}

/** @throws LAB_BAD_ARGUMENT */
export function parseLabArguments(argv: readonly string[]): LabRequest {
  const [name = '', ...rest] = argv;
  if (!isCommandName(name)) {
    const problem = name === '' ? 'it is missing' : `there is no command "${name}"`;
    throw badArgument('command', problem, `Use one of: ${COMMAND_NAMES.join(', ')}; or --help.`);
  }
  const shape: CommandShape = COMMANDS[name];
  const usage = `npm run lab -- ${usageOf(name)} [--box ID]`;
  const { positionals, values } = parseWords(rest, { ...shape.options, box: 'string' }, usage);
  const params = { ...nameWords(name, positionals, usage), ...shape.parse?.(values) };
  const box = boxOption(values);
  return {
    command: name,
    params,
    ...(box === undefined ? {} : { box }),
    isJson: values['json'] === true,
    deadlineMs: shape.deadlineMs?.(params) ?? DEADLINE_MS,
  };
}
