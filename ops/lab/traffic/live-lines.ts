/** Lines at the end of a terminal that are written anew, with ordinary output above them. */

export class LiveLines {
  readonly #write: (text: string) => void;
  readonly #isTerminal: boolean;
  #shown: readonly string[] = [];

  /** @param isTerminal false: lines are never written again, so nothing is shown */
  constructor(write: (text: string) => void, isTerminal: boolean) {
    this.#write = write;
    this.#isTerminal = isTerminal;
  }

  show(lines: readonly string[]): void {
    if (!this.#isTerminal) return;
    this.#write(`${this.#erase()}${lines.map((line) => `${line}\n`).join('')}`);
    this.#shown = lines;
  }

  /** Something that stays. */
  print(text: string): void {
    const again = this.#shown.map((line) => `${line}\n`).join('');
    this.#write(`${this.#erase()}${text}\n${again}`);
  }

  /** Cursor up and clear to the end of the screen (ECMA-48 CUU, ED). */
  #erase(): string {
    return this.#shown.length === 0 ? '' : `\u001b[${String(this.#shown.length)}A\u001b[0J`;
  }
}
