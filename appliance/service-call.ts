/** A call to the house itself, such as `*13`: something is done, a prompt says what came of it, the call ends. */
import type { Clock } from '../cluster/base/clock.js';
import type { Log } from '../cluster/base/log.js';
import type { Rng } from '../cluster/base/rng.js';
import type { MediaPort } from './call/media-port.js';
import type { IncomingCall, SignallingPort } from './call/signalling-port.js';
import type { PromptFiles } from './prompt-files.js';

export interface ServiceCallOptions {
  readonly incoming: IncomingCall;
  readonly media: MediaPort;
  readonly signalling: SignallingPort;
  readonly prompts: PromptFiles;
  readonly clock: Clock;
  readonly rng: Rng;
  readonly log: Log;
  readonly onEnd: () => void;
}

export class ServiceCall {
  readonly #options: ServiceCallOptions;
  #hasEnded = false;

  constructor(options: ServiceCallOptions) {
    this.#options = options;
  }

  /** The phone has hung up. */
  ended(): void {
    this.#hasEnded = true;
  }

  /** @param outcome names the prompt. Never rejects. */
  async run(outcome: Promise<string>): Promise<void> {
    const { incoming, media, signalling, rng, log, onEnd } = this.#options;
    const { callId, legId } = incoming;
    const leg = { mediaCallId: `${callId}-${Buffer.from(rng.bytes(8)).toString('hex')}`, legTag: legId };
    try {
      const prompt = await outcome;
      const answer = await media.openAlone(leg, incoming.sdp);
      if (await signalling.answer(legId, answer)) await this.#say(leg, prompt);
    } catch (error) {
      // What was asked for is done all the same; the phone hears a refusal instead of the prompt.
      log.warn({ err: error, leg: legId }, 'the prompt cannot be played');
      signalling.refuse(legId, 503);
    } finally {
      signalling.end(legId);
      onEnd();
      await media.close(leg.mediaCallId).catch(() => undefined);
    }
  }

  async #say(leg: { readonly mediaCallId: string; readonly legTag: string }, prompt: string): Promise<void> {
    const { media, prompts, clock } = this.#options;
    for (const file of prompts.spoken(prompt)) {
      if (this.#hasEnded) return;
      const { lengthMs } = await media.play(leg, [], { file });
      await clock.sleep(lengthMs);
    }
  }
}
