/** The ways to registered phones (RFC 5626). */
import { FakeClock } from '../../../../../cluster/base/clock.js';
import {
  bindingKey,
  BindingTable,
  type Binding,
} from '../../../../../appliance/sip-engine/flow/binding-table.js';
import { assert, spec } from '../../../../support/spec.js';
import { FLOW } from '../engine/sip-text.js';

function table(bindingsMax = 10) {
  const clock = new FakeClock();
  const removed: string[] = [];
  const bindings = new BindingTable({
    clock,
    bindingsMax,
    onRemoved: ({ contact }) => removed.push(contact),
  });
  const put = (contact: string, changes: Partial<Binding> = {}): void => {
    const expiresWallMs = clock.wallMs() + 60_000;
    bindings.put({ contact, addressId: 'a', flow: FLOW, expiresWallMs, ...changes });
  };
  return { clock, bindings, put, removed };
}

spec('the key of a binding', (it) => {
  it('is user, host and port of any spelling of the URI', () => {
    const key = 'tina@10.77.1.80:5060';
    for (const uri of [
      'sip:tina@10.77.1.80:5060',
      'SIPS:Tina@10.77.1.80:5060;transport=tls',
      'sip:tina@10.77.1.80:5060?x=y',
      'sip:tina@10.77.1.80:5060;a=b?x=y',
    ]) {
      assert.is(bindingKey(uri), key);
    }
    assert.is.not(bindingKey('sip:tina@10.77.1.80'), key);
  });
});

spec('the table of bindings', (it) => {
  it('finds the way of a Contact until it expires', async () => {
    const { clock, bindings, put, removed } = table();
    put('sip:tina@10.77.1.80');
    assert.is(bindings.find('sip:tina@10.77.1.80;transport=tcp')?.flow, FLOW);
    await clock.advance(59_999);
    assert.ok(bindings.find('sip:tina@10.77.1.80') !== undefined);
    await clock.advance(1);
    assert.is(bindings.find('sip:tina@10.77.1.80'), undefined);
    assert.equal([bindings.size, removed], [0, ['sip:tina@10.77.1.80']]);
  });

  it('takes the new way of a Contact that comes again, without removing anything', () => {
    const { bindings, put, removed } = table();
    put('sip:tina@10.77.1.80');
    put('sip:tina@10.77.1.80', { flow: { ...FLOW, remotePort: 9 } });
    assert.is(bindings.find('sip:tina@10.77.1.80')?.flow.remotePort, 9);
    assert.equal([bindings.size, removed], [1, []]);
  });

  it('replaces the old Contact of the same device and reg-id, and of no other (RFC 5626 6)', () => {
    const { bindings, put, removed } = table();
    put('sip:tina@10.0.0.1', { instance: 'urn:1', regId: 1 });
    put('sip:tina@10.0.0.2', { instance: 'urn:1', regId: 2 });
    put('sip:tina@10.0.0.3', { instance: 'urn:1', regId: 1 });
    put('sip:tom@10.0.0.4', { instance: 'urn:2', regId: 1 });
    assert.equal(removed, ['sip:tina@10.0.0.1']);
    assert.is(bindings.size, 3);
    assert.ok(bindings.find('sip:tina@10.0.0.2') !== undefined);
  });

  it('forgets all that came over a connection that is gone', () => {
    const { bindings, put, removed } = table();
    put('sip:a@1', { flow: { ...FLOW, connectionId: 7 } });
    put('sip:b@1', { flow: { ...FLOW, connectionId: 7 } });
    put('sip:c@1', { flow: { ...FLOW, connectionId: 8 } });
    assert.is(bindings.forgetConnection(7).length, 2);
    assert.equal([bindings.size, removed], [1, ['sip:a@1', 'sip:b@1']]);
    assert.equal(bindings.forgetConnection(7), []);
  });

  it('is bounded: expired ones make room, others do not', async () => {
    const { clock, bindings, put } = table(2);
    put('sip:a@1');
    put('sip:b@1');
    put('sip:c@1');
    assert.is(bindings.find('sip:c@1'), undefined);
    await clock.advance(60_000);
    put('sip:c@1');
    assert.ok(bindings.find('sip:c@1') !== undefined);
    assert.is(bindings.size, 1);
  });

  it('lets a phone renew its binding when the table is full', async () => {
    const { clock, bindings, put } = table(2);
    put('sip:a@1');
    put('sip:b@1');
    await clock.advance(30_000);
    put('sip:a@1');
    await clock.advance(40_000);
    assert.ok(bindings.find('sip:a@1') !== undefined);
  });

  it('takes one off by name, once', () => {
    const { bindings, put, removed } = table();
    put('sip:a@1');
    bindings.remove('sip:A@1;x=y');
    bindings.remove('sip:a@1');
    assert.equal([bindings.size, removed], [0, ['sip:a@1']]);
  });
});
