import { assert, spec } from '../../../../support/spec.js';
import { EngineBench, SDP } from './engine-bench.js';

const TAGS = { tags: ['desk'] };

/** A call of an application that is gone, which had stored a payload with it; another one with its tags is there. */
function left(payload = 'call 17') {
  const bench = new EngineBench({ cdrs: true });
  const first = bench.application(TAGS);
  const phone = bench.phone('alice', 50);
  const call = phone.call();
  call.invite();
  first.answer('INVITE', 200, {}, SDP);
  call.ack(phone.last('200 INVITE'));
  const { dialogId } = first.last('ACK');
  if (payload !== '') first.command(`payload|${dialogId}`, '', {}, payload);
  bench.loseApplication(first);
  const next = bench.application(TAGS);
  phone.take();
  return { bench, phone, call, dialogId, next };
}

spec('requests in a dialog that waits for its adoption', (it) => {
  it('are given to whoever adopts it, in the order they came, and not before', () => {
    const { call, dialogId, next, phone } = left();
    call.request('INFO');
    call.request('INVITE', { body: SDP });
    call.request('BYE');
    assert.is(next.take(), '');
    assert.is(phone.take(), '100 INVITE');
    next.command(`adopt|${dialogId}`);
    assert.ok(next.take().endsWith('INFO, INVITE, BYE'));
    next.answer('BYE', 200);
    assert.ok(phone.take().endsWith('200 BYE'));
  });

  it('are given to whoever speaks in it', () => {
    const { call, dialogId, next } = left();
    call.request('INFO');
    next.requestInDialog(dialogId, 'OPTIONS');
    assert.is(next.take(), 'sent OPTIONS, INFO');
  });

  it('are not held back from an application that stores nothing and so adopts nothing', () => {
    const { call, next } = left('');
    call.request('INFO');
    assert.is(next.take(), 'INFO');
  });

  it('of a call that nobody adopts: it ends with its BYE, and a change of it may be asked for again', async () => {
    const { bench, call, next, phone } = left();
    call.request('INVITE', { body: SDP });
    await bench.advance(5100);
    assert.is(phone.take(), '100 INVITE, 500 INVITE');
    assert.ok((phone.last('500 INVITE').retryAfter ?? -1) >= 0);
    call.ackRefusal(phone.last('500 INVITE'));
    assert.is(bench.engine.counts().dialogs.uas, 1);
    call.request('BYE');
    await bench.advance(3000);
    assert.is(phone.take(), '');
    await bench.advance(2100);
    // The 100 is that of a request that takes long (RFC 4320 4.1).
    assert.is(phone.take(), '100 BYE, 200 BYE');
    assert.is(bench.engine.counts().dialogs.uas, 0);
    assert.is(next.take(), '');
  });

  it('that are cancelled meanwhile are given to nobody', () => {
    const { call, dialogId, next, phone } = left();
    call.request('INVITE', { body: SDP });
    call.cancel();
    assert.is(phone.take(), '100 INVITE, 200 CANCEL, 487 INVITE');
    next.command(`adopt|${dialogId}`);
    assert.is(next.told.filter(({ name }) => name === 'INVITE').length, 0);
  });

  it('that were answered otherwise make room for others', () => {
    const { call, dialogId, next } = left();
    for (let count = 0; count < 40; count += 1) {
      call.request('INVITE', { body: SDP });
      call.cancel();
    }
    call.request('INFO');
    next.command(`adopt|${dialogId}`);
    assert.equal(
      next.told.filter(({ sip }) => sip?.isRequest === true).map(({ name }) => name),
      ['INFO'],
    );
  });

  it('are two BYEs, of which the call has one end', () => {
    const { bench, call, dialogId, next, phone } = left();
    const recorder = bench.application({ routes: ['cdr:stop'] });
    call.request('BYE');
    call.request('BYE');
    next.command(`adopt|${dialogId}`);
    next.answer('BYE', 200);
    assert.equal(phone.take().split(', ').sort(), ['200 BYE', '200 BYE']);
    assert.equal(recorder.take(), 'cdr:stop normal-release');
  });

  it('are not kept without end: a flood in one dialog is refused', () => {
    const { call, dialogId, next, phone } = left();
    for (let count = 0; count < 20; count += 1) call.request('INFO');
    assert.is(phone.take(), Array(4).fill('500 INFO').join(', '));
    next.command(`adopt|${dialogId}`);
    assert.is(next.told.filter(({ name }) => name === 'INFO').length, 16);
  });
});
