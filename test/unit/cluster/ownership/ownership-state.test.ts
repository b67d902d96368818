import type { OwnershipFact } from '../../../../cluster/ownership/ownership-fact.js';
import {
  decideFact,
  decideWeight,
  firstOwnershipState,
  LEAVE_MS_MAX,
  nextOwnershipState,
  OFFER_MS_MAX,
  type OwnershipState,
  type OwnershipStateName,
  type OwnershipStep,
  type OwnershipView,
} from '../../../../cluster/ownership/ownership-state.js';
import { assert, spec } from '../../../support/spec.js';

const IDENTITY = { own: 'a', partner: 'b' };
const NAMES: readonly OwnershipStateName[] = [
  'Other',
  'Preparing',
  'Taker',
  'Settled',
  'Offering',
  'Leaving',
  'Superseded',
];

/** What the partner may say to a node that knows generation 5; the move of the state is "m1". */
const PARTNERS: Readonly<Record<string, OwnershipFact | undefined>> = {
  silent: undefined,
  behind: { generation: 4, holder: 'b', isHeld: false },
  confirms: { generation: 5, holder: 'a', isHeld: false },
  stillHolds: { generation: 5, holder: 'a', isHeld: true },
  tie: { generation: 5, holder: 'b', isHeld: true },
  claims: { generation: 6, holder: 'b', isHeld: true },
  offers: { generation: 5, holder: 'b', isHeld: true, offer: 'm1' },
  prepared: { generation: 5, holder: 'a', isHeld: false, prepared: 'm1' },
};

const EARLY_MS = 10;
const LATE_MS = OFFER_MS_MAX + LEAVE_MS_MAX;

/** Rows: what the partner says, in the order of PARTNERS; for each: not master early, late, master early, late. */
const MATRIX: Readonly<Record<OwnershipStateName, readonly string[]>> = {
  Other: [
    'Other Other Taker Taker',
    'Other Other Taker Taker',
    'Other Other Taker Taker',
    'Other Other Taker Taker',
    'Other Other Taker Taker',
    'Other Other Taker Taker',
    'Preparing Preparing Taker Taker',
    'Other Other Taker Taker',
  ],
  Preparing: [
    'Other Other Taker Taker',
    'Other Other Taker Taker',
    'Other Other Taker Taker',
    'Other Other Taker Taker',
    'Other Other Taker Taker',
    'Other Other Taker Taker',
    'Preparing Other Taker Taker',
    'Other Other Taker Taker',
  ],
  Taker: [
    'Other Other Taker Taker',
    'Other Other Taker Taker',
    'Other Other Settled Settled',
    'Other Other Taker Taker',
    'Other Other Taker Taker',
    'Other Other Superseded Superseded',
    'Other Other Taker Taker',
    'Other Other Settled Settled',
  ],
  Settled: [
    'Other Other Settled Settled',
    'Other Other Settled Settled',
    'Other Other Settled Settled',
    'Other Other Settled Settled',
    'Other Other Settled Settled',
    'Other Other Superseded Superseded',
    'Other Other Settled Settled',
    'Other Other Settled Settled',
  ],
  Offering: [
    'Other Other Offering Settled',
    'Other Other Offering Settled',
    'Other Other Offering Settled',
    'Other Other Offering Settled',
    'Other Other Offering Settled',
    'Other Other Superseded Superseded',
    'Other Other Offering Settled',
    'Other Other Leaving Leaving',
  ],
  Leaving: [
    'Leaving Other Leaving Settled',
    'Leaving Other Leaving Settled',
    'Leaving Other Leaving Settled',
    'Leaving Other Leaving Settled',
    'Leaving Other Leaving Settled',
    'Other Other Other Other',
    'Leaving Other Leaving Settled',
    'Leaving Other Leaving Settled',
  ],
  Superseded: [
    'Other Other Taker Taker',
    'Other Other Taker Taker',
    'Other Other Taker Taker',
    'Other Other Taker Taker',
    'Other Other Taker Taker',
    'Other Other Superseded Superseded',
    'Other Other Taker Taker',
    'Other Other Taker Taker',
  ],
};

function inState(name: OwnershipStateName): OwnershipState {
  const hasMove = name === 'Preparing' || name === 'Offering' || name === 'Leaving';
  return { name, sinceMs: 0, generation: 5, holder: 'a', ...(hasMove ? { moveId: 'm1' } : {}) };
}

function step(name: OwnershipStateName, view: OwnershipView, nowMs = EARLY_MS): OwnershipStep {
  return nextOwnershipState(inState(name), view, IDENTITY, nowMs);
}

spec('ownership-state', (it) => {
  it('the full matrix of states and views is as written', () => {
    for (const name of NAMES) {
      const rows = Object.values(PARTNERS).map((partner) =>
        [false, true]
          .flatMap((isMaster) =>
            [EARLY_MS, LATE_MS].map(
              (nowMs) => step(name, { isMaster, canTake: true, partner }, nowMs).state.name,
            ),
          )
          .join(' '),
      );
      assert.equal(rows, MATRIX[name], name);
    }
  });

  it('asking again with the same view changes nothing more', () => {
    for (const name of NAMES) {
      for (const [said, partner] of Object.entries(PARTNERS)) {
        for (const isMaster of [false, true]) {
          const view = { isMaster, canTake: true, partner };
          const settled = [1, 2, 3].reduce(
            (state) => nextOwnershipState(state, view, IDENTITY, EARLY_MS).state,
            inState(name),
          );
          const again = nextOwnershipState(settled, view, IDENTITY, EARLY_MS);
          // Settled hears an order only through `order`; everything else has come to rest.
          assert.equal(
            again,
            { state: settled, effects: [] },
            `${name}, partner ${said}, ${String(isMaster)}`,
          );
        }
      }
    }
  });

  it('a taker raises the generation above everything that either side knows', () => {
    const above = step('Other', {
      isMaster: true,
      canTake: true,
      partner: { generation: 9, holder: 'b', isHeld: false },
    });
    assert.equal([above.state.generation, above.state.holder], [10, 'a']);
    const alone = step('Other', { isMaster: true, canTake: true, partner: undefined });
    assert.is(alone.state.generation, 6);
  });

  it('a node believes a partner that knows at least as much, never one that knows less', () => {
    const known = (partner: OwnershipFact | undefined): unknown => {
      const { generation, holder } = step('Other', { isMaster: false, canTake: true, partner }).state;
      return [generation, holder];
    };
    assert.equal(known(PARTNERS['behind']), [5, 'a']);
    assert.equal(known(PARTNERS['tie']), [5, 'b']);
    assert.equal(known(PARTNERS['claims']), [6, 'b']);
  });

  it('a taker keeps the highest priority until the partner has let go and said so', () => {
    assert.is(decideWeight(inState('Taker')), 150);
    const stillHolding = step('Taker', { isMaster: true, canTake: true, partner: PARTNERS['stillHolds'] });
    assert.is(decideWeight(stillHolding.state), 150);
    const confirmed = step('Taker', { isMaster: true, canTake: true, partner: PARTNERS['confirms'] });
    assert.is(decideWeight(confirmed.state), 100);
    assert.equal(confirmed.effects, [{ type: 'takeAddress' }], 'the last announcement is ours');
  });

  it('a superseded node takes the address off its interface and leaves', () => {
    const superseded = step('Settled', { isMaster: true, canTake: true, partner: PARTNERS['claims'] });
    assert.equal(superseded.effects, [{ type: 'dropAddress' }]);
    assert.is(decideWeight(superseded.state), -254);
  });

  it('a planned move goes over offer, preparation and leaving, and both sides end with one generation', () => {
    const offering = step('Settled', {
      isMaster: true,
      canTake: true,
      partner: PARTNERS['confirms'],
      order: 'm1',
    }).state;
    const offer = decideFact(offering, { isMaster: true, canTake: true, partner: PARTNERS['confirms'] });
    assert.is(offer.offer, 'm1');

    const other: OwnershipState = { name: 'Other', sinceMs: 0, generation: 5, holder: 'a' };
    const partnerIs = { own: 'b', partner: 'a' };
    const preparing = nextOwnershipState(
      other,
      { isMaster: false, canTake: true, partner: offer },
      partnerIs,
      20,
    );
    assert.equal(preparing.effects, [{ type: 'takeAddress' }]);
    const prepared = decideFact(preparing.state, { isMaster: false, canTake: true, partner: offer });

    const leaving = nextOwnershipState(
      offering,
      { isMaster: true, canTake: true, partner: prepared },
      IDENTITY,
      30,
    );
    assert.is(decideWeight(leaving.state), -254);

    const taker = nextOwnershipState(
      preparing.state,
      { isMaster: true, canTake: true, partner: offer },
      partnerIs,
      40,
    ).state;
    const claim = decideFact(taker, { isMaster: true, canTake: true, partner: offer });
    const left = nextOwnershipState(
      leaving.state,
      { isMaster: false, canTake: true, partner: claim },
      IDENTITY,
      50,
    );
    assert.equal(left.effects, [{ type: 'endMove', moveId: 'm1', how: 'moved' }]);
    assert.equal([left.state.generation, left.state.holder], [6, 'b']);

    const confirmation = decideFact(left.state, { isMaster: false, canTake: true, partner: claim });
    const settled = nextOwnershipState(
      taker,
      { isMaster: true, canTake: true, partner: confirmation },
      partnerIs,
      60,
    ).state;
    assert.equal([settled.name, settled.generation], ['Settled', 6]);
  });

  it('a move whose partner does not prepare, or does not take, ends with its reason and without a loss', () => {
    const view = { isMaster: true, canTake: true, partner: PARTNERS['confirms'] };
    const notPrepared = step('Offering', view, OFFER_MS_MAX);
    assert.equal(notPrepared.effects, [{ type: 'endMove', moveId: 'm1', how: 'notPrepared' }]);
    const notTaken = step('Leaving', { ...view, isMaster: false }, LEAVE_MS_MAX);
    assert.equal(notTaken.effects, [{ type: 'endMove', moveId: 'm1', how: 'notTaken' }]);
    assert.is(decideWeight(notTaken.state), 0);
  });

  it('a partner that is offered an address while it is withdrawn takes it off again', () => {
    const step2 = step('Preparing', { isMaster: false, canTake: true, partner: PARTNERS['tie'] });
    assert.equal(step2.effects, [{ type: 'dropAddress' }]);
  });

  it('a node whose keepalived is not ready does not prepare, so its partner does not leave', () => {
    const notReady = step('Other', { isMaster: false, canTake: false, partner: PARTNERS['offers'] });
    assert.equal([notReady.state.name, notReady.effects], ['Other', []]);
  });

  it('a node service that is restarted on the owner raises no generation', () => {
    const known = { generation: 7, holder: 'a', isHeld: true };
    const first = firstOwnershipState(IDENTITY, known, true);
    assert.equal([first.name, first.generation], ['Taker', 7]);
    assert.is(firstOwnershipState(IDENTITY, known, false).name, 'Other');
    assert.is(firstOwnershipState(IDENTITY, undefined, true).name, 'Other');
    assert.is(firstOwnershipState(IDENTITY, { ...known, holder: 'b' }, true).name, 'Other');
  });
});
