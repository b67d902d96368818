/** A subscription of a phone (RFC 6665): made once, and what it is told. */
import { headerOf, type HeaderLines, type SipMessage } from './sip-text.js';
import type { UserAgent } from './user-agent.js';

export interface ToldNotice {
  readonly event: string;
  /** Subscription-State. */
  readonly state: string;
  readonly body: string;
}

const CHALLENGES_MAX = 2;

/** @returns the final status */
export function subscribe(agent: UserAgent, to: string, event: string, expires: number): Promise<number> {
  const { server, user } = agent.options;
  const uri = `sip:${to}@${server.address}:${String(server.port)}`;
  const [callId, tag] = [agent.token(12), agent.token(4)];
  return new Promise((resolve) => {
    const send = (authorization: HeaderLines, challenges: number): void => {
      agent.transactions.request({
        ...{ method: 'SUBSCRIBE', uri, body: '', to: server },
        headers: [
          ['From', `<sip:${user}@${server.address}>;tag=${tag}`],
          ['To', `<sip:${to}@${server.address}>`],
          ['Call-ID', callId],
          ['CSeq', `${String(challenges + 1)} SUBSCRIBE`],
          ['Contact', `<${agent.contactUri}>`],
          ['Event', event],
          ['Expires', String(expires)],
          ...authorization,
        ],
        onResponse: (response) => {
          if (response.status < 200) return;
          const again =
            challenges >= CHALLENGES_MAX ? [] : agent.authorize(response, 'SUBSCRIBE', uri, challenges);
          if (again.length > 0) send(again, challenges + 1);
          else resolve(response.status);
        },
      });
    };
    agent.expectNotices(callId);
    send([], 0);
  });
}

export function readNotice(request: SipMessage): ToldNotice {
  const [event, state] = [headerOf(request, 'event'), headerOf(request, 'subscription-state')];
  return { event, state, body: request.body };
}
