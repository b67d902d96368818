import { seededRng } from '../../../../../cluster/base/rng.js';
import {
  controlDialogId,
  toWireField,
  uuidV4,
  wireTime,
  writeAdopted,
  writeAuthenticated,
  writeCdrAttempt,
  writeCdrStart,
  writeCdrStop,
  writeDialogList,
  writeDialogMessage,
  writeNewRequest,
  writeNo,
  writeNok,
  writeOk,
  writePong,
  writeProxyDone,
  writeProxyResponse,
  writeRequestEcho,
  writeResponseEcho,
  writeUnsolicitedBye,
  type WireMeta,
} from '../../../../../appliance/sip-engine/control/control-reply.js';
import { CONTROL_TEXTS } from '../../../../../appliance/sip-engine/control/control-texts.js';
import { assert, spec } from '../../../../support/spec.js';

const AT_MS = Date.UTC(2026, 6, 20, 9, 5, 7, 42) + 0.125;
const RECEIVED: WireMeta = {
  source: 'network',
  bytes: 712,
  protocol: 'udp',
  address: '10.0.0.9',
  port: 5062,
  atMs: AT_MS,
};
const SENT: WireMeta = { ...RECEIVED, source: 'application', address: '10.0.0.1', port: 5060 };
const IDS = { messageId: 'm', requestId: 'r' };
const DIALOG = 'cid@x;from-tag=ft';

spec('messages to applications', (it) => {
  it('a new request has 13 fields, the dialog and the last one empty', () => {
    const notice = {
      meta: RECEIVED,
      transactionId: 't',
      localAddress: '10.0.0.1',
      localPort: 5060,
      sip: 'INVITE',
    };
    const { line, sip } = writeNewRequest('m', notice);
    assert.is(line, 'm|sip|network|712|udp|10.0.0.9|5062|09:05:07.042125|t||10.0.0.1|5060|');
    assert.is(line.split('|').length, 13);
    assert.is(sip, 'INVITE');
  });

  it('a message of a dialog has 11 fields, so that it names no place of arrival', () => {
    const notice = { meta: RECEIVED, transactionId: 't', dialogId: DIALOG, sip: 'BYE' };
    const { line } = writeDialogMessage('m', notice);
    assert.is(line, `m|sip|network|712|udp|10.0.0.9|5062|09:05:07.042125|t|${DIALOG}|`);
    assert.is(line.split('|').length, 11);
  });

  it('a response outside of any dialog still has the field for it', () => {
    const notice = { meta: RECEIVED, transactionId: 't', dialogId: '', sip: 'SIP/2.0 200 OK' };
    assert.is(
      writeDialogMessage('m', notice).line,
      'm|sip|network|712|udp|10.0.0.9|5062|09:05:07.042125|t||',
    );
  });

  it('an ACK has no protocol, an answer that was made inside has no address', () => {
    const ack = {
      meta: { ...RECEIVED, protocol: '' },
      transactionId: 't',
      dialogId: 'd',
      sip: 'ACK',
    } as const;
    assert.is(writeDialogMessage('m', ack).line, 'm|sip|network|712||10.0.0.9|5062|09:05:07.042125|t|d|');
    const inside = { ...RECEIVED, bytes: 0, protocol: 'unknown', address: '', port: 0 } as const;
    const notice = { meta: inside, transactionId: 't', dialogId: '', sip: 'SIP/2.0 408 x' };
    assert.is(writeDialogMessage('m', notice).line, 'm|sip|network|0|unknown||0|09:05:07.042125|t||');
  });

  it('a BYE of the engine itself comes from the application and is unsolicited', () => {
    const { line, sip } = writeUnsolicitedBye('m', { meta: RECEIVED, dialogId: DIALOG, sip: 'BYE' });
    assert.is(line, `m|sip|application|712|udp|10.0.0.9|5062|09:05:07.042125|unsolicited|${DIALOG}|`);
    assert.is(sip, 'BYE');
  });

  it('the echo of a request has the transaction behind the metadata', () => {
    const { line, sip } = writeRequestEcho(IDS, { meta: SENT, transactionId: 't', sip: 'INVITE' });
    assert.is(line, 'm|response|r|OK|application|712|udp|10.0.0.1|5060|09:05:07.042125|t|Msg sent:|');
    assert.is(sip, 'INVITE');
  });

  it('the echo of a response has the dialog as well, and one empty field', () => {
    const echo = { meta: SENT, transactionId: 't', dialogId: DIALOG, sip: 'SIP/2.0 200 OK' };
    assert.is(
      writeResponseEcho(IDS, echo).line,
      `m|response|r|OK|application|712|udp|10.0.0.1|5060|09:05:07.042125|t|${DIALOG}||Msg sent:|`,
    );
  });

  it('proxy results go on until done', () => {
    const { line, sip } = writeProxyResponse(IDS, RECEIVED, 'SIP/2.0 486 Busy Here');
    assert.is(line, 'm|response|r|OK|network|712|udp|10.0.0.9|5062|09:05:07.042125|||continue');
    assert.is(line.split('|')[12], 'continue');
    assert.is(sip, 'SIP/2.0 486 Busy Here');
    assert.is(writeProxyDone(IDS).line, 'm|response|r|OK|done');
  });

  it('answers to the connection', () => {
    const greeting = {
      hostports: ['tcp/1.2.3.4:5060', 'udp/[2001:db8::1]:5060'],
      localHostports: ['udp/10.0.0.1:5060'],
      version: 'v0.9.10',
    };
    assert.is(
      writeAuthenticated(IDS, greeting).line,
      'm|response|r|OK|tcp/1.2.3.4:5060,udp/[2001:db8::1]:5060|v0.9.10|udp/10.0.0.1:5060',
    );
    assert.is(writeNo(IDS, CONTROL_TEXTS.wrongSecret).line, 'm|response|r|NO|incorrect secret');
    assert.is(writePong(IDS).line, 'm|response|r|OK|pong');
    assert.is(writeOk(IDS).line, 'm|response|r|OK');
    assert.is(writeOk(IDS).sip, undefined);
  });

  it('failures keep the wording that drachtio-srf looks for', () => {
    assert.is(
      writeNok(IDS, CONTROL_TEXTS.unknownDialog).line,
      'm|response|r|NOK|Server error: unable to find dialog for dialog id provided',
    );
    assert.match(CONTROL_TEXTS.unknownDialogToAdopt, /unable to find dialog/i);
  });

  it('call records name source, time, and role or reason', () => {
    const notice = { source: 'network', atMs: AT_MS, sip: 'INVITE' } as const;
    assert.is(writeCdrAttempt('m', notice).line, 'm|cdr:attempt|network|09:05:07.042125');
    assert.is(writeCdrStart('m', notice, 'proxy-uas').line, 'm|cdr:start|network|09:05:07.042125|proxy-uas');
    const stop = writeCdrStop('m', { ...notice, source: 'application' }, 'normal-release');
    assert.equal(stop, { line: 'm|cdr:stop|application|09:05:07.042125|normal-release', sip: 'INVITE' });
  });

  it('JSON in an answer is one field, whatever is in it', () => {
    const snapshot = { callId: 'a|b', text: 'line\r\nä\u007f' };
    const fields = writeAdopted(IDS, snapshot).line.split('|');
    assert.is(fields.length, 5);
    assert.equal(JSON.parse(fields[4] ?? ''), snapshot);
    assert.is(
      writeDialogList(IDS, [DIALOG, 'e;from-tag=f']).line,
      `m|response|r|OK|["${DIALOG}","e;from-tag=f"]`,
    );
    assert.is(writeDialogList(IDS, []).line, 'm|response|r|OK|[]');
  });

  it('no field can break the line, and no field is changed without need', () => {
    const hostile = 'a|b\r\nc\0';
    const notice = { meta: RECEIVED, transactionId: 't', dialogId: hostile, sip: '' };
    assert.is(writeDialogMessage('m', notice).line.split('|').length, 11);
    assert.is(toWireField(hostile), 'a%7Cb%0D%0Ac%00');
    assert.is(toWireField(toWireField(hostile)), toWireField(hostile));
    assert.is(toWireField('ä%7C 🚑;x="y"'), 'ä%7C 🚑;x="y"');
  });

  it('the id of a dialog is its Call-ID and the tag of the caller, fit for the wire', () => {
    assert.is(controlDialogId('cid-1@x', 'ft1'), 'cid-1@x;from-tag=ft1');
    assert.is(controlDialogId('a|b', 'c\n'), 'a%7Cb;from-tag=c%0A');
  });

  it('times are UTC with six decimals', () => {
    assert.is(wireTime(0), '00:00:00.000000');
    assert.is(wireTime(Date.UTC(2026, 0, 1) - 1), '23:59:59.999000');
    assert.is(wireTime(Date.UTC(2026, 0, 1, 13) + 0.9996), '13:00:00.000999');
  });

  it('ids are random UUIDs of version 4', () => {
    const rng = seededRng('control');
    const ids = Array.from({ length: 200 }, () => uuidV4(rng));
    for (const id of ids) {
      assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    }
    assert.is(new Set(ids).size, ids.length);
  });
});
