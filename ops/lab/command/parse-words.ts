/** Reads the words of a command line, and says which word is wrong and what to write instead. Pure. */
import { parseArgs, type ParseArgsConfig } from 'node:util';
import { opsErrors } from '../../errors.js';
import { BOX_ID_PATTERN } from '../box-plan.js';

export type OptionTypes = Readonly<Record<string, 'string' | 'boolean'>>;
export type OptionValues = Readonly<Record<string, string | boolean | undefined>>;

export interface Words {
  readonly positionals: readonly string[];
  readonly values: OptionValues;
}

export function badArgument(argument: string, problem: string, fix: string): Error {
  return opsErrors.LAB_BAD_ARGUMENT({ argument, problem, fix });
}

/** Node's sentences are for programmers; the name of the option in them is what a person needs. */
function explainParseError(error: Error, usage: string): Error {
  const option = /'(--?[\w-]+)/.exec(error.message)?.[1] ?? 'command line';
  const code = 'code' in error ? error.code : '';
  const problem = code === 'ERR_PARSE_ARGS_UNKNOWN_OPTION' ? 'there is no such option' : 'it needs a value';
  return badArgument(option, problem, `Usage: ${usage}`);
}

/** @throws LAB_BAD_ARGUMENT for an option that is not known or lacks its value */
export function parseWords(args: readonly string[], types: OptionTypes, usage: string): Words {
  const options: ParseArgsConfig['options'] = {};
  for (const [name, type] of Object.entries(types)) options[name] = { type };
  try {
    const { positionals, values } = parseArgs({ args: [...args], options, allowPositionals: true });
    return { positionals, values: values as OptionValues };
  } catch (error) {
    throw error instanceof TypeError ? explainParseError(error, usage) : error;
  }
}

/** @returns undefined when the option is not given. @throws LAB_BAD_ARGUMENT */
export function numberOption(
  values: OptionValues,
  name: string,
  range: { readonly min: number; readonly max: number; readonly unit: string },
): number | undefined {
  const text = values[name];
  if (text === undefined) return undefined;
  const value = Number(text);
  const { min, max, unit } = range;
  if (typeof text === 'string' && text.trim() !== '' && value >= min && value <= max) return value;
  const fix = `Give ${unit} from ${String(min)} to ${String(max)}.`;
  throw badArgument(`--${name}`, `"${String(text)}" will not do`, fix);
}

/** @returns undefined when the option is not given. @throws LAB_BAD_ARGUMENT */
export function choiceOption<T extends string>(
  values: OptionValues,
  name: string,
  choices: readonly T[],
): T | undefined {
  const text = values[name];
  if (text === undefined) return undefined;
  const choice = choices.find((candidate) => candidate === text);
  if (choice !== undefined) return choice;
  throw badArgument(`--${name}`, `"${String(text)}" is not known`, `Use one of: ${choices.join(', ')}.`);
}

export function textOption(values: OptionValues, name: string): string | undefined {
  const text = values[name];
  return typeof text === 'string' ? text : undefined;
}

/** @throws LAB_BAD_ARGUMENT */
export function boxOption(values: OptionValues): string | undefined {
  const id = textOption(values, 'box');
  if (id === undefined || BOX_ID_PATTERN.test(id)) return id;
  throw badArgument('--box', `"${id}" is no box id`, 'Use 1 to 8 characters of a-z and 0-9.');
}
