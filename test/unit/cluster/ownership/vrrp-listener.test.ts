import { parseAdverts } from '../../../../cluster/ownership/vrrp-listener.js';
import { assert, spec } from '../../../support/spec.js';

/** VRRPv3 advert with one IPv4 address (RFC 5798 section 5.1). */
function advert(routerId: number, priority: number, kind = 0x31): number[] {
  return [kind, routerId, priority, 1, 0, 3, 0, 0, 10, 77, 0, 11];
}

spec('vrrp-listener', (it) => {
  it('adverts are told apart by their router id', () => {
    const bytes = Uint8Array.from([...advert(51, 200), ...advert(52, 250), ...advert(51, 200)]);
    assert.equal([...parseAdverts(bytes)], [51, 52]);
  });

  it('who leaves, other versions and halves do not count', () => {
    const bytes = Uint8Array.from([
      ...advert(51, 0),
      ...advert(52, 100, 0x21),
      ...advert(53, 100).slice(0, 11),
    ]);
    assert.is(parseAdverts(bytes).size, 0);
    assert.is(parseAdverts(new Uint8Array()).size, 0);
  });
});
