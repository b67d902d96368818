/**
 * Somebody wants the box to end: Ctrl-C, a signal, `lab stop`, or nobody reads what is printed any more. The first wish
 * counts, all others are the same one, so that a second Ctrl-C cannot interrupt the taking down.
 */
export class StopAsked extends Error {
  override readonly name = 'StopAsked';
}

export class StopRequest {
  readonly whenAsked: Promise<void>;
  #isAsked = false;
  #resolve: () => void = () => undefined;

  constructor() {
    this.whenAsked = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  get isAsked(): boolean {
    return this.#isAsked;
  }

  readonly ask = (): void => {
    this.#isAsked = true;
    this.#resolve();
  };

  /** @throws StopAsked */
  throwIfAsked(): void {
    if (this.#isAsked) throw new StopAsked('stopped while it was starting');
  }
}
