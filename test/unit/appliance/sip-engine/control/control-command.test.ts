import {
  ControlParseError,
  DIALOG_PAYLOAD_BYTES_MAX,
  parseControlCommand,
  type ControlCommand,
} from '../../../../../appliance/sip-engine/control/control-command.js';
import { assert, spec } from '../../../../support/spec.js';

function parse(text: string): ControlCommand {
  return parseControlCommand(Buffer.from(text, 'utf8'));
}

function refusal(payload: string | Uint8Array): { id: string; outcome: string; message: string } {
  try {
    parseControlCommand(typeof payload === 'string' ? Buffer.from(payload, 'utf8') : payload);
  } catch (error) {
    if (!(error instanceof ControlParseError)) throw error;
    const { id, outcome, message } = error;
    return { id, outcome, message };
  }
  throw new Error('it was taken');
}

const ACK = 'ACK sip:b@10.0.0.9 SIP/2.0\r\nContent-Length: 0\r\n\r\n';
const BYE = 'BYE sip:placeholder SIP/2.0\r\nContent-Length: 0\r\n\r\n';
const INVITE = 'INVITE sip:b@10.0.0.9 SIP/2.0\r\nFrom: sip:me@localhost\r\nContent-Length: 5\r\n\r\nv=0\r\n';
const OPTIONS = 'OPTIONS sip:x@10.0.0.9 SIP/2.0\r\nContent-Length: 0\r\n\r\n';
const CANCEL = 'CANCEL sip:ring-only@10.0.0.9 SIP/2.0\r\nContent-Length: 0\r\n\r\n';
const RESPONSE =
  'SIP/2.0 200 OK\r\nCall-ID: cid-1@x\r\ncseq: 1 INVITE\r\nfrom: "Ärztin" <sip:a@10.0.0.9>;tag=ft1\r\n' +
  'to: <sip:1234@10.0.0.1>\r\nContent-Length: 5\r\n\r\nv=0\r\n';
const PROXIED = 'INVITE sip:d1@h1 SIP/2.0\r\nContent-Length: 0\r\n\r\n';
const ID = 'd5a4034b-93a1-4dab-9eea-a916d8d55e18';
const TXN = 'b7026055-dfb3-4969-b28d-e0ba5386bfe5';

/** Payloads as drachtio-srf 5.0.29 sent them to this engine's control port. */
const SENT_BY_SRF: readonly (readonly [payload: string, command: ControlCommand])[] = [
  [
    `${ID}|authenticate|cymru|wardline,n1`,
    { type: 'authenticate', id: ID, secret: 'cymru', tags: ['wardline', 'n1'] },
  ],
  [`${ID}|authenticate|nope|`, { type: 'authenticate', id: ID, secret: 'nope', tags: [] }],
  [`${ID}|ping`, { type: 'ping', id: ID }],
  [`${ID}|route|invite`, { type: 'route', id: ID, verb: 'invite' }],
  [`${ID}|route|cdr:stop`, { type: 'route', id: ID, verb: 'cdr:stop' }],
  [`${ID}|remove_route|options`, { type: 'removeRoute', id: ID, verb: 'options' }],
  [`${ID}|sip|${TXN}|\r\n${RESPONSE}`, { type: 'sipResponse', id: ID, transactionId: TXN, text: RESPONSE }],
  [`${ID}|sip|${TXN}|\r\n${CANCEL}`, { type: 'sipCancel', id: ID, transactionId: TXN, text: CANCEL }],
  [
    `${ID}|sip||cid-2;from-tag=lu\r\n${ACK}`,
    { type: 'sipInDialogRequest', id: ID, dialogId: 'cid-2;from-tag=lu', text: ACK },
  ],
  [
    `${ID}|sip||cid-2;from-tag=lu\r\n${BYE}`,
    { type: 'sipInDialogRequest', id: ID, dialogId: 'cid-2;from-tag=lu', text: BYE },
  ],
  [`${ID}|sip||\r\n${OPTIONS}`, { type: 'sipNewRequest', id: ID, text: OPTIONS }],
  [
    `${ID}|sip|||sip:10.9.9.9;transport=tcp\r\n${INVITE}`,
    { type: 'sipNewRequest', id: ID, text: INVITE, nextHopUri: 'sip:10.9.9.9;transport=tcp' },
  ],
  [
    `${ID}|proxy|t-proxy|remainInDialog|fullResponse|followRedirects|simultaneous|2s|1500ms|sip:d1@h1|sip:h2:5080\r\n${PROXIED}`,
    {
      type: 'proxy',
      id: ID,
      transactionId: 't-proxy',
      remainInDialog: true,
      fullResponse: true,
      followRedirects: true,
      simultaneous: true,
      provisionalTimeoutMs: 2000,
      finalTimeoutMs: 1500,
      destinations: ['sip:d1@h1', 'sip:h2:5080'],
      text: PROXIED,
    },
  ],
  [
    `${ID}|proxy|t-proxy||fullResponse||serial|||sip:d1@h1\r\n${PROXIED}`,
    {
      type: 'proxy',
      id: ID,
      transactionId: 't-proxy',
      remainInDialog: false,
      fullResponse: true,
      followRedirects: false,
      simultaneous: false,
      destinations: ['sip:d1@h1'],
      text: PROXIED,
    },
  ],
];

spec('commands of applications', (it) => {
  for (const [payload, command] of SENT_BY_SRF) {
    it(`${JSON.stringify(payload.slice(37, 90))} is what drachtio-srf means`, () => {
      assert.equal(parse(payload), command);
    });
  }

  it('the verbs for continuity are understood', () => {
    assert.equal(parse('i|adopt|c;from-tag=t'), { type: 'adopt', id: 'i', dialogId: 'c;from-tag=t' });
    assert.equal(parse('i|dialogs|n1'), { type: 'dialogs', id: 'i', tag: 'n1' });
    assert.equal(parse('i|dialogs|'), { type: 'dialogs', id: 'i', tag: '' });
    assert.equal(parse('i|payload|d\r\n{"a":"ä|\r\n"}'), {
      type: 'payload',
      id: 'i',
      dialogId: 'd',
      body: '{"a":"ä|\r\n"}',
    });
  });

  it('a payload of a dialog has a limit, counted in bytes', () => {
    const fits = 'ä'.repeat(DIALOG_PAYLOAD_BYTES_MAX / 2);
    assert.is((parse(`i|payload|d\r\n${fits}`) as { body: string }).body, fits);
    assert.match(refusal(`i|payload|d\r\n${fits}.`).message, /at most 16384 bytes/);
  });

  it('bars and empty lines behind the first line belong to the message', () => {
    const text = 'MESSAGE sip:a@b SIP/2.0\r\nX: 1|2|3\r\n\r\n\r\nx|y';
    assert.equal(parse(`i|sip||\r\n${text}`), { type: 'sipNewRequest', id: 'i', text });
  });

  it('a request with both ids is in-dialog, unless it is a CANCEL', () => {
    assert.is(parse(`i|sip|t|d\r\n${BYE}`).type, 'sipInDialogRequest');
    assert.is(parse(`i|sip|t|d\r\n${CANCEL}`).type, 'sipCancel');
    assert.is(parse(`i|sip|t|d\r\n${RESPONSE}`).type, 'sipResponse');
  });

  it('methods are case-sensitive, routes are not', () => {
    assert.is(parse('i|sip||\r\ncancel sip:a SIP/2.0\r\n\r\n').type, 'sipNewRequest');
    assert.equal(parse('i|route|INVITE'), { type: 'route', id: 'i', verb: 'invite' });
  });

  it('repeated and empty tags are left out', () => {
    assert.equal(parse('i|authenticate|s|a,,b, a ,'), {
      type: 'authenticate',
      id: 'i',
      secret: 's',
      tags: ['a', 'b'],
    });
  });

  it('what is no message ends the connection, as with drachtio-server', () => {
    const unknown = { outcome: 'NO', message: 'Unknown message type' };
    assert.equal(refusal('i|bogus|x'), { id: 'i', ...unknown });
    assert.equal(refusal('i|'), { id: 'i', ...unknown });
    assert.equal(refusal('i|constructor'), { id: 'i', ...unknown });
    for (const text of ['', '|ping', '\r\n', 'i\n|ping', `${'x'.repeat(129)}|ping`, 'i|route|in\nvite']) {
      assert.equal(refusal(text), { id: '', ...unknown }, JSON.stringify(text));
    }
  });

  it('what cannot be done is refused without ending the connection', () => {
    const cases: readonly (readonly [text: string, said: RegExp])[] = [
      ['i|sip||', /^invalid request-uri: $/],
      ['i|sip||\r\n', /^invalid request-uri: $/],
      ['i|sip||\r\n INVITE x', /^invalid request-uri: $/],
      [`i|sip||d\r\n${RESPONSE}`, /^Response not sent due to unknown transaction$/],
      [`i|sip||\r\n${CANCEL}`, /^unable to cancel unknown transaction id: $/],
      [`i|sip|t|\r\n${BYE}`, /only a response or a CANCEL/],
      ['i|route|', /needs one method/],
      ['i|remove_route', /needs one method/],
      [`i|route|${'x'.repeat(129)}`, /needs one method/],
      ['i|proxy||||||||sip:a', /^Unknown transaction id: $/],
      ['i|proxy|t|||||||', /needs 1 to 64 destinations/],
      ['i|proxy|t||||||', /needs 1 to 64 destinations/],
      [`i|proxy|t||||||${'|sip:a'.repeat(65)}`, /needs 1 to 64 destinations/],
      ['i|adopt|', /^unable to find dialog for dialog id provided$/],
      ['i|payload|\r\nx', /^unable to find dialog for dialog id provided$/],
    ];
    for (const [text, said] of cases) {
      const { id, outcome, message } = refusal(text);
      assert.equal({ id, outcome }, { id: 'i', outcome: 'NOK' }, text);
      assert.match(message, said, text);
    }
  });

  it('a timeout is a number of seconds or milliseconds, or nothing', () => {
    for (const bad of ['2', 's', 'ms', '-1s', '1.5s', '2m', '2 s', '1e3s', '999999999s', '86401s', '٣s']) {
      assert.match(refusal(`i|proxy|t||||serial|${bad}||sip:a`).message, /no timeout like 2s/, bad);
      assert.match(refusal(`i|proxy|t||||serial||${bad}|sip:a`).message, /no timeout like 2s/, bad);
    }
  });

  it('too many tags end the connection', () => {
    const tags = Array.from({ length: 33 }, (_, index) => `t${String(index)}`).join(',');
    assert.is(refusal(`i|authenticate|s|${tags}`).outcome, 'NO');
    assert.is(refusal(`i|authenticate|s|${'t'.repeat(129)}`).outcome, 'NO');
  });

  it('bytes that are no UTF-8 are refused instead of being replaced', () => {
    const payload = Buffer.concat([Buffer.from('i|sip||\r\nMESSAGE sip:a SIP/2.0\r\n\r\n'), Buffer.of(0xff)]);
    assert.equal(refusal(payload), { id: 'i', outcome: 'NOK', message: 'the message is not UTF-8' });
  });

  it('noise of any kind is a command or a refusal, and nothing else', (t) => {
    const words = [
      'i',
      '|',
      '||',
      'sip',
      'proxy',
      'authenticate',
      '\r\n',
      'SIP/2.0',
      'CANCEL',
      ',',
      '2s',
      'ä',
      '\0',
    ];
    let refused = 0;
    for (let turn = 0; turn < 2000; turn += 1) {
      const text = Array.from({ length: t.rng.integer(0, 14) }, () => t.rng.pick(words)).join('');
      try {
        parse(text);
      } catch (error) {
        assert.instance(error, ControlParseError);
        refused += 1;
      }
    }
    assert.ok(refused > 0);
  });

  it('the largest hostile payloads are judged at once', () => {
    const started = process.cpuUsage();
    for (const unit of ['|', ',', 's', '\r', '\r\n', ' ', 'SIP/2.0 ', '%']) {
      for (const head of ['i|authenticate|s|', 'i|sip||\r\n', 'i|proxy|t|', 'i|']) {
        const text = (head + unit.repeat(99_999)).slice(0, 99_999);
        try {
          parse(text);
        } catch (error) {
          assert.instance(error, ControlParseError);
        }
      }
    }
    const { user } = process.cpuUsage(started);
    assert.ok(user < 5_000_000, `${String(user)} us of CPU`);
  });
});
