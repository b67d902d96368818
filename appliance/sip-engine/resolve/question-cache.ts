/**
 * Answers to questions of one kind, for a while; the same question asked meanwhile waits for the same answer. The
 * number of answers is bounded: names come from the network, and an attacker has many.
 */
import type { Clock } from '../../../cluster/base/clock.js';

export interface QuestionCacheOptions<T> {
  readonly clock: Clock;
  /** Never throws for what is an answer; what it throws is remembered as no answer. */
  readonly ask: (question: string) => Promise<readonly T[]>;
  /** How long an answer is good. */
  readonly answerMs: number;
  /** How long nobody asks again after an empty answer or a failure. */
  readonly noAnswerMs: number;
  readonly answersMax: number;
  /** Questions under way; beyond them there is no answer at once. */
  readonly openMax: number;
}

interface Answer<T> {
  readonly values: readonly T[];
  readonly untilMs: number;
}

export class QuestionCache<T> {
  readonly #options: QuestionCacheOptions<T>;
  /** Oldest first. */
  readonly #answers = new Map<string, Answer<T>>();
  readonly #open = new Map<string, Promise<readonly T[]>>();
  #refused = 0;

  constructor(options: QuestionCacheOptions<T>) {
    this.#options = options;
  }

  /** Since the start, for want of room. */
  get refused(): number {
    return this.#refused;
  }

  get size(): number {
    return this.#answers.size;
  }

  /** What is known; undefined when it has to be asked. */
  find(question: string): readonly T[] | undefined {
    const answer = this.#answers.get(question);
    if (answer === undefined) return undefined;
    if (this.#options.clock.monotonicMs() < answer.untilMs) return answer.values;
    this.#answers.delete(question);
    return undefined;
  }

  /** Empty when there is no answer. Never rejects. */
  ask(question: string): Promise<readonly T[]> {
    const known = this.find(question);
    if (known !== undefined) return Promise.resolve(known);
    const open = this.#open.get(question);
    if (open !== undefined) return open;
    if (this.#open.size >= this.#options.openMax) {
      this.#refused += 1;
      return Promise.resolve([]);
    }
    const asked = this.#askNow(question);
    this.#open.set(question, asked);
    return asked;
  }

  async #askNow(question: string): Promise<readonly T[]> {
    let values: readonly T[];
    try {
      values = await this.#options.ask(question);
    } catch {
      values = [];
    }
    this.#open.delete(question);
    this.#remember(question, values);
    return values;
  }

  #remember(question: string, values: readonly T[]): void {
    const { clock, answerMs, noAnswerMs, answersMax } = this.#options;
    this.#answers.delete(question);
    if (this.#answers.size >= answersMax) {
      const [oldest] = this.#answers.keys();
      if (oldest !== undefined) this.#answers.delete(oldest);
    }
    const untilMs = clock.monotonicMs() + (values.length > 0 ? answerMs : noAnswerMs);
    this.#answers.set(question, { values, untilMs });
  }
}
