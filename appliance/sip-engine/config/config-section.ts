/**
 * One object of the configuration while it is read: every field is asked for once, by its kind. What is wrong is
 * noted and a stand-in returned, so that the rest is judged too; nobody sees a stand-in, because a configuration
 * with problems is never returned.
 */
import { quoteForSentence } from '../message/sip-syntax-error.js';
import type { ConfigProblems } from './config-problems.js';

export type ConfigDocument = Readonly<Record<string, unknown>>;

export function isDocument(value: unknown): value is ConfigDocument {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** For a sentence; of objects only their kind. */
export function showValue(value: unknown): string {
  if (typeof value === 'string') return quoteForSentence(value);
  if (Array.isArray(value)) return 'a list';
  return isDocument(value) ? 'an object' : String(value);
}

export interface IntegerRange {
  readonly min: number;
  readonly max: number;
  /** What it counts, for the sentence: `milliseconds`. */
  readonly unit: string;
}

/** @returns what is wrong with the text, as a sentence without an end and what to write instead */
export type TextCheck = (text: string) => readonly [problem: string, fix: string] | undefined;

/** Longest interval that a timer of the engine takes, 24 days; above it is a slip. */
const MILLISECONDS_MAX = 2 ** 31 - 1;

export class ConfigSection {
  readonly problems: ConfigProblems;
  readonly path: string;
  readonly #fields: ConfigDocument;
  readonly #asked = new Set<string>();

  constructor(problems: ConfigProblems, path: string, fields: ConfigDocument) {
    this.problems = problems;
    this.path = path;
    this.#fields = fields;
  }

  pathOf(name: string): string {
    return this.path === '' ? name : `${this.path}.${name}`;
  }

  /** null counts as absent: it is how a file says "the default". */
  value(name: string): unknown {
    this.#asked.add(name);
    return Object.hasOwn(this.#fields, name) ? (this.#fields[name] ?? undefined) : undefined;
  }

  optionalText(name: string, check?: TextCheck): string | undefined {
    const value = this.value(name);
    if (value === undefined) return undefined;
    if (typeof value !== 'string' || value === '') {
      this.#refuse(name, `${showValue(value)} is no text`, 'Write a text that is not empty.');
      return undefined;
    }
    const wrong = check?.(value);
    if (wrong !== undefined) this.#refuse(name, ...wrong);
    return value;
  }

  text(name: string, check?: TextCheck): string {
    const before = this.problems.count;
    const text = this.optionalText(name, check);
    if (text === undefined && this.problems.count === before)
      this.#refuse(name, 'it is missing', 'Write a text that is not empty.');
    return text ?? '';
  }

  optionalInteger(name: string, { min, max, unit }: IntegerRange): number | undefined {
    const value = this.value(name);
    if (value === undefined) return undefined;
    if (typeof value === 'number' && Number.isSafeInteger(value) && value >= min && value <= max)
      return value;
    const fix = `Write a whole number from ${String(min)} to ${String(max)} (${unit}).`;
    this.#refuse(name, `${showValue(value)} will not do`, fix);
    return undefined;
  }

  integer(name: string, fallback: number, range: IntegerRange): number {
    return this.optionalInteger(name, range) ?? fallback;
  }

  milliseconds(name: string, fallback: number, min = 1): number {
    return this.integer(name, fallback, { min, max: MILLISECONDS_MAX, unit: 'milliseconds' });
  }

  optionalMilliseconds(name: string): number | undefined {
    return this.optionalInteger(name, { min: 1, max: MILLISECONDS_MAX, unit: 'milliseconds' });
  }

  boolean(name: string, fallback: boolean): boolean {
    const value = this.value(name);
    if (value === undefined || typeof value === 'boolean') return value ?? fallback;
    this.#refuse(
      name,
      `${showValue(value)} is neither true nor false`,
      'Write true or false, without quotes.',
    );
    return fallback;
  }

  choice<T extends string>(name: string, choices: readonly T[], fallback: T): T {
    const value = this.value(name);
    if (value === undefined) return fallback;
    const choice = choices.find((candidate) => candidate === value);
    if (choice === undefined)
      this.#refuse(name, `${showValue(value)} is not known`, `Write one of ${choices.join(', ')}.`);
    return choice ?? fallback;
  }

  /** @param read is given each item with its path; undefined for one that it has refused */
  list<T>(name: string, read: (item: unknown, path: string) => T | undefined): readonly T[] {
    const value = this.value(name);
    if (value === undefined) return [];
    if (!Array.isArray(value)) {
      this.#refuse(name, `${showValue(value)} is no list`, 'Write a list in square brackets.');
      return [];
    }
    return value.flatMap(
      (item: unknown, index) => read(item, `${this.pathOf(name)}[${String(index)}]`) ?? [],
    );
  }

  texts(name: string, check?: TextCheck): readonly string[] {
    return this.list(name, (item, path) => {
      const wrong =
        typeof item === 'string' && item !== ''
          ? check?.(item)
          : ([`${showValue(item)} is no text`, 'Write a text that is not empty.'] as const);
      if (wrong !== undefined) this.problems.add(path, ...wrong);
      return wrong === undefined ? (item as string) : undefined;
    });
  }

  /** @returns what `read` makes of the object; undefined when it is absent or no object */
  optionalSection<T>(name: string, read: (section: ConfigSection) => T): T | undefined {
    const value = this.value(name);
    return value === undefined ? undefined : readSection(this.problems, this.pathOf(name), value, read);
  }

  sections<T>(name: string, read: (section: ConfigSection) => T): readonly T[] {
    return this.list(name, (item, path) => readSection(this.problems, path, item, read));
  }

  /** The same as optionalSection for one whose fields all have defaults. */
  section<T>(name: string, read: (section: ConfigSection) => T): T {
    return this.optionalSection(name, read) ?? read(new ConfigSection(this.problems, this.pathOf(name), {}));
  }

  /** Everything has been asked for: what else is there is a mistake. */
  end(): void {
    for (const name of Object.keys(this.#fields)) {
      if (!this.#asked.has(name)) this.problems.addUnknown(this.pathOf(name), 'field', name, this.#asked);
    }
  }

  #refuse(name: string, problem: string, fix: string): void {
    this.problems.add(this.pathOf(name), problem, fix);
  }
}

/** Reads an object to its end. @returns undefined, with a problem noted, when it is none */
export function readSection<T>(
  problems: ConfigProblems,
  path: string,
  value: unknown,
  read: (section: ConfigSection) => T,
): T | undefined {
  if (!isDocument(value)) {
    problems.add(path, `${showValue(value)} is no object`, 'Write an object in braces.');
    return undefined;
  }
  const section = new ConfigSection(problems, path, value);
  const result = read(section);
  section.end();
  return result;
}
