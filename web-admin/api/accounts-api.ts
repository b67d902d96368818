/** Accounts, approvals by a second person, what was done. */
import Type, { type Static } from 'typebox';
import type { AuditEntry } from '../../cluster/store/identity-port.js';
import { ROLES } from '../identity/roles.js';
import { Done, nullable, strict, text, VIEWERS, wholeList, type Endpoint } from './endpoint.js';
import { accountName, AccountView, newPassword } from './session-api.js';

const accountFields = {
  displayName: text(64, 'Give the name that others see, at most 64 characters.'),
  roles: Type.Array(Type.Enum([...ROLES], { description: `Use ${ROLES.join(', ')}.` }), {
    minItems: 1,
    maxItems: ROLES.length,
    uniqueItems: true,
    description: 'List at least one role.',
  }),
  departments: Type.Array(text(64, 'Give the id of a department.'), {
    maxItems: 200,
    description: 'List ids of departments.',
  }),
};

const accountParams = Type.Object({ accountId: text(40, 'Give the id of an account.') }, strict);

export const ApprovalView = Type.Object({
  approvalId: Type.String(),
  revision: Type.Integer(),
  kind: Type.String(),
  sentence: Type.String(),
  reason: Type.String(),
  requestedBy: Type.String(),
  requestedByName: Type.String(),
  requestedWallMs: Type.Number(),
  expiresWallMs: Type.Number(),
  state: Type.Enum(['pending', 'approved', 'refused', 'withdrawn', 'expired']),
  decidedBy: nullable(Type.String()),
  decidedByName: nullable(Type.String()),
  decidedWallMs: nullable(Type.Number()),
  decisionNote: nullable(Type.String()),
});
export type ApprovalView = Static<typeof ApprovalView>;

export const ACCOUNTS_API = {
  'GET /api/accounts': {
    summary: 'All accounts',
    access: ['securityAdministrator', 'auditAdministrator', 'auditor'],
    response: Type.Array(AccountView),
  },
  'POST /api/accounts': {
    summary: 'A new account; its second factor is enrolled at the first login',
    access: ['securityAdministrator'],
    body: Type.Object({ name: accountName, password: newPassword, ...accountFields }, strict),
    response: AccountView,
  },
  'PATCH /api/accounts/:accountId': {
    summary: 'Change an account',
    access: ['securityAdministrator'],
    params: accountParams,
    body: Type.Object(
      {
        revision: Type.Integer({ minimum: 1, description: 'Give the revision that you have seen.' }),
        ...Type.Partial(Type.Object(accountFields)).properties,
        isDisabled: Type.Optional(Type.Boolean({ description: 'Write true or false.' })),
        password: Type.Optional(newPassword),
        /** Enrolled anew at the next login. */
        resetSecondFactor: Type.Optional(Type.Boolean({ description: 'Write true or false.' })),
      },
      strict,
    ),
    response: AccountView,
  },
  'POST /api/accounts/:accountId/revoke': {
    summary: 'End all sessions of an account',
    access: ['securityAdministrator'],
    params: accountParams,
    response: Done,
  },
  'GET /api/approvals': {
    summary: 'What waits for a second person, and what was decided in the last days',
    access: VIEWERS,
    response: Type.Array(ApprovalView),
  },
  'POST /api/approvals': {
    summary: 'Ask for the approval of a second person',
    access: [
      'operations',
      'dutyManager',
      'complianceOfficer',
      'systemAdministrator',
      'securityAdministrator',
    ],
    body: Type.Object(
      {
        sentence: text(200, 'Say what shall be done, at most 200 characters.'),
        reason: text(500, 'Say why, at most 500 characters.'),
        hours: Type.Integer({ minimum: 1, maximum: 168, description: 'Give whole hours from 1 to 168.' }),
      },
      strict,
    ),
    response: ApprovalView,
  },
  'POST /api/approvals/:approvalId/decision': {
    summary: 'Approve or refuse what somebody else asks for, or withdraw what you have asked for',
    access: [
      'operations',
      'dutyManager',
      'complianceOfficer',
      'systemAdministrator',
      'securityAdministrator',
    ],
    params: Type.Object({ approvalId: text(40, 'Give the id of an approval.') }, strict),
    body: Type.Object(
      {
        decision: Type.Enum(['approve', 'refuse', 'withdraw'], {
          description: 'Use "approve", "refuse" or "withdraw".',
        }),
        note: Type.Optional(text(500, 'Give a note of at most 500 characters.', 0)),
      },
      strict,
    ),
    response: ApprovalView,
  },
  'GET /api/audit': {
    summary: 'What people have done at the panel, the latest first',
    access: ['auditAdministrator', 'auditor', 'complianceOfficer'],
    query: Type.Object(
      {
        before: Type.Optional(Type.Integer({ minimum: 0, description: 'Give ms of the wall clock.' })),
        limit: Type.Integer({ minimum: 1, maximum: 500, default: 100, description: 'Give 1 to 500.' }),
      },
      strict,
    ),
    response: wholeList<AuditEntry>(),
  },
} as const satisfies Record<string, Endpoint>;
