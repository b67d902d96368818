import { describeReplication, parseBulk } from '../../../../../ops/lab/machine/redis-info.js';
import { assert, spec } from '../../../../support/spec.js';

spec("Redis's word about its replication", (it) => {
  it('is complete once all its bytes have come', () => {
    assert.is(parseBulk('$5\r\nhel'), undefined);
    assert.is(parseBulk('$5\r\nhello\r\n'), 'hello');
    assert.is(parseBulk('$'), undefined);
  });

  it('of a master says how far its slowest replica is behind', () => {
    const text = [
      'role:master',
      'connected_slaves:2',
      'slave0:ip=10.77.0.2,port=6380,state=online,offset=90,lag=0',
      'slave1:ip=10.77.0.3,port=6380,state=online,offset=40,lag=7',
      'master_repl_offset:100',
    ].join('\r\n');
    const expected = { role: 'master', followers: 2, behindSeconds: 7, behindBytes: 60 };
    assert.equal(describeReplication(text), expected);
    assert.equal(describeReplication('role:master\r\nconnected_slaves:0'), { role: 'master', followers: 0 });
  });

  it('of a replica says whether it hears its master', () => {
    const replica = (link: string, heard: string): string =>
      `role:slave\r\nmaster_host:10.77.0.1\r\nmaster_link_status:${link}\r\nmaster_last_io_seconds_ago:${heard}`;
    const expected = { role: 'replica', of: '10.77.0.1' };
    assert.equal(describeReplication(replica('up', '1')), {
      ...expected,
      isLinkUp: true,
      heardSecondsAgo: 1,
    });
    assert.equal(describeReplication(replica('down', '-1')), { ...expected, isLinkUp: false });
  });
});
