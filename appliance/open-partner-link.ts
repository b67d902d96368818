/** The link to the partner's call control, if the site has given this node a partner. */
import type { Clock } from '../cluster/base/clock.js';
import type { Log } from '../cluster/base/log.js';
import { NodeLink } from '../cluster/node-link/node-link.js';
import type { Telephony } from '../firmware-config/schema/telephony.js';
import type { SiteNode } from '../firmware-config/schema/site.js';
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

/** @param partnerOf asked when the link is up: it is made after the link. @returns a link that has to be started */
export function openPartnerLink(
  { site, own, telephony, clock, log }: Surroundings,
  partnerOf: () => Partner,
): { readonly id: string; readonly link: NodeLink } | undefined {
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
  return { id: partner.id, link };
}
