import { defineErrors } from '../../../../cluster/base/errors.js';
import { childLog, openLog, REDACTED_FIELDS, type Log } from '../../../../cluster/base/log.js';
import { assert, spec } from '../../../support/spec.js';

const NAME = 'Wang Xiaoming 王小明';
const PASSWORD = 'correct horse battery staple';

const { STORE_AWAY } = defineErrors({
  STORE_AWAY: { message: 'the store is away', action: 'Start the store.', retryable: true },
});

function openTestLog(options: { level?: 'debug' | 'info' } = {}) {
  const lines: string[] = [];
  const log = openLog({
    name: 'test',
    node: 'a',
    ...options,
    destination: { write: (line) => void lines.push(line) },
  });
  return { log, lines, records: () => lines.map((line) => JSON.parse(line) as Record<string, unknown>) };
}

/** Writes through `write` once per secret field; none may come out, and every line must. */
function assertNothingLeaks(write: (log: Log, secret: Record<string, unknown>, field: string) => void): void {
  for (const [index, field] of REDACTED_FIELDS.entries()) {
    const value = index % 2 === 0 ? NAME : PASSWORD;
    const { log, lines } = openTestLog();
    write(log, { [field]: value, kept: 'kept' }, field);
    assert.is(lines.length, 1, field);
    assert.not.match(lines.join(''), value, `${field}: ${lines.join('')}`);
    assert.match(lines.join(''), 'kept', field);
  }
}

spec('the log', (it) => {
  it('writes one JSON line with name, node, level and time', () => {
    const { log, lines, records } = openTestLog();
    log.info({ callId: 'c1' }, 'call started');
    assert.is(lines.length, 1);
    assert.ok(lines[0]?.endsWith('\n'));
    const { time, ...rest } = records()[0] ?? {};
    assert.equal(rest, { level: 'info', name: 'test', node: 'a', callId: 'c1', msg: 'call started' });
    assert.match(String(time), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  });

  it('writes nothing below its level', () => {
    const { log, lines } = openTestLog();
    log.debug('quiet');
    assert.is(lines.length, 0);
    const loud = openTestLog({ level: 'debug' });
    loud.log.debug('loud');
    assert.is(loud.lines.length, 1);
  });

  it('redacts the fields that hold secrets or patients', () => {
    const named = [
      'password',
      'secret',
      'token',
      'authorization',
      'pin',
      'ha1',
      'callerNumber',
      'callerName',
    ];
    named.push('patientName', 'patientId', 'complaint', 'sdp', 'srtpKey');
    for (const field of named) assert.ok((REDACTED_FIELDS as readonly string[]).includes(field), field);
    const { log, records } = openTestLog();
    log.info({ patientName: NAME, kept: 1 }, 'x');
    assert.is(records()[0]?.['patientName'], '[redacted]');
    assert.is(records()[0]?.['kept'], 1);
  });

  it('lets no secret out at the top, one or two levels deep, or within a list', () => {
    assertNothingLeaks((log, secret) => {
      log.info(secret, 'x');
    });
    assertNothingLeaks((log, secret) => {
      log.info({ call: secret }, 'x');
    });
    assertNothingLeaks((log, secret) => {
      log.info({ call: { caller: secret } }, 'x');
    });
    assertNothingLeaks((log, secret) => {
      log.info({ callers: [secret] }, 'x');
    });
  });

  it('lets no secret out when it is an object itself', () => {
    assertNothingLeaks((log, secret, field) => {
      log.info({ call: { [field]: { inner: { deep: secret[field] } }, kept: 'kept' } }, 'x');
    });
  });

  it('lets no secret out of the fields of a child log, also of a child of it', () => {
    assertNothingLeaks((log, secret) => {
      childLog(log, secret).info('x');
    });
    assertNothingLeaks((log, secret) => {
      childLog(log, { call: secret }).info('x');
    });
    assertNothingLeaks((log, secret) => {
      childLog(childLog(log, { callId: 'c1' }), { call: { caller: secret } }).info('x');
    });
    assertNothingLeaks((log, secret) => {
      childLog(log, { callId: 'c1' }).info({ call: secret }, 'x');
    });
  });

  it('lets no secret out of an error, however deep it carries it', () => {
    assertNothingLeaks((log, secret) => {
      log.warn({ err: STORE_AWAY(secret) }, 'x');
    });
    assertNothingLeaks((log, secret) => {
      log.warn({ err: STORE_AWAY({ request: { headers: { list: [secret] } } }) }, 'x');
    });
    assertNothingLeaks((log, secret) => {
      log.warn({ err: new Error('outer', { cause: STORE_AWAY({ call: { caller: secret } }) }) }, 'x');
    });
    assertNothingLeaks((log, secret) => {
      log.error(Object.assign(new Error('kept'), { config: { headers: secret }, ...secret }), 'x');
    });
    assertNothingLeaks((log, secret) => {
      const deep = { deep: { deeper: { deepest: secret } } };
      log.error({ err: deep, error: deep, cause: deep, kept: 'kept' }, 'x');
    });
  });

  it('lets no secret out through values for a message’s placeholders', () => {
    assertNothingLeaks((log, secret, field) => {
      log.info({ kept: 'kept' }, 'caller %s %o', secret[field], secret);
    });
    assertNothingLeaks((log, secret, field) => {
      log.info('kept %s %j', secret[field], secret);
    });
  });

  it('tells the whole chain of an error with code and action', () => {
    const { log, records } = openTestLog();
    const refused = Object.assign(new Error('connect refused'), { code: 'ECONNREFUSED' });
    log.warn(
      { err: STORE_AWAY({ node: 'b' }, new Error('cannot send', { cause: refused })) },
      'write failed',
    );
    const err = records()[0]?.['err'] as Record<string, unknown>;
    assert.is(err['message'], 'the store is away: cannot send: connect refused');
    assert.is(err['code'], 'STORE_AWAY');
    assert.is(err['action'], 'Start the store.');
    assert.is(err['retryable'], true);
    assert.equal(err['details'], { node: 'b' });
    assert.match(String(err['stack']), 'log.test');
    const causes = err['causes'] as Record<string, unknown>[];
    assert.equal(
      causes.map((cause) => [cause['message'], cause['code']]),
      [
        ['cannot send', undefined],
        ['connect refused', 'ECONNREFUSED'],
      ],
    );
  });

  it('writes a line whatever an error carries', () => {
    const { log, lines } = openTestLog();
    const ring: Record<string, unknown> = { bytes: new Uint8Array(5), at: new Date(0) };
    ring['self'] = ring;
    log.warn({ err: STORE_AWAY({ ring, cause: new Error('inner') }) }, 'x');
    log.warn({ err: 'a string' }, 'x');
    log.warn({ err: undefined }, 'x');
    log.warn({ err: null }, 'x');
    assert.is(lines.length, 4);
    assert.match(lines[0] ?? '', '[5 bytes]');
    assert.match(lines[0] ?? '', '1970-01-01');
    assert.match(lines[0] ?? '', '"cause":"inner"');
    assert.match(lines[1] ?? '', 'a string');
  });
});
