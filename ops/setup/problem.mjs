/**
 * What the set-up says when it cannot go on. Plain JavaScript, as everything in this folder: it runs before
 * TypeScript is installed, and its syntax is such that an older Node still gets as far as saying that it is old.
 */

/** A refusal: one sentence that says what is wrong and what to do. */
export class SetupProblem extends Error {
  /**
   * @param {string} sentence
   * @param {number} [exitCode] 2: the machine is not ready; 1: the sources are not
   */
  constructor(sentence, exitCode = 2) {
    super(sentence);
    this.name = 'SetupProblem';
    this.exitCode = exitCode;
  }
}

/**
 * @param {readonly string[]} names
 * @param {number} [most] how many are named
 * @returns {string} "a", "a and b", "a, b and 5 more"
 */
export function listNames(names, most = 4) {
  const rest = names.length - most;
  const shown = rest > 0 ? [...names.slice(0, most), `${String(rest)} more`] : [...names];
  const last = shown.pop() ?? 'none';
  return shown.length === 0 ? last : `${shown.join(', ')} and ${last}`;
}
