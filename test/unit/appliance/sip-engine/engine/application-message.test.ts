/** What an application wants sent, taken apart: it is trusted, what it passes on is not. */
import {
  findApplicationHeader,
  parseApplicationMessage,
} from '../../../../../appliance/sip-engine/engine/application-message.js';
import { assert, spec } from '../../../../support/spec.js';

spec('a message of an application', (it) => {
  it('is a request: method, URI, headers and body', () => {
    const text = 'INVITE sip:a@b SIP/2.0\r\nSubject: x\r\nContent-Type: text/plain\r\n\r\nHello\r\n\r\nagain';
    const { method, uri, status, headers, body } = parseApplicationMessage(text);
    assert.equal([method, uri, status], ['INVITE', 'sip:a@b', 0]);
    assert.equal(headers, [
      { name: 'Subject', value: 'x' },
      { name: 'Content-Type', value: 'text/plain' },
    ]);
    assert.is(body.toString(), 'Hello\r\n\r\nagain');
  });

  it('is a response: status and reason, which may be missing', () => {
    const { method, status, reason } = parseApplicationMessage('SIP/2.0 486 Busy Here\r\n\r\n');
    assert.equal([method, status, reason], ['', 486, 'Busy Here']);
    assert.equal(parseApplicationMessage('SIP/2.0 486\r\n').status, 486);
  });

  it('may have no headers, no body, no end of line', () => {
    const { method, headers, body } = parseApplicationMessage('BYE sip:placeholder SIP/2.0');
    assert.equal([method, headers.length, body.length], ['BYE', 0, 0]);
  });

  it('never throws, whatever it is', () => {
    for (const text of [
      '',
      '\r\n',
      ':',
      'SIP/2.0',
      'SIP/2.0 abc',
      'X',
      '\r\n\r\n\r\n',
      'A B C\r\n: x\r\n:\r\n',
    ]) {
      parseApplicationMessage(text);
    }
    assert.ok(Number.isNaN(parseApplicationMessage('SIP/2.0 abc').status));
  });

  it('has its headers by their usual names: short ones, other cases, and X- as written', () => {
    const lines = [
      'f: <sip:a@b>',
      'i: 1',
      'CONTACT: <sip:c@d>',
      'custom-thing: 1',
      'x-Custom-thing: 2',
      'l: 7',
    ];
    const { headers } = parseApplicationMessage(`OPTIONS sip:a@b SIP/2.0\r\n${lines.join('\r\n')}\r\n\r\n`);
    const names = ['From', 'Call-ID', 'Contact', 'Custom-Thing', 'x-Custom-thing'];
    assert.equal(
      headers.map(({ name }) => name),
      names,
    );
  });

  it('may not say what is the engine’s to say, in any spelling', () => {
    const lines = [
      'Via: x',
      'v: x',
      'Route: x',
      'ROUTE: x',
      'RSeq: 1',
      'record-route: x',
      'Content-Length: 9',
    ];
    assert.equal(parseApplicationMessage(`BYE sip:a SIP/2.0\r\n${lines.join('\r\n')}\r\n\r\n`).headers, []);
  });

  it('keeps the order and the number of headers of one name', () => {
    const { headers } = parseApplicationMessage('BYE sip:a SIP/2.0\r\nX-A: 2\r\nX-B: 0\r\nX-A: 1\r\n\r\n');
    assert.equal(
      headers.map(({ name, value }) => `${name}=${value}`),
      ['X-A=2', 'X-B=0', 'X-A=1'],
    );
    assert.is(findApplicationHeader({ headers }, 'X-A'), '2');
    assert.is(findApplicationHeader({ headers }, 'X-C'), undefined);
  });

  it('cannot smuggle a line into a value, a reason or a header name', () => {
    const text =
      'SIP/2.0 486 Bu\nsy\r\nX-A: 1\nX-B: 2\r\nX-C: 3\rX-D: 4\r\nX-\nE: 5\r\nX-F: \u0000\u007f6\r\n\r\n';
    const { reason, headers } = parseApplicationMessage(text);
    assert.is(reason, 'Bu sy');
    assert.equal(
      headers.map(({ name, value }) => `${name}=${value}`),
      ['X-A=1 X-B: 2', 'X-C=3 X-D: 4', 'X-F=6'],
    );
  });

  it('takes colons, blanks and nothing in values', () => {
    const { headers } = parseApplicationMessage(
      ['BYE sip:a SIP/2.0', 'X-A :  a: b ', 'X-B:', '', ''].join('\r\n'),
    );
    assert.equal(
      headers.map(({ value }) => value),
      ['a: b', ''],
    );
  });

  it('is UTF-8 on the wire', () => {
    const { headers, body } = parseApplicationMessage('BYE sip:a SIP/2.0\r\nX-A: ü\r\n\r\nü');
    assert.is(headers[0]?.value, Buffer.from('ü').toString('latin1'));
    assert.is(body.length, 2);
  });
});
