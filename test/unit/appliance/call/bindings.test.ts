import {
  applyRegister,
  DEFAULT_REGISTRAR_RULES,
  planDevices,
  type Binding,
} from '../../../../appliance/call/bindings.js';
import type { RegisterContact, RegisterRequest } from '../../../../appliance/call/signalling-port.js';
import { assert, spec } from '../../../support/spec.js';

const NOW_MS = 1_700_000_000_000;
const contact = (uri: string, more: Partial<RegisterContact> = {}): RegisterContact => ({
  ...{ uri, expiresSeconds: 120, instance: undefined, regId: undefined },
  ...more,
});

class Registrar {
  bindings: readonly Binding[] = [];
  nowMs = NOW_MS;
  #cseq = 0;

  ask(contacts: readonly RegisterContact[], more: Partial<RegisterRequest> = {}) {
    this.#cseq += 1;
    const source = { address: '10.77.0.101', port: 5060, protocol: 'udp' };
    const request = {
      user: '8001',
      isRemoveAll: false,
      contacts,
      sipCallId: 'r',
      cseq: this.#cseq,
      source,
      ...more,
    };
    const { bindings, answer } = applyRegister(this.bindings, request, this.nowMs, DEFAULT_REGISTRAR_RULES);
    this.bindings = bindings;
    return answer;
  }

  get devices(): string {
    return planDevices([this.bindings], this.nowMs)
      .map((flows) => flows.join(' then '))
      .join(' and ');
  }
}

spec('the registrar', (it) => {
  it('keeps a contact for as long as it grants, and says so', () => {
    const registrar = new Registrar();
    const { status, contacts } = registrar.ask([contact('sip:8001@a', { expiresSeconds: 3600 })]);
    assert.equal([status, contacts], [200, [{ uri: 'sip:8001@a', expiresSeconds: 120 }]]);
    registrar.nowMs += 120_000;
    assert.is(registrar.devices, '');
  });

  it('refuses what would lapse too soon, with the least that it grants', () => {
    const registrar = new Registrar();
    registrar.ask([contact('sip:8001@a')]);
    const { status, minExpiresSeconds } = registrar.ask([contact('sip:8001@a', { expiresSeconds: 10 })]);
    assert.equal([status, minExpiresSeconds], [423, 60]);
    assert.is(registrar.bindings.length, 1, 'the old one stays');
  });

  it('takes a contact out when it is registered for no time, and all of them with a star', () => {
    const registrar = new Registrar();
    registrar.ask([contact('sip:8001@a'), contact('sip:8001@b')]);
    registrar.ask([contact('sip:8001@a', { expiresSeconds: 0 })]);
    assert.equal(
      registrar.bindings.map(({ uri }) => uri),
      ['sip:8001@b'],
    );
    assert.equal(registrar.ask([], { isRemoveAll: true }).contacts, []);
    assert.equal(registrar.bindings, []);
  });

  it('lets a REGISTER that was overtaken change nothing', () => {
    const registrar = new Registrar();
    registrar.ask([contact('sip:8001@a')], { cseq: 5 });
    registrar.ask([contact('sip:8001@a', { expiresSeconds: 0 })], { cseq: 4 });
    assert.is(registrar.bindings.length, 1);
  });

  it('answers a question without contacts with what there is', () => {
    const registrar = new Registrar();
    registrar.ask([contact('sip:8001@a')]);
    registrar.nowMs += 20_000;
    assert.equal(registrar.ask([]).contacts, [{ uri: 'sip:8001@a', expiresSeconds: 100 }]);
  });

  it('forgets the oldest when a phone registers again and again under other names', () => {
    const registrar = new Registrar();
    for (let count = 0; count < 20; count += 1) registrar.ask([contact(`sip:x${String(count)}@a`)]);
    assert.is(registrar.bindings.length, DEFAULT_REGISTRAR_RULES.bindingsMax);
    assert.is(registrar.bindings.at(-1)?.uri, 'sip:x19@a');
  });

  it('rings two phones at once, and two flows of one phone one after another', () => {
    const registrar = new Registrar();
    const phone = { instance: '<urn:uuid:1>' };
    registrar.ask([contact('sip:8001@10.0.0.1;transport=tls', { ...phone, regId: 1 })]);
    registrar.nowMs += 1;
    registrar.ask([contact('sip:8001@10.0.0.1:5062', { ...phone, regId: 2 })]);
    registrar.ask([contact('sip:8001@10.0.0.9', { instance: '<urn:uuid:2>' })]);
    assert.is(
      registrar.devices,
      'sip:8001@10.0.0.1:5062 then sip:8001@10.0.0.1;transport=tls and sip:8001@10.0.0.9',
    );
  });
});
