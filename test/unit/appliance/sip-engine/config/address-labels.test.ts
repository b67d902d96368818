import { placeListens } from '../../../../../appliance/sip-engine/config/address-labels.js';
import { assert, spec } from '../../../../support/spec.js';

const any = { protocol: 'udp', address: '*', port: 5060, localNets: [] } as const;

spec('every address of the machine', (it) => {
  const place = (...listens: Parameters<typeof placeListens>[0]): string[] =>
    placeListens(
      listens,
      [{ id: 'A', address: '192.0.2.9' }],
      ['127.0.0.1', '192.0.2.1', 'fe80::1', '::1'],
    ).map(({ protocol, address, port, addressId }) => `${protocol} ${address} ${String(port)} ${addressId}`);

  it('is each of them, with the service addresses that may come, without those of one link only', () => {
    assert.equal(place(any), [
      'udp 192.0.2.9 5060 A',
      'udp 127.0.0.1 5060 x0',
      'udp 192.0.2.1 5060 x1',
      'udp ::1 5060 x2',
    ]);
  });

  it('leaves out what is there by itself', () => {
    const placed = place(
      any,
      { ...any, address: '192.0.2.1' },
      { ...any, protocol: 'tcp', address: '127.0.0.1' },
    );
    assert.equal(
      placed.filter((one) => one.includes('192.0.2.1 ')),
      ['udp 192.0.2.1 5060 x0'],
    );
    assert.equal(
      placed.filter((one) => one.includes('127.0.0.1')),
      ['tcp 127.0.0.1 5060 x1', 'udp 127.0.0.1 5060 x1'],
    );
  });
});
