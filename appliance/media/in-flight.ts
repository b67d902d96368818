/** So many at a time, the others in their order behind: bursts of commands lose answers (facts/rtpengine.md 5.8). */

const AT_A_TIME = 16;

export class InFlight {
  #running = 0;
  readonly #waiting: (() => void)[] = [];

  async run<T>(act: () => Promise<T>): Promise<T> {
    if (this.#running >= AT_A_TIME) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#running += 1;
    try {
      return await act();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#running -= 1;
      else next();
    }
  }
}
