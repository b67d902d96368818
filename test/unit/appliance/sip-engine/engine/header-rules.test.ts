/** What becomes of headers of applications (facts 2.7). */
import {
  findContentType,
  tagOf,
  withLocalhost,
  withoutTag,
  withTag,
  wireHeaders,
} from '../../../../../appliance/sip-engine/engine/header-rules.js';
import { assert, spec } from '../../../../support/spec.js';

const HERE = '10.77.0.11:5060';

spec('localhost in a header', (it) => {
  it('is replaced wherever it is the host, with the port that stands behind it', () => {
    const cases = [
      ['<sip:100@localhost>', `<sip:100@${HERE}>`],
      ['sip:100@localhost', `sip:100@${HERE}`],
      ['<sip:100@localhost:9999>;tag=1', `<sip:100@${HERE}>;tag=1`],
      ['<sip:100@localhost;transport=tcp>', `<sip:100@${HERE};transport=tcp>`],
      ['<sip:1@localhost>, <sip:2@localhost:1>', `<sip:1@${HERE}>, <sip:2@${HERE}>`],
    ] as const;
    for (const [written, expected] of cases) assert.is(withLocalhost(written, HERE), expected);
  });

  it('is left where it is a part of another name, or no host at all', () => {
    for (const value of [
      '<sip:100@localhost.example>',
      '<sip:100@localhosts>',
      'localhost',
      '<sip:localhost>',
    ]) {
      assert.is(withLocalhost(value, HERE), value);
    }
  });

  it('is looked for in four headers only', () => {
    const headers = ['From', 'To', 'Contact', 'P-Asserted-Identity', 'Refer-To'].map((name) => ({
      name,
      value: '<sip:1@localhost>',
    }));
    const changed = wireHeaders(headers, { hostPort: HERE, protocol: 'udp' }).filter(({ value }) =>
      value.includes(HERE),
    );
    assert.equal(
      changed.map(({ name }) => name),
      ['From', 'To', 'Contact', 'P-Asserted-Identity'],
    );
  });
});

spec('the tag of a From or To', (it) => {
  it('is found behind the address, in any case', () => {
    assert.is(tagOf('"A" <sip:a@b;tag=no>;x=1;tag=yes'), 'yes');
    assert.is(tagOf('<sip:a@b> ; TAG = yes'), 'yes');
    assert.is(tagOf('sip:a@b;tag=yes'), 'yes');
    assert.is(tagOf('<sip:a@b;tag=no>'), undefined);
    assert.is(tagOf('"x;tag=no" <sip:a@b>'), undefined);
    assert.is(tagOf('<sip:a@b>;tag'), undefined);
  });

  it('is taken away, the rest stays, and the address gets its brackets', () => {
    assert.is(withoutTag('"A" <sip:a@b>;tag=1;x=2'), '"A" <sip:a@b>;x=2');
    assert.is(withoutTag('sip:a@b;tag=1'), '<sip:a@b>');
    assert.is(withoutTag('<sip:a@b;user=phone>'), '<sip:a@b;user=phone>');
  });

  it('is put in the place of another', () => {
    assert.is(withTag('<sip:a@b>;tag=1', '2'), '<sip:a@b>;tag=2');
    assert.is(withTag('sip:a@b', '2'), '<sip:a@b>;tag=2');
    assert.is(withTag('<sip:a@b>;tag=1', undefined), '<sip:a@b>');
  });
});

spec('the type of a body', (it) => {
  it('is what the application says, else SDP when it begins like it, else unknown', () => {
    const given = [{ name: 'Content-Type', value: 'text/plain' }];
    assert.equal(findContentType(given, Buffer.from('v=0')), { value: 'text/plain', isGiven: true });
    assert.equal(findContentType([], Buffer.from('v=0\r\n')), { value: 'application/sdp', isGiven: false });
    assert.is(findContentType([], Buffer.from('hello')), undefined);
    assert.is(findContentType([], Buffer.alloc(0)), undefined);
  });
});

function wire(name: string, value: string, protocol: 'udp' | 'tls' = 'udp'): string | undefined {
  return wireHeaders([{ name, value }], { hostPort: '10.77.0.11:5060', protocol })[0]?.value;
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

  it('a Contact that is us leads back by the transport of the request', () => {
    const here = '10.77.0.11:5060';
    assert.is(wire('Contact', 'sip:foo@localhost', 'tls'), `<sip:foo@${here};transport=tls>`);
    assert.is(wire('Contact', '<sip:f@localhost;transport=tcp>', 'tls'), `<sip:f@${here};transport=tcp>`);
    assert.is(wire('Contact', '<sip:foo@elsewhere>', 'tls'), '<sip:foo@elsewhere>');
    assert.is(wire('From', '<sip:foo@localhost>', 'tls'), `<sip:foo@${here}>`);
  });

  it('localhost is us, also without brackets', () => {
    assert.is(wire('Contact', 'sip:foo@localhost'), '<sip:foo@10.77.0.11:5060>');
    assert.is(wire('Contact', '<sip:foo@localhost:5070>'), '<sip:foo@10.77.0.11:5060>');
    assert.is(wire('From', 'sip:a@localhost.example'), 'sip:a@localhost.example');
  });
});
