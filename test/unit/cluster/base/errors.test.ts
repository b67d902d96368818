import {
  defineErrors,
  describeErrorChain,
  errorChain,
  isOperatingError,
  OperatingError,
} from '../../../../cluster/base/errors.js';
import { assert, spec } from '../../../support/spec.js';

const testErrors = defineErrors({
  DISK_FULL: {
    message: 'the disk of {node} is full: {freeBytes} bytes free, {list}',
    action: 'Free space on {node}.',
    retryable: true,
  },
  PLAIN: { message: 'plain', action: 'Nothing.', retryable: false },
});

spec('operating errors', (it) => {
  it('carry code, filled texts, details and cause', () => {
    const cause = new Error('ENOSPC');
    const details = { node: 'a', freeBytes: 0, list: ['x'] };
    const error = testErrors.DISK_FULL(details, cause);
    assert.instance(error, OperatingError);
    assert.instance(error, Error);
    assert.is(error.name, 'OperatingError');
    assert.is(error.code, 'DISK_FULL');
    assert.is(error.message, 'the disk of a is full: 0 bytes free, ["x"]');
    assert.is(error.action, 'Free space on a.');
    assert.is(error.retryable, true);
    assert.equal(error.details, details);
    assert.is(error.cause, cause);
  });

  it('need neither details nor a cause', () => {
    const error = testErrors.PLAIN();
    assert.equal(error.details, {});
    assert.not('cause' in error);
  });

  it('refuse a text whose detail is missing, as a programmer’s error', () => {
    assert.throws(
      () => testErrors.DISK_FULL({ node: 'a', list: [] }),
      (error: unknown) => error instanceof TypeError && error.message.includes('"freeBytes"'),
    );
  });

  it('take details as they are, whatever characters they hold', () => {
    const error = testErrors.DISK_FULL({ node: "$& {list} $'", freeBytes: 10n, list: undefined });
    assert.is(error.message, "the disk of $& {list} $' is full: 10 bytes free, undefined");
  });

  it('do not take inherited properties for details', () => {
    const errors = defineErrors({ ODD: { message: '{toString}', action: '', retryable: false } });
    assert.throws(() => errors.ODD({}), /needs the detail "toString"/);
  });

  it('are told from other errors, and by code', () => {
    assert.ok(isOperatingError(testErrors.PLAIN()));
    assert.ok(isOperatingError(testErrors.PLAIN(), 'PLAIN'));
    assert.not(isOperatingError(testErrors.PLAIN(), 'DISK_FULL'));
    assert.not(isOperatingError(new Error('plain')));
    assert.not(isOperatingError({ code: 'PLAIN' }));
  });
});

spec('an error chain', (it) => {
  it('is told in one line, outermost first', () => {
    const inner = new Error('connection refused');
    const middle = new Error('cannot write', { cause: inner });
    assert.is(describeErrorChain(testErrors.PLAIN({}, middle)), 'plain: cannot write: connection refused');
  });

  it('ends at a cause that was met before', () => {
    const first = new Error('first');
    const second = new Error('second', { cause: first });
    first.cause = second;
    assert.is(describeErrorChain(first), 'first: second');
    const told = new Error('cannot open: no such file', { cause: new Error('no such file') });
    assert.is(describeErrorChain(told), 'cannot open: no such file');
  });

  it('ends when it is absurdly long', () => {
    let error = new Error('0');
    for (let index = 1; index < 5000; index += 1) error = new Error(String(index), { cause: error });
    assert.is(errorChain(error).length, 20);
  });

  it('names every address of a connection that failed on all of them', () => {
    const refused = [
      new Error('connect ECONNREFUSED ::1:6379'),
      new Error('connect ECONNREFUSED 127.0.0.1:6379'),
    ];
    assert.is(
      describeErrorChain(new AggregateError(refused)),
      'connect ECONNREFUSED ::1:6379; connect ECONNREFUSED 127.0.0.1:6379',
    );
  });

  it('falls back to the code or the name of an error without a message', () => {
    assert.is(describeErrorChain(Object.assign(new Error(''), { code: 'ETIMEDOUT' })), 'ETIMEDOUT');
    assert.is(describeErrorChain(new TypeError('')), 'TypeError');
    assert.is(describeErrorChain(new AggregateError([])), 'AggregateError');
  });

  it('tells thrown values that are no errors, without their content', () => {
    assert.is(describeErrorChain('exit 1'), 'exit 1');
    assert.is(describeErrorChain(undefined), '');
    assert.is(describeErrorChain(null), 'null');
    assert.is(describeErrorChain(Object.create(null)), 'an object that is not an error');
    assert.is(
      describeErrorChain(new Error('outer', { cause: { patientName: 'Wang' } })),
      'outer: an object that is not an error',
    );
  });
});
