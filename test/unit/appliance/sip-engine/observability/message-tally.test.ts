import {
  RequestTally,
  ResponseTally,
} from '../../../../../appliance/sip-engine/observability/message-tally.js';
import { assert, spec } from '../../../../support/spec.js';

function requestsOf(tally: RequestTally): Record<string, number> {
  const counts: Record<string, number> = {};
  tally.forEach(({ method }, count) => (counts[method] = count));
  return counts;
}

function responsesOf(tally: ResponseTally): Record<string, number> {
  const counts: Record<string, number> = {};
  tally.forEach(({ method, code }, count) => (counts[`${method} ${code}`] = count));
  return counts;
}

spec('message-tally', (it) => {
  it('counts requests by method, and what nobody has heard of as other', () => {
    const tally = new RequestTally();
    for (const method of ['INVITE', 'ACK', 'INVITE', 'invite', 'X', '', '__proto__', 'constructor'])
      tally.count(method);
    assert.equal(requestsOf(tally), { INVITE: 2, ACK: 1, other: 5 });
  });

  it('counts responses by method and status, and statuses nobody has registered by their class', () => {
    const tally = new ResponseTally();
    for (const status of [100, 200, 200, 486, 608, 499, 299, 699]) tally.count('INVITE', status);
    tally.count('NEW', 200);
    assert.equal(responsesOf(tally), {
      'INVITE 100': 1,
      'INVITE 200': 2,
      'INVITE 486': 1,
      'INVITE 608': 1,
      'INVITE 4xx': 1,
      'INVITE 2xx': 1,
      'INVITE 6xx': 1,
      'other 200': 1,
    });
  });

  it('counts a status that is none without a place of its own', () => {
    const tally = new ResponseTally();
    for (const status of [-1, 0, 99, 700, 1e9, NaN, 200.5]) tally.count('BYE', status);
    assert.equal(responsesOf(tally), { 'BYE other': 7 });
  });

  it('has a bounded number of labels, whatever comes', () => {
    const tally = new ResponseTally();
    for (let status = 0; status < 800; status += 1) {
      for (const method of ['INVITE', 'A', `M${String(status)}`]) tally.count(method, status);
    }
    assert.ok(Object.keys(responsesOf(tally)).length <= 2 * 90);
  });
});
