import { seededRng } from '../../../../../cluster/base/rng.js';
import {
  acknowledgedKeys,
  cancelledKey,
  clientCancelKey,
  clientKey,
  createBranchSource,
  findBranchAddress,
  mergeKey,
  serverKey,
  type KeyFields,
} from '../../../../../appliance/sip-engine/transaction/transaction-key.js';
import { assert, spec } from '../../../../support/spec.js';

const INVITE: KeyFields = {
  method: 'INVITE',
  branch: 'z9hG4bK776a',
  sentByHost: 'Phone.Example',
  transport: 'UDP',
  callId: 'c1',
  cseqNumber: 7,
  fromTag: 'f1',
  requestUri: 'sip:bob@example.com',
  topVia: 'SIP/2.0/UDP Phone.Example;branch=z9hG4bK776a',
};
const OLD: KeyFields = { ...INVITE, branch: undefined, topVia: 'SIP/2.0/UDP old.example' };

spec('transaction-key', (it) => {
  it('of a request is branch, sent-by with its port, and method', () => {
    assert.is(serverKey(INVITE), 'z9hG4bK776a|phone.example:5060|INVITE');
    assert.is(serverKey({ ...INVITE, sentByPort: 5060 }), serverKey(INVITE));
    assert.is(serverKey({ ...INVITE, sentByHost: 'PHONE.EXAMPLE' }), serverKey(INVITE));
  });

  it('fills in the port that the transport means', () => {
    const port = (transport: string) => /:(\d+)\|/.exec(serverKey({ ...INVITE, transport }))?.[1];
    assert.equal(['UDP', 'tcp', 'TLS', 'tls', 'WS', 'WSS', 'SCTP', 'constructor'].map(port), [
      '5060',
      '5060',
      '5061',
      '5061',
      '80',
      '443',
      '5060',
      '5060',
    ]);
  });

  it('differs by branch, host, port and method', () => {
    const others: Partial<KeyFields>[] = [
      { branch: 'z9hG4bK776A' },
      { sentByHost: 'other.example' },
      { sentByPort: 5070 },
      { method: 'OPTIONS' },
      { method: 'invite' },
    ];
    const keys = [INVITE, ...others.map((other) => ({ ...INVITE, ...other }))].map(serverKey);
    assert.is(new Set(keys).size, keys.length);
  });

  it('does not look at anything else when the branch is unique', () => {
    const other = {
      callId: 'c2',
      cseqNumber: 8,
      fromTag: 'f2',
      toTag: 't',
      requestUri: 'sip:x',
      topVia: 'v',
    };
    assert.is(serverKey({ ...INVITE, ...other }), serverKey(INVITE));
  });

  it('finds the INVITE of an ACK and of a CANCEL, which has a transaction of its own', () => {
    const ack: KeyFields = { ...INVITE, method: 'ACK', toTag: 't1' };
    assert.equal(acknowledgedKeys(ack), [serverKey(INVITE)]);
    const cancel: KeyFields = { ...INVITE, method: 'CANCEL' };
    assert.is(cancelledKey(cancel), serverKey(INVITE));
    assert.is.not(serverKey(cancel), serverKey(INVITE));
  });

  it('is that of RFC 2543 when the branch has no cookie, or nothing but the cookie', () => {
    assert.is(serverKey(OLD), '|sip:bob@example.com||f1|c1|7|SIP/2.0/UDP old.example|INVITE');
    for (const branch of ['1', '', 'z9hG4bK', 'Z9HG4BK776a']) {
      assert.is(serverKey({ ...OLD, branch }), serverKey(OLD), branch);
    }
  });

  it('of RFC 2543 differs by each of its parts', () => {
    const others: Partial<KeyFields>[] = [
      { requestUri: 'sip:carol@example.com' },
      { toTag: 't1' },
      { fromTag: 'f2' },
      { callId: 'c2' },
      { cseqNumber: 8 },
      { topVia: 'SIP/2.0/UDP other.example' },
      { method: 'BYE' },
    ];
    const keys = [OLD, ...others.map((other) => ({ ...OLD, ...other }))].map(serverKey);
    assert.is(new Set(keys).size, keys.length);
  });

  it('of an old ACK is looked for with its To tag and without', () => {
    const ack: KeyFields = { ...OLD, method: 'ACK', toTag: 't1' };
    assert.equal(acknowledgedKeys(ack), [serverKey({ ...OLD, toTag: 't1' }), serverKey(OLD)]);
    assert.equal(acknowledgedKeys({ ...ack, toTag: undefined }), [serverKey(OLD)]);
  });

  it('of a response is branch and the method of its CSeq', () => {
    assert.is(clientKey(INVITE), 'z9hG4bK776a|INVITE');
    assert.is(clientCancelKey(clientKey(INVITE)), clientKey({ ...INVITE, method: 'CANCEL' }));
    assert.is(clientKey({ ...INVITE, branch: undefined }), '|INVITE');
  });

  it('is shared by copies of a request that came by different ways', () => {
    const copy: KeyFields = {
      ...INVITE,
      branch: 'z9hG4bKother',
      sentByHost: 'proxy2',
      requestUri: 'sip:b@2',
    };
    assert.is(mergeKey(INVITE), 'f1|c1|7|INVITE');
    assert.is(mergeKey(copy), mergeKey(INVITE));
    assert.is.not(mergeKey({ ...copy, cseqNumber: 8 }), mergeKey(INVITE));
  });

  it('has no merged form inside a dialog, of an ACK or of a CANCEL', () => {
    for (const other of [{ toTag: 't1' }, { method: 'ACK' }, { method: 'CANCEL' }]) {
      assert.is(mergeKey({ ...INVITE, ...other }), undefined);
    }
  });
});

spec('branches', (it) => {
  it('carry the cookie, the address they were made for and 80 random bits', (t) => {
    const nextBranch = createBranchSource({ addressId: 'vipA', rng: t.rng });
    assert.match(nextBranch(), /^z9hG4bKvipA-[0-9a-f]{20}$/);
    const branches = new Set(Array.from({ length: 10_000 }, nextBranch));
    assert.is(branches.size, 10_000);
  });

  it('tell the address they were made for', (t) => {
    const nextBranch = createBranchSource({ addressId: 'B7', rng: t.rng });
    assert.is(findBranchAddress(nextBranch()), 'B7');
    for (const foreign of [
      '',
      'z9hG4bK',
      'z9hG4bK776a',
      `z9hG4bK-${'0'.repeat(20)}`,
      `x-${'0'.repeat(20)}`,
    ]) {
      assert.is(findBranchAddress(foreign), undefined, foreign);
    }
  });

  it('are not made for an id that could not stand in a Via', () => {
    for (const addressId of ['', 'a b', 'a;b', 'x'.repeat(17)]) {
      assert.throws(() => createBranchSource({ addressId, rng: seededRng('1') }), RangeError);
    }
  });
});
