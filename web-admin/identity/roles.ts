/** Who may do what. The table of routes and roles is web-admin/api/contract.ts; here is what a role is. Pure. */

export const ROLES = [
  'operations',
  'dutyManager',
  'supervisor',
  'complianceOfficer',
  'callTaker',
  'auditor',
  'integration',
  'systemAdministrator',
  'securityAdministrator',
  'auditAdministrator',
] as const;

export type Role = (typeof ROLES)[number];

/** GB/T 22239-2019 8.1.5: who runs the system, who gives rights and who watches both are different people. */
export const SEPARATED_ROLES: readonly Role[] = [
  'systemAdministrator',
  'securityAdministrator',
  'auditAdministrator',
];

/** They see callers and records of their own departments only, unless another role of theirs sees all. */
const BOUND_TO_DEPARTMENTS: readonly Role[] = ['callTaker', 'supervisor'];
/** They see who called. */
const SEES_ALL_CALLERS: readonly Role[] = ['operations', 'dutyManager', 'complianceOfficer'];

export function isRole(value: string): value is Role {
  return (ROLES as readonly string[]).includes(value);
}

/** @returns the roles that must not be held by one account, when there is more than one of them */
export function findForbiddenCombination(roles: readonly string[]): readonly Role[] {
  const separated = SEPARATED_ROLES.filter((role) => roles.includes(role));
  return separated.length > 1 ? separated : [];
}

export type CallerScope =
  { readonly kind: 'all' } | { readonly kind: 'departments'; readonly ids: ReadonlySet<string> };

/** Whose callers and records an account sees; somebody whose work is not with callers sees none. */
export function callerScopeOf(account: {
  readonly roles: readonly string[];
  readonly departments: readonly string[];
}): CallerScope {
  if (SEES_ALL_CALLERS.some((role) => account.roles.includes(role))) return { kind: 'all' };
  const isBound = BOUND_TO_DEPARTMENTS.some((role) => account.roles.includes(role));
  return { kind: 'departments', ids: new Set(isBound ? account.departments : []) };
}

export function isInScope(scope: CallerScope, departmentId: string | null | undefined): boolean {
  return scope.kind === 'all' || (typeof departmentId === 'string' && scope.ids.has(departmentId));
}
