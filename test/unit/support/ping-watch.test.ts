import { longestSilenceMs, parsePing } from '../../support/box/ping-watch.js';
import { assert, spec } from '../../support/spec.js';

const TEXT = `PING 10.77.0.11 (10.77.0.11) 56(84) bytes of data.
[100.000000] 64 bytes from 10.77.0.11: icmp_seq=1 ttl=64 time=0.05 ms
[100.005000] 64 bytes from 10.77.0.11: icmp_seq=2 ttl=64 time=0.05 ms
[100.105000] 64 bytes from 10.77.0.11: icmp_seq=22 ttl=64 time=0.05 ms
[100.105500] 64 bytes from 10.77.0.11: icmp_seq=22 ttl=64 time=0.55 ms (DUP!)
[100.405500] 64 bytes from 10.77.0.11: icmp_seq=80 ttl=64 time=0.05 ms

--- 10.77.0.11 ping statistics ---
81 packets transmitted, 4 received, +1 duplicates, 95% packet loss, time 405ms
`;

spec('ping-watch', (it) => {
  it('replies and second answers are counted', () => {
    const report = parsePing(TEXT);
    assert.is(report.repliesMs.length, 5);
    assert.is(report.duplicates, 1);
    assert.is(report.lost, 77);
    assert.ok(Number.isNaN(parsePing('').lost), 'a ping that was killed knows nothing');
  });

  it('the longest silence is that of the time that is looked at', () => {
    const report = parsePing(TEXT);
    assert.is(Math.round(longestSilenceMs(report, 100_000, 100_050)), 100);
    assert.is(Math.round(longestSilenceMs(report, 100_000, 100_500)), 300);
  });

  it('an address that falls silent and stays so is silent until the end', () => {
    assert.is(Math.round(longestSilenceMs(parsePing(TEXT), 100_000, 102_405.5)), 2000);
  });

  it('an address that never answers again is no short silence', () => {
    const report = parsePing(TEXT);
    assert.throws(() => longestSilenceMs(report, 100_500, 101_000), /no reply/);
    assert.throws(() => longestSilenceMs(parsePing(''), 0, 1), /no reply/);
  });
});
