import { seededRng } from '../../../../cluster/base/rng.js';
import { decideDeparture, DEFAULT_IMPAIRMENT, mergeImpairment } from '../../../../ops/lab/wan/impairment.js';
import { assert, spec } from '../../../support/spec.js';

spec('WAN impairment', (it) => {
  it('a packet leaves after the delay and within the jitter', (t) => {
    const link = { ...DEFAULT_IMPAIRMENT, delayMs: 30, jitterMs: 10 };
    for (let nowMs = 0; nowMs < 1000; nowMs += 10) {
      const departure = decideDeparture(link, 0, nowMs, t.rng) ?? -1;
      assert.ok(departure >= nowMs + 30 && departure < nowMs + 40);
    }
  });

  it('no packet overtakes the one before it', (t) => {
    const link = { ...DEFAULT_IMPAIRMENT, jitterMs: 50 };
    let last = 0;
    for (let nowMs = 0; nowMs < 1000; nowMs += 1) {
      const departure = decideDeparture(link, last, nowMs, t.rng) ?? -1;
      assert.ok(departure >= last);
      last = departure;
    }
  });

  it('loss is as frequent as asked, and a cut lets nothing pass', () => {
    const rng = seededRng('loss');
    const lossy = { ...DEFAULT_IMPAIRMENT, lossPercent: 10 };
    const lost = Array.from({ length: 10_000 }, () => decideDeparture(lossy, 0, 0, rng)).filter(
      (at) => at === undefined,
    );
    assert.ok(lost.length > 900 && lost.length < 1100, String(lost.length));
    assert.is(decideDeparture({ ...DEFAULT_IMPAIRMENT, cut: true }, 0, 0, rng), undefined);
  });

  it('a change keeps what it does not name, and a bad value is refused by name', () => {
    assert.equal(mergeImpairment(DEFAULT_IMPAIRMENT, { delayMs: 30, lossPercent: 2 }), {
      ...DEFAULT_IMPAIRMENT,
      delayMs: 30,
      lossPercent: 2,
    });
    for (const [field, value] of Object.entries({ delayMs: -1, jitterMs: 'x', lossPercent: 101, cut: 1 })) {
      assert.match(
        JSON.stringify(mergeImpairment(DEFAULT_IMPAIRMENT, { [field]: value })),
        new RegExp(field),
      );
    }
  });
});
