/**
 * The site document: what is the same on every node of a site, its DR site and its witness. Unknown keys are refused.
 * The `description` of a field is the fix that is shown when the field is wrong.
 */
import Type, { type Static } from 'typebox';
import { DEFAULTS } from '../defaults/defaults.js';
import { address, milliseconds, port, strict, version } from './fields.js';

export const PlaceSchema = Type.Object(
  {
    id: Type.Enum(['site', 'dr', 'witness'], { description: 'Use "site", "dr" or "witness".' }),
    subnet: Type.String({
      pattern: '^\\d{1,3}(\\.\\d{1,3}){3}/(8|9|1\\d|2\\d)$',
      description: 'Give the LAN of the place in CIDR notation such as 10.77.0.0/24.',
    }),
    gateway: address('the router of the place'),
  },
  strict,
);

export const SiteNodeSchema = Type.Object(
  {
    id: Type.String({
      pattern: '^[a-z][a-z0-9]{0,7}$',
      description: 'Use 1 to 8 characters of a-z and 0-9, beginning with a letter.',
    }),
    place: Type.Enum(['site', 'dr', 'witness'], { description: 'Use "site", "dr" or "witness".' }),
    role: Type.Enum(['full', 'witness'], {
      description: 'Use "full", or "witness" for a node that only votes.',
    }),
    address: address("the node's own address, which never moves"),
    serviceAddress: Type.Optional(address('the service address whose home is this node')),
  },
  strict,
);

export const SiteDocumentSchema = Type.Object(
  {
    version,
    siteId: Type.String({
      pattern: '^[a-z][a-z0-9-]{0,31}$',
      description: 'Use a short name of a-z, 0-9 and "-".',
    }),
    layout: Type.Enum(['pair+dr', 'two-two-one'], { description: 'Use "pair+dr" or "two-two-one".' }),
    places: Type.Array(PlaceSchema, {
      minItems: 2,
      maxItems: 3,
      description: 'List the places "site" and "dr".',
    }),
    nodes: Type.Array(SiteNodeSchema, {
      minItems: 3,
      maxItems: 5,
      description: 'List every node of the layout.',
    }),
    vrrp: Type.Object(
      {
        advertIntervalMs: milliseconds(20, 100, DEFAULTS.vrrp.advertIntervalMs),
        startupDelaySeconds: Type.Integer({
          minimum: 1,
          maximum: 30,
          default: DEFAULTS.vrrp.startupDelaySeconds,
          description: 'Give whole seconds from 1 to 30.',
        }),
        routerIdBase: Type.Integer({
          minimum: 1,
          maximum: 250,
          default: DEFAULTS.vrrp.routerIdBase,
          description:
            'Give a number from 1 to 250 that no other VRRP router on this LAN uses, nor the one after it.',
        }),
      },
      { ...strict, default: {} },
    ),
    raft: Type.Object(
      {
        heartbeatTimeoutMs: milliseconds(50, 5000, DEFAULTS.raft.heartbeatTimeoutMs),
        electionTimeoutMs: milliseconds(50, 5000, DEFAULTS.raft.electionTimeoutMs),
        leaderLeaseMs: milliseconds(50, 5000, DEFAULTS.raft.leaderLeaseMs),
      },
      { ...strict, default: {} },
    ),
    ports: Type.Object(
      {
        sip: port(DEFAULTS.ports.sip),
        sipTls: port(DEFAULTS.ports.sipTls),
        control: port(DEFAULTS.ports.control),
        rtpengineCli: port(DEFAULTS.ports.rtpengineCli),
        rtpengineHttp: port(DEFAULTS.ports.rtpengineHttp),
        dtmfLog: port(DEFAULTS.ports.dtmfLog),
        rqliteHttp: port(DEFAULTS.ports.rqliteHttp),
        rqliteRaft: port(DEFAULTS.ports.rqliteRaft),
        redisOwn: port(DEFAULTS.ports.redisOwn),
        redisPartner: port(DEFAULTS.ports.redisPartner),
        nodeLink: port(DEFAULTS.ports.nodeLink),
        callLink: port(DEFAULTS.ports.callLink),
        panel: port(DEFAULTS.ports.panel),
      },
      { ...strict, default: {} },
    ),
    rtp: Type.Object(
      { portMin: port(DEFAULTS.rtp.portMin), portMax: port(DEFAULTS.rtp.portMax) },
      { ...strict, default: {} },
    ),
    media: Type.Object(
      {
        /** rtpengine's only back-stop against calls that nobody ends. */
        finalTimeoutSeconds: Type.Integer({
          minimum: 600,
          maximum: 86_400,
          default: DEFAULTS.media.finalTimeoutSeconds,
          description: 'Give whole seconds from 600 to 86400; a call longer than this is cut.',
        }),
        timeoutSeconds: Type.Integer({
          minimum: 10,
          maximum: 600,
          default: DEFAULTS.media.timeoutSeconds,
          description: 'Give whole seconds from 10 to 600; a call without media for so long is ended.',
        }),
      },
      { ...strict, default: {} },
    ),
  },
  strict,
);

export type SiteDocument = Static<typeof SiteDocumentSchema>;
export type SiteNode = SiteDocument['nodes'][number];
