import { assert, spec } from '../../../support/spec.js';
import { exitCodeOf, Signals, Stopped } from '../../../../ops/setup/signals.mjs';

function listen(): { signals: Signals; heard: string[]; at: (ms: number, signal: NodeJS.Signals) => void } {
  let nowMs = 0;
  const heard: string[] = [];
  const signals = new Signals(() => nowMs);
  signals.onSignal = (signal) => heard.push(signal);
  return {
    signals,
    heard,
    at: (ms, signal) => {
      nowMs = ms;
      signals.receive(signal);
    },
  };
}

spec('a signal', (it) => {
  it('that the terminal and npm both deliver is passed on once', () => {
    const { heard, at } = listen();
    at(1000, 'SIGINT');
    at(1004, 'SIGINT');
    assert.equal(heard, ['SIGINT']);
  });

  it('that an impatient person sends again is passed on again', () => {
    const { heard, at } = listen();
    at(1000, 'SIGINT');
    at(2000, 'SIGINT');
    assert.equal(heard, ['SIGINT', 'SIGINT']);
  });

  it('of another kind is passed on at once', () => {
    const { heard, at } = listen();
    at(1000, 'SIGINT');
    at(1001, 'SIGTERM');
    assert.equal(heard, ['SIGINT', 'SIGTERM']);
  });

  it('ends the set-up with the exit code that shells expect of the first one', () => {
    const { signals, at } = listen();
    signals.throwIfStopped();
    at(1, 'SIGTERM');
    at(2, 'SIGINT');
    try {
      signals.throwIfStopped();
      assert.unreachable();
    } catch (error) {
      assert.ok(error instanceof Stopped);
      assert.is(error.exitCode, 143);
    }
  });

  it('that ended a program becomes 128 and its number', () => {
    assert.is(exitCodeOf(null, 'SIGINT'), 130);
    assert.is(exitCodeOf(3, null), 3);
    assert.is(exitCodeOf(0, null), 0);
  });
});
