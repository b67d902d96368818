import type { OwnershipClaim } from '../../../../cluster/ownership/ownership-fact.js';
import {
  decideClaim,
  decideRepair,
  decideWeight,
  DOUBT_MS_MAX,
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
  'Doubting',
  'Yielding',
  'Taker',
  'Settled',
  'Offering',
  'Leaving',
  'Superseded',
];

/** What the partner may say to a node that knows generation 5; the move of the state is "m1". */
const PARTNERS: Readonly<Record<string, OwnershipClaim | undefined>> = {
  silent: undefined,
  behind: { generation: 4, holder: 'b', isHeld: false, yields: 0 },
  confirms: { generation: 5, holder: 'a', isHeld: false, yields: 0 },
  stillHolds: { generation: 5, holder: 'a', isHeld: true, yields: 0 },
  tie: { generation: 5, holder: 'b', isHeld: true, yields: 0 },
  claims: { generation: 6, holder: 'b', isHeld: true, yields: 0 },
  offers: { generation: 5, holder: 'b', isHeld: true, yields: 0, offer: 'm1' },
  prepared: { generation: 5, holder: 'a', isHeld: false, yields: 0, prepared: 'm1' },
};

const EARLY_MS = 10;
const LATE_MS = OFFER_MS_MAX + LEAVE_MS_MAX;

/** Rows: what a partner that lives says, in the order of PARTNERS; for each: not master early, late, master early, late. */
const MATRIX: Readonly<Record<OwnershipStateName, readonly string[]>> = {
  Other: [
    'Other Other Taker Taker',
    'Other Other Taker Taker',
    'Other Other Taker Taker',
    'Other Other Taker Taker',
    'Other Other Doubting Doubting',
    'Other Other Doubting Doubting',
    'Preparing Preparing Doubting Doubting',
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
  Doubting: [
    'Other Other Taker Taker',
    'Other Other Taker Taker',
    'Other Other Taker Taker',
    'Other Other Taker Taker',
    'Other Other Doubting Yielding',
    'Other Other Doubting Yielding',
    'Other Other Doubting Yielding',
    'Other Other Taker Taker',
  ],
  Yielding: [
    'Other Other Other Other',
    'Other Other Other Other',
    'Other Other Other Other',
    'Other Other Other Other',
    'Yielding Yielding Yielding Yielding',
    'Yielding Yielding Yielding Yielding',
    'Yielding Yielding Yielding Yielding',
    'Other Other Other Other',
  ],
  Taker: [
    'Other Other Taker Taker',
    'Other Other Taker Taker',
    'Other Other Settled Settled',
    'Other Other Taker Taker',
    'Other Other Taker Superseded',
    'Other Other Superseded Superseded',
    'Other Other Taker Superseded',
    'Other Other Settled Settled',
  ],
  Settled: [
    'Other Other Settled Settled',
    'Other Other Settled Settled',
    'Other Other Settled Settled',
    'Other Other Settled Settled',
    'Other Other Settled Superseded',
    'Other Other Superseded Superseded',
    'Other Other Settled Superseded',
    'Other Other Settled Settled',
  ],
  Offering: [
    'Other Other Offering Settled',
    'Other Other Offering Settled',
    'Other Other Offering Settled',
    'Other Other Offering Settled',
    'Other Other Offering Superseded',
    'Other Other Superseded Superseded',
    'Other Other Offering Superseded',
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
    'Other Other Superseded Superseded',
    'Other Other Superseded Superseded',
    'Other Other Superseded Superseded',
    'Other Other Taker Taker',
  ],
};

/** What differs when the partner has been silent for a second: what it said last is no reason to hold back. */
const SILENT_ROWS: Readonly<Partial<Record<OwnershipStateName, Readonly<Record<string, string>>>>> = {
  Other: {
    tie: 'Other Other Taker Taker',
    claims: 'Other Other Taker Taker',
    offers: 'Preparing Preparing Taker Taker',
  },
  Doubting: {
    tie: 'Other Other Taker Taker',
    claims: 'Other Other Taker Taker',
    offers: 'Other Other Taker Taker',
  },
  Yielding: {
    tie: 'Other Other Other Other',
    claims: 'Other Other Other Other',
    offers: 'Other Other Other Other',
  },
  Superseded: {
    tie: 'Other Other Taker Taker',
    claims: 'Other Other Taker Taker',
    offers: 'Other Other Taker Taker',
  },
};

/** A partner that lives and, where it matters, is not heard. */
function look(seen: Partial<OwnershipView>): OwnershipView {
  return {
    isMaster: false,
    canTake: true,
    partner: undefined,
    partnerSilentMs: 0,
    hearsPartner: false,
    isOnInterface: false,
    ...seen,
  };
}

function inState(name: OwnershipStateName): OwnershipState {
  const hasMove = name === 'Preparing' || name === 'Offering' || name === 'Leaving';
  return {
    name,
    sinceMs: 0,
    generation: 5,
    holder: 'a',
    yields: 0,
    yieldsAnswered: 0,
    ...(hasMove ? { moveId: 'm1' } : {}),
  };
}

function step(name: OwnershipStateName, view: OwnershipView, nowMs = EARLY_MS): OwnershipStep {
  return nextOwnershipState(inState(name), view, IDENTITY, nowMs);
}

spec('ownership-state', (it) => {
  const rowOf = (name: OwnershipStateName, seen: Partial<OwnershipView>): string =>
    [false, true]
      .flatMap((isMaster) =>
        [EARLY_MS, LATE_MS].map((nowMs) => step(name, look({ ...seen, isMaster }), nowMs).state.name),
      )
      .join(' ');

  it('the full matrix of states and views is as written', () => {
    for (const name of NAMES) {
      const rows = Object.values(PARTNERS).map((partner) => rowOf(name, { partner }));
      assert.equal(rows, MATRIX[name], name);
      const silent = Object.entries(PARTNERS).flatMap(([said, partner], index) => {
        const row = rowOf(name, { partner, partnerSilentMs: 1000 });
        return row === rows[index] ? [] : [[said, row] as const];
      });
      assert.equal(Object.fromEntries(silent), SILENT_ROWS[name] ?? {}, name);
    }
  });

  it('lost adverts: nothing is taken from a partner that lives, and it is told to call phones back', () => {
    const partner = PARTNERS['claims'];
    const master = look({ isMaster: true, partner });
    const doubting = step('Other', master);
    assert.equal([doubting.state.name, decideWeight(doubting.state)], ['Doubting', 0]);
    const yielding = nextOwnershipState(doubting.state, master, IDENTITY, EARLY_MS + DOUBT_MS_MAX).state;
    assert.equal([yielding.name, decideWeight(yielding), yielding.yields], ['Yielding', -254, 1]);
    assert.equal([yielding.generation, yielding.holder], [6, 'b'], 'no generation is raised');
    const heard = nextOwnershipState(yielding, look({ partner, hearsPartner: true }), IDENTITY, 500);
    assert.is(heard.state.name, 'Other');

    const owner = { ...inState('Settled'), generation: 6, holder: 'b' };
    const claim = decideClaim(yielding, look({ partner }));
    const asOwner = { own: 'b', partner: 'a' };
    const called = nextOwnershipState(owner, look({ isMaster: true, partner: claim }), asOwner, 0);
    assert.equal(called.effects, [{ type: 'announceAddress' }]);
    const again = nextOwnershipState(called.state, look({ isMaster: true, partner: claim }), asOwner, 0);
    assert.equal(again.effects, []);
  });

  it('a partner whose keepalived lets go while it is doubted is followed at once', () => {
    const partner: OwnershipClaim = { generation: 5, holder: 'b', isHeld: false, yields: 0 };
    const taker = step('Doubting', look({ isMaster: true, partner })).state;
    assert.equal([taker.name, taker.generation, taker.holder], ['Taker', 6, 'a']);
  });

  it('a node service without its memory counts on from what the partner remembers of it', () => {
    const partner: OwnershipClaim = { generation: 9, holder: 'a', isHeld: false, yields: 0 };
    const taker = step('Taker', look({ isMaster: true, partner }));
    assert.equal([taker.state.name, taker.state.generation], ['Taker', 10]);
  });

  it('the interface is repaired when it is not what the state says, never while keepalived is about to change it', () => {
    const repairs = NAMES.map((name) =>
      [false, true]
        .flatMap((isMaster) =>
          [false, true].map(
            (isOnInterface) => decideRepair(inState(name), look({ isMaster, isOnInterface })) ?? '-',
          ),
        )
        .join(' '),
    );
    // Not master without and with the address, master without and with it.
    assert.equal(Object.fromEntries(NAMES.map((name, index) => [name, repairs[index]])), {
      Other: '- drop - -',
      Preparing: 'take - take -',
      Doubting: '- - - -',
      Yielding: '- drop - -',
      Taker: '- - take -',
      Settled: '- - take -',
      Offering: '- - take -',
      Leaving: '- - - -',
      Superseded: '- drop - drop',
    });
  });

  it('asking again with the same view changes nothing more', () => {
    for (const name of NAMES) {
      for (const [said, partner] of Object.entries(PARTNERS)) {
        for (const isMaster of [false, true]) {
          const view = look({ isMaster, partner });
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
    const above = step(
      'Other',
      look({ isMaster: true, partner: { generation: 9, holder: 'b', isHeld: false, yields: 0 } }),
    );
    assert.equal([above.state.generation, above.state.holder], [10, 'a']);
    const alone = step('Other', look({ isMaster: true, partner: undefined }));
    assert.is(alone.state.generation, 6);
  });

  it('a node believes a partner that knows at least as much, never one that knows less', () => {
    const known = (partner: OwnershipClaim | undefined): unknown => {
      const { generation, holder } = step('Other', look({ partner })).state;
      return [generation, holder];
    };
    assert.equal(known(PARTNERS['behind']), [5, 'a']);
    assert.equal(known(PARTNERS['tie']), [5, 'b']);
    assert.equal(known(PARTNERS['claims']), [6, 'b']);
  });

  it('a taker keeps the highest priority until the partner has let go and said so', () => {
    assert.is(decideWeight(inState('Taker')), 150);
    const stillHolding = step('Taker', look({ isMaster: true, partner: PARTNERS['stillHolds'] }));
    assert.is(decideWeight(stillHolding.state), 150);
    const confirmed = step('Taker', look({ isMaster: true, partner: PARTNERS['confirms'] }));
    assert.is(decideWeight(confirmed.state), 100);
    assert.equal(confirmed.effects, [{ type: 'announceAddress' }], 'the last announcement is ours');
  });

  it('a superseded node takes the address off its interface and leaves', () => {
    const superseded = step('Settled', look({ isMaster: true, partner: PARTNERS['claims'] }));
    assert.equal(superseded.effects, [{ type: 'dropAddress' }]);
    assert.is(decideWeight(superseded.state), -254);
  });

  it('a planned move goes over offer, preparation and leaving, and both sides end with one generation', () => {
    const offering = step(
      'Settled',
      look({ isMaster: true, partner: PARTNERS['confirms'], order: 'm1' }),
    ).state;
    const offer = decideClaim(offering, look({ isMaster: true, partner: PARTNERS['confirms'] }));
    assert.is(offer.offer, 'm1');

    const other: OwnershipState = { ...inState('Other') };
    const partnerIs = { own: 'b', partner: 'a' };
    const preparing = nextOwnershipState(
      other,
      look({ isMaster: false, isOnInterface: true, partner: offer }),
      partnerIs,
      20,
    );
    assert.equal(preparing.effects, [{ type: 'takeAddress' }]);
    const prepared = decideClaim(
      preparing.state,
      look({ isMaster: false, isOnInterface: true, partner: offer }),
    );

    const leaving = nextOwnershipState(offering, look({ isMaster: true, partner: prepared }), IDENTITY, 30);
    assert.is(decideWeight(leaving.state), -254);

    const taker = nextOwnershipState(
      preparing.state,
      look({ isMaster: true, partner: offer }),
      partnerIs,
      40,
    ).state;
    const claim = decideClaim(taker, look({ isMaster: true, partner: offer }));
    const left = nextOwnershipState(leaving.state, look({ isMaster: false, partner: claim }), IDENTITY, 50);
    assert.equal(left.effects, [{ type: 'endMove', moveId: 'm1', how: 'moved' }]);
    assert.equal([left.state.generation, left.state.holder], [6, 'b']);

    const confirmation = decideClaim(left.state, look({ isMaster: false, partner: claim }));
    const settled = nextOwnershipState(
      taker,
      look({ isMaster: true, partner: confirmation }),
      partnerIs,
      60,
    ).state;
    assert.equal([settled.name, settled.generation], ['Settled', 6]);
  });

  it('a move whose partner does not prepare, or does not take, ends with its reason and without a loss', () => {
    const view = look({ isMaster: true, partner: PARTNERS['confirms'] });
    const notPrepared = step('Offering', view, OFFER_MS_MAX);
    assert.equal(notPrepared.effects, [{ type: 'endMove', moveId: 'm1', how: 'notPrepared' }]);
    const notTaken = step('Leaving', { ...view, isMaster: false }, LEAVE_MS_MAX);
    assert.equal(notTaken.effects, [{ type: 'endMove', moveId: 'm1', how: 'notTaken' }]);
    assert.is(decideWeight(notTaken.state), 0);
  });

  it('a partner that is offered an address while it is withdrawn takes it off again', () => {
    const step2 = step('Preparing', look({ isMaster: false, partner: PARTNERS['tie'] }));
    assert.equal(step2.effects, [{ type: 'dropAddress' }]);
  });

  it('a node whose keepalived is not ready does not prepare, so its partner does not leave', () => {
    const notReady = step('Other', look({ isMaster: false, canTake: false, partner: PARTNERS['offers'] }));
    assert.equal([notReady.state.name, notReady.effects], ['Other', []]);
  });

  it('a node service that is restarted on the owner raises no generation', () => {
    const known = { generation: 7, holder: 'a', isHeld: true, yields: 0 };
    const first = firstOwnershipState(IDENTITY, known, true);
    assert.equal([first.name, first.generation], ['Taker', 7]);
    assert.is(firstOwnershipState(IDENTITY, known, false).name, 'Other');
    assert.is(firstOwnershipState(IDENTITY, undefined, true).name, 'Other');
    assert.is(firstOwnershipState(IDENTITY, { ...known, holder: 'b' }, true).name, 'Other');
  });
});
