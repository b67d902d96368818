/** The site as it is now: nodes, calls, queues; and what was. */
import Type, { type Static } from 'typebox';
import type { CallHistory, CallRecord } from '../../cluster/store/call-record-read-port.js';
import type { Directory } from '../live/directory.js';
import type { LivePicture } from '../live/live-picture.js';
import type { NodeSnapshot } from '../live/node-snapshot.js';
import type { PanelStatus } from '../panel-status.js';
import { Done, strict, text, VIEWERS, whole, wholeList, type Endpoint } from './endpoint.js';

const CALLS = ['operations', 'dutyManager', 'supervisor', 'complianceOfficer', 'callTaker'] as const;
const ROUTING = ['operations', 'dutyManager', 'systemAdministrator'] as const;

const wallMs = Type.Integer({ minimum: 0, description: 'Give ms of the wall clock.' });
const callFilter = {
  from: wallMs,
  to: wallMs,
  number: Type.Optional(
    Type.String({ pattern: '^\\+?\\d{1,20}$', description: 'Give digits that the number contains.' }),
  ),
  department: Type.Optional(text(64, 'Give the id of a department.')),
  emergency: Type.Optional(Type.Boolean({ description: 'Write true or false.' })),
  open: Type.Optional(Type.Boolean({ description: 'Write true or false.' })),
};
const callParams = Type.Object({ callId: text(40, 'Give the id of a call.') }, strict);
const version = Type.Integer({ minimum: 1, maximum: 1e9, description: 'Give the number of a version.' });

export const PromptView = Type.Object({
  language: Type.String(),
  name: Type.String(),
  bytes: Type.Integer(),
  ms: Type.Integer(),
});
export type PromptView = Static<typeof PromptView>;

export const SettingsView = Type.Object({
  siteId: Type.String(),
  layout: Type.String(),
  /** IANA name; the hospital's. */
  zone: Type.String(),
  node: Type.String(),
  version: Type.String(),
  ports: Type.Record(Type.String(), Type.Integer()),
  advertIntervalMs: Type.Number(),
});
export type SettingsView = Static<typeof SettingsView>;

/** A document and who brings it; the check of its content, with path and fix, is call control's. */
const document = Type.Unsafe<object>({ type: 'object', description: 'Give a routing document.' });

export const SITE_API = {
  'GET /api/status': {
    summary: 'How this node is, without calls or people',
    access: 'public',
    response: whole<PanelStatus>(),
  },
  'GET /healthz': {
    summary: 'Whether the panel answers',
    access: 'public',
    response: Type.Object({ ok: Type.Boolean(), node: Type.String() }),
  },
  'GET /api/live': { summary: 'The site as it is now', access: VIEWERS, response: whole<LivePicture>() },
  'GET /api/stream': {
    summary: 'The site as it is, all the time (server-sent events)',
    access: VIEWERS,
    response: Type.String(),
    produces: 'text/event-stream',
  },
  'GET /api/directory': {
    summary: 'Departments, seats, call-takers, trunks',
    access: VIEWERS,
    response: whole<Directory>(),
  },
  'GET /api/settings': { summary: 'Settings of the site', access: VIEWERS, response: SettingsView },
  // By a body, because a number that is looked for is a patient's, and addresses are kept in too many places.
  'POST /api/calls/search': {
    summary: 'Records of calls, the latest first',
    access: CALLS,
    body: Type.Object(
      {
        ...callFilter,
        beforeMs: Type.Optional(wallMs),
        beforeId: Type.Optional(text(40, 'Give the id of a call.')),
        limit: Type.Integer({ minimum: 1, maximum: 500, default: 100, description: 'Give 1 to 500.' }),
      },
      strict,
    ),
    response: wholeList<CallRecord>(),
  },
  'POST /api/calls/csv': {
    summary: 'Records of calls for a spreadsheet',
    access: CALLS,
    body: Type.Object(callFilter, strict),
    response: Type.String(),
    produces: 'text/csv',
  },
  'GET /api/calls/:callId': {
    summary: 'One call with its steps',
    access: CALLS,
    params: callParams,
    response: whole<CallHistory>(),
  },
  'POST /api/calls/:callId/complaint': {
    summary: 'What the caller complains of, as somebody types it; words of the rules act on it',
    access: ['dutyManager', 'supervisor', 'callTaker'],
    params: callParams,
    body: Type.Object({ text: text(500, 'Type what the caller says, at most 500 characters.') }, strict),
    response: whole<Readonly<Record<string, unknown>>>(),
  },
  'POST /api/calls/:callId/emergency/undo': {
    summary: 'An emergency that is none',
    access: ['dutyManager', 'supervisor', 'callTaker'],
    params: callParams,
    response: whole<Readonly<Record<string, unknown>>>(),
  },
  'POST /api/addresses/:home/move': {
    summary: 'Move the service address of a node to its partner, without losing a packet',
    access: ['operations', 'systemAdministrator'],
    params: Type.Object({ home: text(8, 'Give the node whose address it is.') }, strict),
    response: Done,
  },
  'POST /api/nodes/:node/drain': {
    summary: 'Take no new calls at a node but emergencies, or take them again',
    access: ['operations', 'systemAdministrator'],
    params: Type.Object({ node: text(8, 'Give the id of a node.') }, strict),
    body: Type.Object({ isDraining: Type.Boolean({ description: 'Use true or false.' }) }, strict),
    response: Done,
  },
  'POST /api/test-calls': {
    summary: 'Call an emergency number of the house over a trunk now, as a test',
    access: ['operations', 'dutyManager', 'systemAdministrator'],
    body: Type.Object(
      {
        number: Type.String({
          pattern: '^\\+\\d{3,20}$',
          description: 'Give a number of the list of test calls.',
        }),
        trunk: text(64, 'Give the id of a trunk.'),
      },
      strict,
    ),
    response: whole<Readonly<Record<string, unknown>>>(),
  },
  'GET /api/routing': {
    summary: 'The routing that is active, and all versions',
    access: [...ROUTING, 'supervisor', 'auditor'],
    response: whole<Readonly<Record<string, unknown>>>(),
  },
  'POST /api/routing/versions': {
    summary: 'Propose a routing document',
    access: ROUTING,
    body: Type.Object({ document }, strict),
    response: whole<Readonly<Record<string, unknown>>>(),
  },
  'POST /api/routing/versions/:version/dry-run': {
    summary: 'What a version would have changed for calls of the past',
    access: ROUTING,
    params: Type.Object({ version }, strict),
    response: whole<Readonly<Record<string, unknown>>>(),
  },
  'POST /api/routing/versions/:version/activate': {
    summary: 'Activate a version',
    access: ROUTING,
    params: Type.Object({ version }, strict),
    response: whole<Readonly<Record<string, unknown>>>(),
  },
  'POST /api/routing/roll-back': {
    summary: 'Back to the version before',
    access: ROUTING,
    response: whole<Readonly<Record<string, unknown>>>(),
  },
  'GET /api/prompts': { summary: 'What callers hear', access: VIEWERS, response: Type.Array(PromptView) },
  'GET /api/prompts/:language/:name': {
    summary: 'One prompt as WAV',
    access: VIEWERS,
    params: Type.Object(
      {
        language: Type.String({ pattern: '^[A-Za-z-]{2,10}$', description: 'Give a language or "music".' }),
        name: Type.String({ pattern: '^[A-Za-z0-9-]{1,64}$', description: 'Give the name of a prompt.' }),
      },
      strict,
    ),
    response: Type.String(),
    produces: 'audio/wav',
  },
  'GET /api/peer/snapshot': {
    summary: 'This node, for the panels of the others',
    access: 'peer',
    response: whole<NodeSnapshot>(),
  },
  'POST /api/peer/order': {
    summary: 'An order for this node, from the panel of another',
    access: 'peer',
    body: Type.Object(
      {
        service: Type.Enum(['calls', 'node']),
        method: text(40, 'Give the method.'),
        params: Type.Unsafe<Readonly<Record<string, unknown>>>({
          type: 'object',
          additionalProperties: true,
        }),
      },
      strict,
    ),
    response: Type.Object({ result: Type.Unknown() }),
  },
} as const satisfies Record<string, Endpoint>;
