import { parseOwnershipFact } from '../../../../cluster/ownership/ownership-fact.js';
import { assert, spec } from '../../../support/spec.js';

spec('ownership-fact', (it) => {
  it('a fact is read back as it was written', () => {
    const fact = {
      generation: 3,
      holder: 'a',
      isHeld: true,
      beat: 9,
      yields: 2,
      offer: 'm1',
      prepared: 'm2',
    };
    assert.equal(parseOwnershipFact(JSON.stringify(fact)), fact);
  });

  it('what a newer release adds is passed over', () => {
    const text = '{"generation":1,"holder":"a","isHeld":false,"beat":4,"yields":0,"mood":"good"}';
    const fact = { generation: 1, holder: 'a', isHeld: false, beat: 4, yields: 0 };
    assert.equal(parseOwnershipFact(text), fact);
  });

  it('an older release tells no beat: it never counts as going on', () => {
    const fact = parseOwnershipFact('{"generation":1,"holder":"a","isHeld":false}');
    assert.equal([fact?.beat, fact?.yields], [0, 0]);
  });

  it('what is no fact counts as nothing known', () => {
    const bad = [
      undefined,
      '',
      'null',
      '7',
      '{',
      '{}',
      '{"generation":-1,"holder":"a","isHeld":true}',
      '{"generation":1.5,"holder":"a","isHeld":true}',
      '{"generation":1e300,"holder":"a","isHeld":true}',
      '{"generation":1,"holder":1,"isHeld":true}',
      '{"generation":1,"holder":"a"}',
    ];
    for (const text of bad) assert.is(parseOwnershipFact(text), undefined, text);
  });
});
