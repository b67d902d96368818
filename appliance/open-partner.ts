/** What connects this node with its partner, if the site has given it one. */
import type { Clock } from '../cluster/base/clock.js';
import type { Log } from '../cluster/base/log.js';
import { RedisLiveFacts } from '../cluster/live-state/redis-live-facts.js';
import { NodeLink } from '../cluster/node-link/node-link.js';
import type { SiteNode } from '../firmware-config/schema/site.js';
import type { Telephony } from '../firmware-config/schema/telephony.js';
import { findPartner, type Site } from '../firmware-config/site-nodes.js';
import { makeLinkKey } from '../firmware-config/telephony-secrets.js';
import type { Partner } from './partner.js';

interface Surroundings {
  readonly site: Site;
  readonly own: SiteNode;
  readonly telephony: Telephony;
  readonly clock: Clock;
  readonly log: Log;
}

export interface OpenedPartner {
  readonly id: string;
  readonly link: NodeLink;
  /** The local replica of its live state. */
  readonly facts: RedisLiveFacts;
  start(): void;
  stop(): void;
}

/** @param partnerOf asked when the link is up: it is made after the link. @returns it has to be started */
export function openPartner(
  { site, own, telephony, clock, log }: Surroundings,
  partnerOf: () => Partner,
): OpenedPartner | undefined {
  const partner = findPartner(site, own.id);
  if (partner === undefined) return undefined;
  const link = new NodeLink({
    ...{ own, partner, port: site.ports.callLink, siteKey: makeLinkKey(telephony), clock, log },
    onUp: () => {
      partnerOf().onUp();
    },
    onDown: () => {
      partnerOf().onDown();
    },
    onMessage: (message) => {
      partnerOf().onMessage(message);
    },
  });
  const facts = new RedisLiveFacts({ host: '127.0.0.1', port: site.ports.redisPartner, clock, log });
  return {
    ...{ id: partner.id, link, facts },
    start: () => {
      link.start();
      void facts.open();
    },
    stop: () => {
      link.stop();
      facts.close();
    },
  };
}
