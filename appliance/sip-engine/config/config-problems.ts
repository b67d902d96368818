/** Collects what is wrong with the options of an engine, so that a person corrects them all at once. */
import type { OperatingError } from '../../../cluster/base/errors.js';
import { sipErrors } from '../errors.js';
import { findNearestName } from './nearest-name.js';

/** Never holds a secret: what is reported goes to terminals and logs. */
export interface ConfigProblem {
  /** The field as one would write it (`listen[1].port`), or the option (`--listen`). */
  readonly path: string;
  readonly problem: string;
  /** What to write instead, as a sentence. */
  readonly fix: string;
}

/** Path of a field -> the option that set it. */
export type FieldOrigins = ReadonlyMap<string, string>;

function describe({ path, problem, fix }: ConfigProblem): string {
  return `  ${path === '' ? '(the file)' : path}: ${problem}. ${fix}`;
}

export class ConfigProblems {
  readonly #problems: ConfigProblem[] = [];
  #origins: FieldOrigins = new Map();

  get count(): number {
    return this.#problems.length;
  }

  /** From here on, fields that an option has set are called by the option. */
  useOrigins(origins: FieldOrigins): void {
    this.#origins = origins;
  }

  add(path: string, problem: string, fix: string): void {
    this.#problems.push({ path: this.#shownPath(path), problem, fix });
  }

  addUnknown(path: string, what: string, name: string, known: Iterable<string>): void {
    const nearest = findNearestName(name, known);
    const fix = nearest === undefined ? `Leave it out.` : `Did you mean ${nearest}?`;
    this.add(path, `there is no such ${what}`, fix);
  }

  toError(): OperatingError {
    const list = this.#problems.map(describe).join('\n');
    return sipErrors.SIP_CONFIG_INVALID({ count: this.count, list, problems: [...this.#problems] });
  }

  /** The option that set the field, or one of those that it is a part of. */
  #shownPath(path: string): string {
    for (
      let end = path.length;
      end > 0;
      end = Math.max(path.lastIndexOf('.', end - 1), path.lastIndexOf('[', end - 1))
    ) {
      const option = this.#origins.get(path.slice(0, end));
      if (option !== undefined) return option + path.slice(end);
    }
    return path;
  }
}
