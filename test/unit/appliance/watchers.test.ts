import type { CallState } from '../../../appliance/call/call-types.js';
import { openCall } from '../../../appliance/call/next-call-state.js';
import { Watchers } from '../../../appliance/watchers.js';
import { FakeClock } from '../../../cluster/base/clock.js';
import { assert, spec } from '../../support/spec.js';

const seat = (seatId: string) => ({ kind: 'seat', seatId }) as const;

function callOf(changes: Partial<CallState>): CallState {
  const facts = { callId: 'c', sipCallId: 'i', home: 'a', mediaCallId: 'm', sdp: '', dialled: '1' };
  const party = { kind: 'trunk', trunkId: 't', number: '1' } as const;
  return { ...openCall({ ...facts, direction: 'inbound', party }, 0), ...changes };
}

const rung = callOf({
  ringing: { 'c-1': { legId: 'c-1', target: seat('s1'), offerId: undefined, hasRung: true } },
});
const talking = callOf({
  other: { legId: 'c-1', party: seat('s1'), sdp: '', isAnswered: true, isHolding: false },
});

class Bench {
  readonly clock = new FakeClock();
  readonly said: string[] = [];
  calls: readonly CallState[] = [];
  isElsewhere = false;
  waiting = 0;
  readonly watchers = new Watchers({
    clock: this.clock,
    signalling: {
      notify: (id, { body }) => {
        const what = /<state>(\w+)|Voice-Message: (\d+)/.exec(body);
        this.said.push(`${id} ${what?.[1] ?? what?.[2] ?? 'nothing'}`);
      },
    },
    findSeat: (extension) => (extension === '8001' ? 's1' : undefined),
    calls: () => this.calls,
    isBusyElsewhere: () => this.isElsewhere,
    callbacksFor: () => this.waiting,
  });

  async look(): Promise<string> {
    this.watchers.look();
    await this.clock.advance(100);
    return this.said.splice(0).join(', ');
  }
}

spec('phones that watch a seat', (it) => {
  it('hear at once how it is, and then of changes alone', async () => {
    const bench = new Bench();
    bench.watchers.add('x', '8001', 'dialog');
    assert.is(await bench.look(), 'x nothing');
    bench.calls = [rung];
    assert.is((await bench.look()) + (await bench.look()), 'x early');
    bench.calls = [rung, talking];
    assert.is(await bench.look(), 'x confirmed');
    bench.calls = [];
    bench.isElsewhere = true;
    assert.is(await bench.look(), '');
    bench.isElsewhere = false;
    assert.is(await bench.look(), 'x nothing');
  });

  it('hear who waits to be called back', async () => {
    const bench = new Bench();
    bench.watchers.add('x', '8001', 'message-summary');
    bench.waiting = 2;
    assert.is(await bench.look(), 'x 0, x 2');
  });

  it('hear all of it again when they ask again, and nothing when they do not watch any more', async () => {
    const bench = new Bench();
    bench.watchers.add('x', '8001', 'dialog');
    bench.watchers.refresh('x');
    assert.is(await bench.look(), 'x nothing, x nothing');
    bench.watchers.remove('x');
    bench.calls = [talking];
    assert.is(await bench.look(), '');
  });

  it('are refused for what is not there', () => {
    const { watchers } = new Bench();
    assert.equal(
      [
        watchers.statusOf('8001', 'dialog'),
        watchers.statusOf('9', 'dialog'),
        watchers.statusOf('8001', 'presence'),
      ],
      [202, 404, 489],
    );
  });
});
