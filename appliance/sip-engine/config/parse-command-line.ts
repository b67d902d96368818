/** Words of a command line -> CommandDraft. Which values are good is decided together with those of the file. */
import { quoteForSentence } from '../message/sip-syntax-error.js';
import { CommandDraft } from './command-draft.js';
import { COMMAND_OPTIONS, type CommandOption } from './command-options.js';
import type { ConfigProblems } from './config-problems.js';

interface Word {
  readonly name: string;
  /** Behind `=`. */
  readonly inline: string | undefined;
}

function findOptionWord(text: string | undefined): Word | undefined {
  if (text?.startsWith('--') !== true) return undefined;
  const equals = text.indexOf('=');
  return equals < 0
    ? { name: text.slice(2), inline: undefined }
    : { name: text.slice(2, equals), inline: text.slice(equals + 1) };
}

const OPTION_WORDS = Object.keys(COMMAND_OPTIONS).map((name) => `--${name}`);

function applyValue(draft: CommandDraft, option: CommandOption, shown: string, value: string): void {
  if (value === '') draft.problems.add(shown, 'it needs a value', `Write ${shown} ${option.value ?? ''}.`);
  else option.apply(draft, value, shown);
}

/** @returns how many words behind it belong to the option */
function applyOption(draft: CommandDraft, { name, inline }: Word, next: string | undefined): number {
  const shown = `--${name}`;
  const { problems } = draft;
  const option = Object.hasOwn(COMMAND_OPTIONS, name) ? COMMAND_OPTIONS[name] : undefined;
  const isNextValue = inline === undefined && next !== undefined && findOptionWord(next) === undefined;
  // The word behind a mistyped --secret may be the secret: it is neither judged nor shown.
  if (option === undefined) {
    problems.addUnknown(shown, 'option', shown, OPTION_WORDS);
    return isNextValue ? 1 : 0;
  }
  if (option.value === undefined) {
    if (inline !== undefined) problems.add(shown, 'it takes no value', `Write ${shown} alone.`);
    option.apply(draft, '', shown);
    return 0;
  }
  applyValue(draft, option, shown, inline ?? (isNextValue ? next : ''));
  return isNextValue ? 1 : 0;
}

export function parseCommandLine(argv: readonly string[], problems: ConfigProblems): CommandDraft {
  const draft = new CommandDraft(problems);
  for (let index = 0; index < argv.length; index += 1) {
    const text = argv[index] ?? '';
    const word = findOptionWord(text);
    if (word === undefined)
      problems.add(
        quoteForSentence(text),
        'it belongs to no option',
        'Write --option value; --help lists them.',
      );
    else index += applyOption(draft, word, argv[index + 1]);
  }
  return draft;
}
