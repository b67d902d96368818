import { openCall } from '../../../appliance/call/next-call-state.js';
import type { CallEvent, CallState } from '../../../appliance/call/call-types.js';
import type { MediaPort } from '../../../appliance/call/media-port.js';
import type { SignallingPort } from '../../../appliance/call/signalling-port.js';
import { PromptFiles } from '../../../appliance/prompt-files.js';
import { RunningCall, type CallHouse } from '../../../appliance/running-call.js';
import { FakeClock } from '../../../cluster/base/clock.js';
import { openLog } from '../../../cluster/base/log.js';
import { mediaErrors } from '../../../appliance/media/errors.js';
import { assert, spec } from '../../support/spec.js';

/** A call whose relay and SIP write down what they are asked, and do what the test says. */
class Bench {
  readonly said: string[] = [];
  readonly closed: string[] = [];
  readonly clock = new FakeClock();
  readonly call: RunningCall;
  isRelayIll = false;
  fault: string | undefined;

  readonly #note = (text: string): void => void this.said.push(text);

  constructor() {
    const note = this.#note;
    const relay = (text: string): Promise<string> => {
      note(text);
      return this.isRelayIll
        ? Promise.reject(mediaErrors.MEDIA_NO_ANSWER({ command: text, deadlineMs: 1500 }))
        : Promise.resolve('answer');
    };
    const media: MediaPort = {
      isHung: false,
      adopt: () => undefined,
      unblock: () => Promise.resolve(),
      takeOver: () => Promise.resolve(),
      openAlone: () => relay('alone'),
      offerAlone: () => relay('offer alone'),
      answerAlone: () => relay('answer alone').then(() => undefined),
      offerFrom: (_leg, _sdp, branch, profile) => relay(`offer ${branch} ${profile}`),
      joinTo: (_leg, _offered, other) => relay(`join ${other.legTag}`),
      renew: () => relay('renew'),
      play: (leg, _others, { file }) =>
        relay(`play ${leg.legTag} ${file.replace(/^.*\//, '')}`).then(() => ({ lengthMs: 1000 })),
      stopPlaying: (leg) => relay(`stop ${leg.legTag}`).then(() => undefined),
      close: (id) => {
        this.closed.push(id);
        return relay('close').then(() => ({}));
      },
    };
    const signalling: SignallingPort = {
      forget: () => undefined,
      adoptLegs: () => Promise.resolve(new Set()),
      ringBack: () => {
        note('180');
      },
      answer: () => {
        note('200');
        return Promise.resolve(true);
      },
      refuse: (_legId, status) => {
        note(String(status));
      },
      call: ({ legId }) => {
        note(`INVITE ${legId}`);
      },
      end: (legId) => {
        note(`end ${legId}`);
      },
      renegotiate: () => relay('re-INVITE'),
      notifyReferral: () => undefined,
      register: () => Promise.resolve({ status: 200, expiresSeconds: 60 }),
      notify: () => undefined,
      probe: () => Promise.resolve(200),
    };
    const facts = {
      ...{ callId: 'c', sipCallId: 'i', home: 'a', mediaCallId: 'm' },
      sdp: 'offer',
      dialled: '1',
      party: { kind: 'trunk', trunkId: 'main', number: '1' },
      direction: 'inbound',
    } as const;
    this.call = new RunningCall(openCall(facts, this.clock.wallMs()), {
      ...{
        media,
        signalling,
        house: this.#house(),
        prompts: new PromptFiles('/prompts', ['zh']),
        clock: this.clock,
      },
      log: openLog({ name: 'test', level: 'silent' }),
    });
  }

  #house(): CallHouse {
    return {
      findRoute: () => ({
        ...{ devices: [['sip:8001@a']], from: { number: '1', name: undefined }, headers: {} },
        ...{ credentials: undefined, localAddress: undefined, ringMs: 1000, media: 'rtp' },
      }),
      enqueue: () => {
        if (this.fault !== undefined) throw new TypeError(this.fault);
        this.#note('enqueue');
      },
      leaveQueue: () => undefined,
      moveInQueue: () => undefined,
      keepPlace: () => {
        this.#note('place kept');
      },
      raiseEmergency: () => undefined,
      undoEmergency: () => undefined,
      claimOffer: () => undefined,
      refuseOffer: () => undefined,
      seatBusy: () => undefined,
      seatFree: () => undefined,
      ownLeg: () => undefined,
      onState: () => undefined,
      onStep: () => undefined,
      onClosed: (_state: CallState, reason) => {
        this.#note(`closed ${reason}`);
      },
    };
  }

  async do(event: CallEvent, afterMs = 0): Promise<string> {
    this.said.length = 0;
    this.call.apply(event);
    await this.clock.advance(afterMs);
    return this.said.join(', ');
  }
}

const place = { departmentId: 'd', priority: 0, skills: [], arrivedWallMs: 0, trigger: undefined };
const queued: CallEvent = { kind: 'queued', place };
const offered: CallEvent = { kind: 'seatOffered', offerId: 'o', seatId: 's1' };

spec('a call at work', (it) => {
  it('greets who waits, then plays music, and says nothing to who is answered at once', async () => {
    const bench = new Bench();
    assert.is(
      await bench.do(queued, 10_000),
      'enqueue, alone, 200, play c-0 greeting.wav, play c-0 hold.wav',
    );
    const quick = new Bench();
    await quick.do(queued);
    await quick.do(offered);
    await quick.do({ kind: 'legAnswered', legId: 'c-1', sdp: 'x' });
    assert.is(await quick.do({ kind: 'offerGranted', offerId: 'o', seatId: 's1' }, 10_000), 'join c-1');
    assert.is(quick.call.state.name, 'talking');
  });

  it('refuses a caller whom the relay cannot answer', async () => {
    const bench = new Bench();
    bench.isRelayIll = true;
    assert.is(await bench.do(queued), 'enqueue, alone, 503, close, closed refused');
  });

  it('does not ring for a seat that was withdrawn while the relay made its offer', async () => {
    const bench = new Bench();
    await bench.do(queued);
    bench.call.apply(offered);
    const said = await bench.do({ kind: 'offerWithdrawn', offerId: 'o', seatId: 's1' });
    assert.is(said, 'end c-1, offer c-1 rtp');
  });

  it('stops the farewell when its caller has hung up', async () => {
    const bench = new Bench();
    await bench.do(queued, 10_000);
    assert.is(await bench.do({ kind: 'waitedTooLong' }), 'play c-0 maxWait.wav');
    assert.is(await bench.do({ kind: 'legEnded', legId: 'c-0' }), 'end c-0, close, closed maxWait');
  });

  it('that meets a fault of ours is ended, and nothing is thrown at who told it', async () => {
    const bench = new Bench();
    bench.fault = 'a fault';
    assert.is(await bench.do(queued), 'end c-0, closed internalError, close');
    assert.is(bench.call.state.name, 'ended');
  });

  /** A call in which the seat alone encrypts. */
  async function talkSealed(): Promise<Bench> {
    const bench = new Bench();
    await bench.do(queued, 1000);
    await bench.do(offered);
    await bench.do({ kind: 'legAnswered', legId: 'c-1', sdp: 'm=audio 4000 RTP/SAVP 8' });
    await bench.do({ kind: 'offerGranted', offerId: 'o', seatId: 's1' }, 100);
    bench.said.length = 0;
    return bench;
  }

  it('gives fresh keys, from a call at the relay of their own, to the party that alone encrypts', async () => {
    const bench = await talkSealed();
    await bench.call.rekey('fresh');
    assert.is(bench.said.join(', '), 'offer c-1 srtp, re-INVITE, join c-1, re-INVITE, close');
    assert.is(bench.call.state.mediaCallId, 'fresh');
  });

  it('gives fresh keys to who is on hold when both are to be heard again', async () => {
    const bench = await talkSealed();
    const held = { kind: 'legRenegotiated', legId: 'c-1', sdp: 'm=audio 4000 RTP/SAVP 8' } as const;
    await bench.do({ ...held, isHold: true }, 10);
    bench.said.length = 0;
    await bench.call.rekey('fresh');
    assert.equal(bench.said, []);
    assert.is(await bench.do({ ...held, isHold: false }, 100), 'stop c-0');
    await bench.clock.advance(100);
    assert.is(bench.call.state.mediaCallId, 'fresh');
  });

  it('keeps what it has when fresh keys cannot be had', async () => {
    const bench = await talkSealed();
    bench.isRelayIll = true;
    await bench.call.rekey('fresh');
    assert.is(bench.call.state.mediaCallId, 'm');
    assert.is(bench.said.at(-1), 'close');
  });

  it('leaves nothing at the relay when the call ends while fresh keys are made', async () => {
    const bench = await talkSealed();
    const done = bench.call.rekey('fresh');
    bench.call.apply({ kind: 'legEnded', legId: 'c-0' });
    await done;
    await bench.clock.advance(0);
    assert.equal([...bench.closed].sort(), ['fresh', 'm']);
  });
});
