/**
 * Command line, file and secret -> one frozen EngineConfig, or one error with everything that is wrong. Pure: files
 * and environment are given. Of the environment only WARDLINE_SIP_SECRET is read.
 */
import { describeErrorChain } from '../../../cluster/base/errors.js';
import { mergeDocuments, type CommandDraft } from './command-draft.js';
import { ConfigProblems } from './config-problems.js';
import { isDocument, readSection, showValue, type ConfigDocument } from './config-section.js';
import type { EngineConfig } from './engine-config.js';
import { parseCommandLine } from './parse-command-line.js';
import { readEngineConfig } from './read-engine-config.js';

export { ENGINE_HELP } from './command-options.js';

const SECRET_VARIABLE = 'WARDLINE_SIP_SECRET';
/** Of drachtio-server, but for its address: there everybody on the network may connect. */
const CONTROL_DEFAULTS = { address: '127.0.0.1', port: 9022 } as const;

export type Environment = Readonly<Record<string, string | undefined>>;

/** @throws what the system says */
export type ReadFile = (path: string) => string;

/** Somebody wants to know the options: print ENGINE_HELP and end with 0. */
export function wantsHelp(argv: readonly string[]): boolean {
  return argv.includes('--help');
}

/** @returns undefined, with a problem noted, when the file cannot be read */
function readNamedFile(
  problems: ConfigProblems,
  field: string,
  path: string,
  read: ReadFile,
): string | undefined {
  try {
    return read(path);
  } catch (error) {
    problems.add(
      field,
      `${showValue(path)} cannot be read: ${describeErrorChain(error)}`,
      'Name a file that is there.',
    );
    return undefined;
  }
}

/** The sentence of JSON.parse is left out: newer ones quote the text, which may hold the secret. */
function readConfigFile(problems: ConfigProblems, path: string, read: ReadFile): ConfigDocument | undefined {
  const text = readNamedFile(problems, '--config', path, read);
  if (text === undefined) return undefined;
  try {
    const document: unknown = JSON.parse(text);
    if (isDocument(document)) return document;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  problems.add(
    '--config',
    `${showValue(path)} is no JSON object`,
    'Correct the file; comments and commas at the end are not JSON.',
  );
  return undefined;
}

interface SecretSource {
  readonly secret?: unknown;
  readonly file?: unknown;
  /** How the field with the path is called. */
  readonly name: string;
}

function secretSources(draft: CommandDraft, environment: Environment, file: ConfigDocument): SecretSource[] {
  return [
    { secret: draft.document['secret'], file: draft.secretFile, name: '--secret-file' },
    // An empty variable is how a unit file says that there is none.
    {
      secret: environment[SECRET_VARIABLE] === '' ? undefined : environment[SECRET_VARIABLE],
      name: SECRET_VARIABLE,
    },
    { secret: file['secret'], file: file['secretFile'], name: 'secretFile' },
  ];
}

/** The first that has one: command line, environment, file. */
function findSecret(problems: ConfigProblems, sources: readonly SecretSource[], read: ReadFile): unknown {
  const source = sources.find(({ secret, file }) => (secret ?? file ?? undefined) !== undefined);
  if (source === undefined) return undefined;
  const { secret, file, name } = source;
  if (file === undefined || file === null) {
    // Not shown, unlike other values: a number may be the secret all the same.
    if (typeof secret !== 'string') problems.add('secret', 'it is no text', 'Write it in quotes.');
    return typeof secret === 'string' ? secret : undefined;
  }
  if (secret !== undefined && secret !== null)
    problems.add(name, 'there is a secret besides', 'Give one of the two.');
  if (typeof file !== 'string') {
    problems.add(name, `${showValue(file)} is no path`, 'Write the path of the file with the secret.');
    return undefined;
  }
  // Editors end a file with a line end.
  return readNamedFile(problems, name, file, read)?.trim();
}

function freezeDeep<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const member of Object.values(value)) freezeDeep(member);
  }
  return value;
}

/**
 * @param argv without the names of Node and of the program
 * @throws SIP_CONFIG_INVALID with one line for each problem
 */
export function parseEngineArguments(
  argv: readonly string[],
  environment: Environment,
  readFile: ReadFile,
): EngineConfig {
  const problems = new ConfigProblems();
  const draft = parseCommandLine(argv, problems);
  const command = draft.end(CONTROL_DEFAULTS);
  const file = draft.configFile === undefined ? {} : readConfigFile(problems, draft.configFile, readFile);
  // Whatever is missing may be in the file that could not be read.
  if (file === undefined) throw problems.toError();
  const before = problems.count;
  const secret = findSecret(problems, secretSources(draft, environment, file), readFile);
  const isSecretBroken = problems.count > before && secret === undefined;
  const document = { ...mergeDocuments(file, command), secret: isSecretBroken ? 'unread' : secret };
  problems.useOrigins(draft.origins);
  const config = readSection(problems, '', document, (section) => {
    // Read above: it is known, that is all.
    section.value('secretFile');
    return readEngineConfig(section);
  });
  if (config === undefined || problems.count > 0) throw problems.toError();
  return freezeDeep(config);
}
