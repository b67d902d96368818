import { wireHeaders } from '../../../../../appliance/sip-engine/engine/header-rules.js';
import { assert, spec } from '../../../../support/spec.js';

function wire(name: string, value: string): string | undefined {
  return wireHeaders([{ name, value }], '10.77.0.11:5060')[0]?.value;
}

spec('headers of applications on the wire', (it) => {
  it('an address gets brackets, and parameters behind it stay those of the header', () => {
    assert.is(wire('Contact', 'sip:a@b'), '<sip:a@b>');
    assert.is(wire('Contact', 'sip:a@b;expires=60'), '<sip:a@b>;expires=60');
    assert.is(wire('Refer-To', 'sip:a@b?Replaces=c'), '<sip:a@b?Replaces=c>');
  });

  it('what has brackets, is a list or no address stays', () => {
    for (const value of ['"A" <sip:a@b>;q=1', 'sip:a, sip:b', '*']) assert.is(wire('Contact', value), value);
    assert.is(wire('Subject', 'sip:a@localhost'), 'sip:a@localhost');
  });

  it('localhost is us, also without brackets', () => {
    assert.is(wire('Contact', 'sip:foo@localhost'), '<sip:foo@10.77.0.11:5060>');
    assert.is(wire('Contact', '<sip:foo@localhost:5070>'), '<sip:foo@10.77.0.11:5060>');
    assert.is(wire('From', 'sip:a@localhost.example'), 'sip:a@localhost.example');
  });
});
