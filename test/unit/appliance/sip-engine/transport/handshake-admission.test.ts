import { HandshakeAdmission } from '../../../../../appliance/sip-engine/transport/handshake-admission.js';
import { FakeClock } from '../../../../../cluster/base/clock.js';
import { assert, spec } from '../../../../support/spec.js';

function admission(limits: Partial<ConstructorParameters<typeof HandshakeAdmission>[1]>): {
  clock: FakeClock;
  admission: HandshakeAdmission;
  begun: string[];
  enter: (name: string) => (() => void) | undefined;
} {
  const clock = new FakeClock();
  const begun: string[] = [];
  const defaults = { handshakesPerSecond: 1000, handshakesMax: 100, handshakesWaitingMax: 100 };
  const one = new HandshakeAdmission(clock, { ...defaults, ...limits });
  return { clock, admission: one, begun, enter: (name) => one.enter(() => begun.push(name)) };
}

spec('the admission of handshakes', (it) => {
  it('so many run at once, the next begins when one is over', () => {
    const { begun, enter, admission: one } = admission({ handshakesMax: 2 });
    const [a] = ['a', 'b', 'c', 'd'].map(enter);
    assert.equal(begun, ['a', 'b']);
    a?.();
    a?.();
    assert.equal(begun, ['a', 'b', 'c']);
    assert.is(one.size, 3);
  });

  it('so many begin per second', async () => {
    const { begun, enter, clock } = admission({ handshakesPerSecond: 10 });
    for (const name of ['a', 'b', 'c']) enter(name);
    assert.equal(begun, ['a']);
    await clock.advance(100);
    assert.equal(begun, ['a', 'b']);
    await clock.advance(101);
    assert.equal(begun, ['a', 'b', 'c']);
    assert.is(clock.pendingTimers, 0);
  });

  it('so many may wait, and who leaves while waiting never begins', async () => {
    const {
      begun,
      enter,
      clock,
      admission: one,
    } = admission({ handshakesPerSecond: 10, handshakesWaitingMax: 2 });
    const [, b] = ['a', 'b', 'c'].map(enter);
    assert.is(enter('d'), undefined);
    b?.();
    assert.type(enter('e'), 'function');
    await clock.advance(1000);
    assert.equal(begun, ['a', 'c', 'e']);
    assert.is(one.size, 3);
  });

  it('nothing begins after the end', async () => {
    const { begun, enter, clock, admission: one } = admission({ handshakesPerSecond: 10 });
    for (const name of ['a', 'b']) enter(name);
    one.close();
    await clock.advance(1000);
    assert.equal(begun, ['a']);
    assert.is(clock.pendingTimers, 0);
  });
});
