import { FixedGate, InterfaceGate } from '../../../../../appliance/sip-engine/transport/default-gate.js';
import { FakeClock } from '../../../../../cluster/base/clock.js';
import { assert, spec } from '../../../../support/spec.js';

spec('the gates of service addresses', (it) => {
  it('an address is owned while an interface has it, seen within 20 ms', async () => {
    const clock = new FakeClock();
    const addresses = new Set(['192.0.2.10']);
    let looks = 0;
    const gate = new InterfaceGate({
      clock,
      readAddresses: () => {
        looks += 1;
        return new Set(addresses);
      },
    });
    assert.is(gate.isOwned('192.0.2.10'), true);
    assert.is(gate.isOwned('192.0.2.11'), false);
    addresses.delete('192.0.2.10');
    assert.is(gate.isOwned('192.0.2.10'), true);
    assert.is(looks, 1);
    await clock.advance(20);
    assert.is(gate.isOwned('192.0.2.10'), false);
  });

  it('loopback and wildcards are always owned', () => {
    const gate = new InterfaceGate({ clock: new FakeClock(), readAddresses: () => new Set() });
    for (const address of ['127.0.0.1', '127.8.9.10', '::1', '0.0.0.0', '::']) {
      assert.is(gate.isOwned(address), true, address);
    }
    assert.is(gate.isOwned('128.0.0.1'), false);
    assert.is(gate.isOwned('2001:db8::1'), false);
  });

  it('the machine itself is asked by default', () => {
    assert.is(new InterfaceGate({ clock: new FakeClock() }).isOwned('192.0.2.77'), false);
  });

  it('a fixed gate knows what it was told', () => {
    const gate = new FixedGate(['192.0.2.10']);
    gate.own('192.0.2.11');
    gate.release('192.0.2.10');
    assert.equal(
      ['192.0.2.10', '192.0.2.11', '127.0.0.1'].map((address) => gate.isOwned(address)),
      [false, true, false],
    );
  });
});
