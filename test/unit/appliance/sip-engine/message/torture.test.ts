/**
 * All messages of RFC 4475 and RFC 5118 through parse, check and canonical text. What the RFCs leave open is decided
 * in the table; `why` says by what.
 */
import { canonicalText } from '../../../../../appliance/sip-engine/message/canonical-text.js';
import {
  checkMalformed,
  checkMessage,
  type CheckVerdict,
} from '../../../../../appliance/sip-engine/message/check-message.js';
import { parseSipMessage } from '../../../../../appliance/sip-engine/message/parse-sip-message.js';
import type { SipMessage } from '../../../../../appliance/sip-engine/message/sip-message.js';
import { parseSipUri } from '../../../../../appliance/sip-engine/message/sip-uri.js';
import type { CorpusMessage } from '../../../../support/sip-corpus/corpus-message.js';
import { readAllAsApplication } from '../../../../support/sip-corpus/drachtio-srf-reader.js';
import { RFC4475 } from '../../../../support/sip-corpus/rfc4475.js';
import { RFC5118 } from '../../../../support/sip-corpus/rfc5118.js';
import { assert, spec } from '../../../../support/spec.js';

/** `good`, the status of an answer, or `drop`. */
type Outcome = 'good' | 'drop' | 400 | 416 | 505;

const OUTCOMES: readonly (readonly [name: string, section: string, outcome: Outcome, why: string])[] = [
  ['wsinv', '3.1.1.1', 'good', 'white space, folding and compact names are legal'],
  ['intmeth', '3.1.1.2', 'good', 'every character is one of its class'],
  ['esc01', '3.1.1.3', 'good', 'escapes in URIs are kept as they are'],
  ['escnull', '3.1.1.4', 'good', '%00 is a character of a user'],
  ['esc02', '3.1.1.5', 'good', 'a method with % in it is an unknown method'],
  ['lwsdisp', '3.1.1.6', 'good', 'no space is needed before the bracket'],
  ['longreq', '3.1.1.7', 'good', 'long, but within 4 kB a header and 16 kB for all'],
  ['dblreq', '3.1.1.8', 'good', 'what follows Content-Length is no part of the message'],
  ['semiuri', '3.1.1.9', 'good', 'a user may hold semicolons'],
  ['transports', '3.1.1.10', 'good', 'any token is a transport'],
  ['mpart01', '3.1.1.11', 'good', 'bodies are bytes'],
  ['unreason', '3.1.1.12', 'good', 'a reason is UTF-8'],
  ['noreason', '3.1.1.13', 'good', 'a reason may be empty'],
  ['badinv01', '3.1.2.1', 400, 'prescribed'],
  ['clerr', '3.1.2.2', 400, 'prescribed'],
  ['ncl', '3.1.2.3', 400, 'prescribed'],
  ['scalar02', '3.1.2.4', 400, 'prescribed'],
  ['scalarlg', '3.1.2.5', 'drop', 'prescribed'],
  ['quotbal', '3.1.2.6', 400, 'prescribed'],
  ['ltgtruri', '3.1.2.7', 400, 'prescribed'],
  ['lwsruri', '3.1.2.8', 400, 'prescribed'],
  ['lwsstart', '3.1.2.9', 400, 'a strict next hop would read another request'],
  ['trws', '3.1.2.10', 400, 'as lwsstart'],
  [
    'escruri',
    '3.1.2.11',
    400,
    'RFC 3261 19.1.1: no headers there; who honours them lets a caller set our Route',
  ],
  ['baddate', '3.1.2.12', 'good', 'RFC 3261 8.2: nobody needs the date'],
  ['regbadct', '3.1.2.13', 400, 'RFC 3261 20: nobody knows whose the question mark is'],
  ['badaspec', '3.1.2.14', 400, 'the URI would be changed by guessing'],
  ['baddn', '3.1.2.15', 400, 'the comma would make two of it for others'],
  ['badvers', '3.1.2.16', 505, 'prescribed'],
  ['mismatch01', '3.1.2.17', 400, 'prescribed'],
  ['mismatch02', '3.1.2.18', 400, 'the mismatch is certain, the method another matter'],
  ['bigcode', '3.1.2.19', 'drop', 'prescribed'],
  ['badbranch', '3.2.1', 'good', 'it is matched as one of RFC 2543'],
  ['insuf', '3.3.1', 400, 'prescribed'],
  ['unkscm', '3.3.2', 416, 'prescribed'],
  ['novelsc', '3.3.3', 416, 'prescribed'],
  ['unksm2', '3.3.4', 'good', 'whether the registrar likes it is its matter'],
  ['bext01', '3.3.5', 'good', '420 is for who knows the extensions'],
  ['invut', '3.3.6', 'good', '415 is for who reads the body'],
  ['regaut01', '3.3.7', 'good', 'to be challenged as if it had no credentials'],
  ['multi01', '3.3.8', 400, 'prescribed'],
  ['mcl01', '3.3.9', 400, 'prescribed'],
  ['bcast', '3.3.10', 'good', 'the top Via is not ours: there is no transaction, so nothing is forwarded'],
  ['zeromf', '3.3.11', 'good', 'a UAS answers it, 483 is for who would forward it'],
  ['cparam01', '3.3.12', 'good', 'the parameter is of the header'],
  ['cparam02', '3.3.13', 'good', 'the parameter is of the URI'],
  ['regescrt', '3.3.14', 'good', 'escaped headers are allowed in a Contact'],
  ['sdp01', '3.3.15', 'good', '406 is for who answers'],
  ['inv2543', '3.4.1', 400, 'no Contact: RFC 3261 8.1.1.8 wants one, and no dialog can be made without'],
  ['ipv6-good', '4.1', 'good', 'prescribed'],
  ['ipv6-bad', '4.2', 400, 'prescribed: without brackets it is no host'],
  ['port-ambiguous', '4.3', 'good', 'a valid address, if not the one that was meant'],
  ['port-unambiguous', '4.4', 'good', 'prescribed'],
  ['via-received-param-with-delim', '4.5', 'good', 'both forms are in use'],
  ['via-received-param-no-delim', '4.5', 'good', 'both forms are in use'],
  ['ipv6-in-sdp', '4.6', 'good', 'bodies are bytes'],
  ['mult-ip-in-header', '4.7', 'good', 'prescribed'],
  ['mult-ip-in-sdp', '4.8', 'good', 'bodies are bytes'],
  ['ipv4-mapped-ipv6', '4.9', 'good', 'prescribed'],
  [
    'ipv6-bug-abnf-3-colons',
    '4.10',
    'good',
    'the grammar of RFC 3261 allows it; the colon is left out of what we make of it',
  ],
  ['ipv6-correct-abnf-2-colons', '4.10', 'good', 'prescribed'],
];

const CORPUS: readonly CorpusMessage[] = [...RFC4475, ...RFC5118];

function bytesOf(name: string): Buffer {
  const found = CORPUS.find((message) => message.name === name);
  if (found === undefined) throw new Error(`no message ${name}`);
  return found.bytes;
}

function messageOf(name: string): SipMessage {
  const parsed = parseSipMessage(bytesOf(name));
  if (parsed.kind !== 'message') throw new Error(JSON.stringify(parsed));
  return parsed.message;
}

function verdictOn(bytes: Buffer): CheckVerdict {
  const parsed = parseSipMessage(bytes);
  if (parsed.kind === 'keep-alive') throw new Error('a keep-alive');
  return parsed.kind === 'message' ? checkMessage(parsed.message) : checkMalformed(parsed);
}

function outcomeOf(bytes: Buffer): string {
  const verdict = verdictOn(bytes);
  return verdict.kind === 'answer' ? String(verdict.status) : verdict.kind;
}

spec('torture messages', (it) => {
  it('the table names all 49 of RFC 4475 and all 12 of RFC 5118', () => {
    assert.equal([RFC4475.length, RFC5118.length], [49, 12]);
    assert.equal(
      OUTCOMES.map(([name, section]) => `${section} ${name}`),
      CORPUS.map(({ name, section }) => `${section} ${name}`),
    );
  });

  for (const [name, section, outcome] of OUTCOMES) {
    it(`${section} ${name} is ${typeof outcome === 'number' ? `answered ${String(outcome)}` : outcome}`, () => {
      assert.is(outcomeOf(bytesOf(name)), String(outcome));
    });
  }

  it('an application reads the same method, status, Call-ID and body of every good one', () => {
    for (const [name, , outcome] of OUTCOMES) {
      if (outcome !== 'good') continue;
      const message = messageOf(name);
      const read = readAllAsApplication(canonicalText(message));
      assert.is(read.get('call-id'), message.callId, name);
      assert.is(read.body, message.body.toString('utf8'), name);
      if (message.isRequest)
        assert.equal([read.method, read.uri], [message.method, message.requestUri], name);
      else assert.is(read.status, message.status, name);
    }
  });

  it('an application reads what the valid ones say', () => {
    const read = (name: string) => readAllAsApplication(canonicalText(messageOf(name)));
    assert.is(read('wsinv').get('to'), '<sip:vivekg@chair-dnrc.example.com>; tag = 1918181833n');
    assert.is((read('wsinv').getParsedHeader('via') as unknown[]).length, 3);
    assert.match(read('intmeth').get('to') ?? '', '"BEL:\\\ufffd NUL:\\\ufffd DEL:\\\ufffd" <sip:1_unusual');
    assert.match(read('intmeth').get('from') ?? '', 'работающий');
    assert.is(read('unreason').reason, '= 2**3 * 5**2 но сто девяносто девять - простое');
    assert.is(read('noreason').reason, '');
    assert.equal(read('esc02').getParsedHeader('cseq'), { seq: 29344, method: 'RE%47IST%45R' });
    assert.is(read('lwsdisp').get('from'), 'caller<sip:caller@example.com>;tag=323');
    assert.is(read('dblreq').body, '');
    assert.equal(read('unksm2').get('contact'), '<name:John_Smith>');
  });

  it('parameters of URI and header are told apart, IPv6 addresses are whole (3.3.12 to 14, RFC 5118)', () => {
    const contact = (name: string) => {
      const { contacts } = messageOf(name);
      return contacts === '*' ? undefined : contacts[0];
    };
    assert.equal(Object.keys(contact('cparam01')?.params ?? {}), ['unknownparam']);
    assert.is(contact('cparam02')?.uri, 'sip:+19725552222@gw1.example.net;unknownparam');
    assert.is(parseSipUri(contact('regescrt')?.uri ?? '').headers['route'], '<sip:sip.example.com>');
    assert.is(parseSipUri(messageOf('port-ambiguous').requestUri).port, undefined);
    assert.is(parseSipUri(messageOf('port-unambiguous').requestUri).port, 5070);
    assert.is(parseSipUri(messageOf('ipv6-bug-abnf-3-colons').requestUri).host, '[2001:db8::192.0.2.1]');
    for (const name of ['via-received-param-with-delim', 'via-received-param-no-delim']) {
      assert.is(messageOf(name).via.received, '2001:db8::9:255');
    }
    assert.equal(
      messageOf('mult-ip-in-header').vias.map(({ host }) => host),
      ['[2001:db8::9:1]', '192.0.2.1', '[2001:db8::9:255]'],
    );
  });
});
