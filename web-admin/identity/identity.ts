/**
 * Logging in: a password, then a second factor, then a session. Nothing here needs a quorum but what changes an account;
 * who logs in is judged by the last known copy, and wrong attempts are counted on this node (continuity rule 20).
 */
import type { Clock } from '../../cluster/base/clock.js';
import type { Rng } from '../../cluster/base/rng.js';
import type {
  AccountRecord,
  AuditEntry,
  IdentityJournalPort,
  IdentityPort,
} from '../../cluster/store/identity-port.js';
import { panelErrors } from '../errors.js';
import type { FirstCodePort } from './first-code.js';
import type { IdentityBook } from './identity-book.js';
import {
  ACCOUNT_RULES,
  ADDRESS_RULES,
  lockedForMs,
  noteRight,
  noteWrong,
  type LoginAttempts,
} from './login-attempts.js';
import type { PasskeysPort, Place } from './passkeys.js';
import type { PasswordsPort } from './passwords.js';
import type { SessionClaims, SessionTokens } from './session-tokens.js';
import { decodeBase32, encodeBase32, findTotpStep, TOTP_KEY_BYTES, totpUri } from './totp.js';

export interface IdentityOptions {
  readonly node: string;
  readonly siteId: string;
  readonly book: IdentityBook;
  readonly store: IdentityPort;
  readonly journal: IdentityJournalPort;
  readonly tokens: SessionTokens;
  readonly passwords: PasswordsPort;
  readonly passkeys: PasskeysPort;
  readonly firstCode: FirstCodePort;
  readonly nextId: () => string;
  readonly clock: Clock;
  readonly rng: Rng;
}

export interface Session {
  readonly account: AccountRecord;
  readonly claims: SessionClaims;
}

/** What is kept between two requests of one login; it is over with the token. */
interface Pending {
  readonly challenge?: string;
  readonly totpKey?: string;
}

const PENDING_MAX = 1000;

/** The account that is made by the one-time code; it gives the others their rights, and theirs need not be its own. */
const FIRST_ROLES = ['securityAdministrator', 'operations', 'dutyManager'] as const;

export class Identity {
  readonly options: IdentityOptions;
  #attempts: LoginAttempts = new Map();
  readonly #pending = new Map<string, Pending>();
  /** By account: a code is good once (RFC 6238 section 5.2). */
  readonly #usedSteps = new Map<string, number>();

  constructor(options: IdentityOptions) {
    this.options = options;
  }

  get isFirst(): boolean {
    return this.options.book.accounts.length === 0;
  }

  /** @returns the token of the second step. @throws PANEL_LOCKED, PANEL_WRONG_LOGIN */
  async passPassword(name: string, password: string, address: string): Promise<string> {
    const account = this.options.book.findByName(name);
    const subjects = this.#subjects(name, address);
    this.#refuseLocked(subjects);
    const isRight = await this.options.passwords.verify(account?.passwordHash, password);
    if (!isRight || account === undefined || account.isDisabled) {
      this.#noteWrong(subjects);
      this.audit(account?.accountId ?? '', 'login', name.slice(0, 64), 'refused', { factor: 'password' });
      throw panelErrors.PANEL_WRONG_LOGIN();
    }
    return this.#issueSecond(account);
  }

  /** @throws PANEL_LOCKED, PANEL_WRONG_CODE, PANEL_NOT_FIRST, STORE_... */
  async makeFirst(
    input: {
      readonly code: string;
      readonly name: string;
      readonly displayName: string;
      readonly password: string;
    },
    address: string,
  ): Promise<string> {
    const { book, store, firstCode, passwords } = this.options;
    const subjects = this.#subjects('first account', address);
    this.#refuseLocked(subjects);
    if (!this.isFirst) throw panelErrors.PANEL_NOT_FIRST();
    if (!(await firstCode.isRight(input.code))) {
      this.#noteWrong(subjects);
      throw panelErrors.PANEL_WRONG_CODE();
    }
    const account = this.newRecord({
      ...{ name: input.name, displayName: input.displayName, roles: FIRST_ROLES, departments: [] },
      passwordHash: await passwords.hash(input.password),
      by: 'first code',
    });
    if (!(await store.addFirst(account))) throw panelErrors.PANEL_NOT_FIRST();
    book.learn({ accounts: [account] });
    await firstCode.drop();
    this.audit(account.accountId, 'firstAccount', account.name, 'done', {});
    return this.#issueSecond(account);
  }

  newRecord(input: {
    readonly name: string;
    readonly displayName: string;
    readonly roles: readonly string[];
    readonly departments: readonly string[];
    readonly passwordHash: string;
    readonly by: string;
  }): AccountRecord {
    const { by, name, ...rest } = input;
    return {
      ...rest,
      accountId: this.options.nextId(),
      name: name.toLowerCase(),
      passkeys: [],
      isDisabled: false,
      revision: 1,
      changedBy: by,
      changedWallMs: Math.floor(this.options.clock.wallMs()),
    };
  }

  /** Who has passed the first step. */
  async findSecond(token: string): Promise<Session | undefined> {
    return this.#find('second', token);
  }

  /** Undefined: not logged in, over, revoked, or the account is gone. */
  async findSession(token: string): Promise<Session | undefined> {
    return this.#find('session', token);
  }

  /** A new key; it counts once a code of it was given. @throws PANEL_BAD_REQUEST */
  beginEnrolment({ account, claims }: Session): { readonly key: string; readonly uri: string } {
    if (account.totpKey !== undefined || account.passkeys.length > 0)
      throw panelErrors.PANEL_BAD_REQUEST({ problem: 'the account has a second factor' });
    const key = encodeBase32(this.options.rng.bytes(TOTP_KEY_BYTES));
    this.#keep(claims.sessionId, { totpKey: key });
    return { key, uri: totpUri(key, account.name, `Wardline ${this.options.siteId}`) };
  }

  /** @returns the token of the session. @throws PANEL_LOCKED, PANEL_WRONG_CODE, STORE_... when a key is enrolled */
  async passTotp(session: Session, code: string, address: string): Promise<string> {
    const { account, claims } = session;
    const subjects = this.#subjects(account.name, address);
    this.#refuseLocked(subjects);
    const enrolled = account.totpKey ?? this.#pending.get(claims.sessionId)?.totpKey;
    if (enrolled === undefined || !this.#isCodeRight(account.accountId, enrolled, code)) {
      this.#noteWrong(subjects);
      this.audit(account.accountId, 'login', account.name, 'refused', { factor: 'totp' });
      throw panelErrors.PANEL_WRONG_CODE();
    }
    if (account.totpKey === undefined) await this.change(account, { totpKey: enrolled }, account.accountId);
    return this.#open(session, 'totp', subjects);
  }

  async passkeyLoginOptions({ account, claims }: Session, place: Place): Promise<object> {
    const options = await this.options.passkeys.loginOptions(account, place);
    this.#keep(claims.sessionId, { challenge: options.challenge });
    return options;
  }

  /** @throws PANEL_LOCKED, PANEL_WRONG_CODE */
  async passPasskey(session: Session, response: unknown, place: Place, address: string): Promise<string> {
    const { account, claims } = session;
    const subjects = this.#subjects(account.name, address);
    this.#refuseLocked(subjects);
    const challenge = this.#pending.get(claims.sessionId)?.challenge;
    this.#pending.delete(claims.sessionId);
    const isRight =
      challenge !== undefined && (await this.options.passkeys.isLogin(account, response, challenge, place));
    if (!isRight) {
      this.#noteWrong(subjects);
      this.audit(account.accountId, 'login', account.name, 'refused', { factor: 'passkey' });
      throw panelErrors.PANEL_WRONG_CODE();
    }
    return this.#open(session, 'passkey', subjects);
  }

  async passkeyOptions({ account, claims }: Session, place: Place): Promise<object> {
    const options = await this.options.passkeys.registrationOptions(account, place);
    this.#keep(claims.sessionId, { challenge: options.challenge });
    return options;
  }

  /** @throws PANEL_WRONG_CODE, STORE_... */
  async addPasskey(
    { account, claims }: Session,
    name: string,
    response: unknown,
    place: Place,
  ): Promise<void> {
    const challenge = this.#pending.get(claims.sessionId)?.challenge;
    this.#pending.delete(claims.sessionId);
    const made =
      challenge === undefined
        ? undefined
        : await this.options.passkeys.findRegistered(response, challenge, place);
    if (made === undefined) throw panelErrors.PANEL_WRONG_CODE();
    const passkey = { ...made, name, addedWallMs: Math.floor(this.options.clock.wallMs()) };
    await this.change(account, { passkeys: [...account.passkeys, passkey] }, account.accountId);
    this.audit(account.accountId, 'passkeyAdded', account.name, 'done', { name });
  }

  /** @throws PANEL_LOCKED, PANEL_WRONG_LOGIN, STORE_... */
  async changePassword({ account }: Session, old: string, password: string, address: string): Promise<void> {
    const { passwords } = this.options;
    const subjects = this.#subjects(account.name, address);
    this.#refuseLocked(subjects);
    if (!(await passwords.verify(account.passwordHash, old))) {
      this.#noteWrong(subjects);
      throw panelErrors.PANEL_WRONG_LOGIN();
    }
    await this.change(account, { passwordHash: await passwords.hash(password) }, account.accountId);
    this.audit(account.accountId, 'passwordChanged', account.name, 'done', {});
  }

  renew({ account, claims }: Session): Promise<string> {
    const { sessionId, startedWallMs } = claims;
    return this.options.tokens.issue('session', {
      accountId: account.accountId,
      sessionId,
      startedWallMs,
    });
  }

  logOut({ account, claims }: Session): void {
    // The session has one more token than it knows of: a renewal may be on its way.
    this.#revoke(claims.sessionId, claims.expiresWallMs);
    this.audit(account.accountId, 'logout', account.name, 'done', {});
  }

  revokeAll(account: AccountRecord, by: string): void {
    this.#revoke(account.accountId, Math.floor(this.options.clock.wallMs()));
    this.audit(by, 'sessionsRevoked', account.name, 'done', {});
  }

  /** Writes the next revision and sees it. @throws PANEL_CHANGED_MEANWHILE, STORE_... */
  change(account: AccountRecord, fields: Partial<AccountRecord>, by: string): Promise<AccountRecord> {
    return this.replace({ ...account, ...fields }, by);
  }

  /** As `change`. @param account with the revision before */
  async replace(account: AccountRecord, by: string): Promise<AccountRecord> {
    const { store, book, clock } = this.options;
    const next: AccountRecord = {
      ...account,
      revision: account.revision + 1,
      changedBy: by,
      changedWallMs: Math.floor(clock.wallMs()),
    };
    if (!(await store.replace(next))) throw panelErrors.PANEL_CHANGED_MEANWHILE({ what: account.name });
    book.learn({ accounts: [next] });
    return next;
  }

  audit(
    actor: string,
    action: string,
    subject: string,
    outcome: AuditEntry['outcome'],
    detail: Readonly<Record<string, string>>,
  ): void {
    const { journal, nextId, node, clock } = this.options;
    journal.audit({
      ...{ entryId: nextId(), node, wallMs: Math.floor(clock.wallMs()) },
      ...{ actor, action, subject, outcome, detail },
    });
  }

  #issueSecond(account: AccountRecord): Promise<string> {
    const { tokens, nextId, clock } = this.options;
    return tokens.issue('second', {
      accountId: account.accountId,
      sessionId: nextId(),
      startedWallMs: clock.wallMs(),
    });
  }

  async #open({ account, claims }: Session, factor: string, subjects: Subjects): Promise<string> {
    this.#attempts = noteRight(noteRight(this.#attempts, subjects.account), subjects.address);
    this.#pending.delete(claims.sessionId);
    // The first step is used up.
    this.#revoke(claims.sessionId, claims.expiresWallMs);
    this.audit(account.accountId, 'login', account.name, 'done', { factor });
    const { tokens, nextId, clock } = this.options;
    return tokens.issue('session', {
      accountId: account.accountId,
      sessionId: nextId(),
      startedWallMs: clock.wallMs(),
    });
  }

  async #find(audience: 'second' | 'session', token: string): Promise<Session | undefined> {
    const { tokens, book } = this.options;
    const claims = await tokens.find(audience, token);
    if (claims === undefined) return undefined;
    const account = book.findAccount(claims.accountId);
    if (account === undefined || account.isDisabled) return undefined;
    const isRevoked = book.isRevoked([claims.sessionId, claims.accountId], claims.issuedWallMs);
    return isRevoked ? undefined : { account, claims };
  }

  #isCodeRight(accountId: string, key: string, code: string): boolean {
    decodeBase32(key);
    const step = findTotpStep(key, code, this.options.clock.wallMs());
    if (step === undefined || step <= (this.#usedSteps.get(accountId) ?? -1)) return false;
    this.#usedSteps.set(accountId, step);
    return true;
  }

  #revoke(subject: string, beforeWallMs: number): void {
    const revocation = { subject, beforeWallMs };
    this.options.book.learn({ revocations: [revocation] });
    this.options.journal.revoke(revocation);
  }

  #subjects(name: string, address: string): Subjects {
    return { account: `account ${name.toLowerCase().slice(0, 64)}`, address: `address ${address}` };
  }

  #refuseLocked({ account, address }: Subjects): void {
    const nowMs = this.options.clock.monotonicMs();
    const waitMs = Math.max(...[account, address].map((one) => lockedForMs(this.#attempts, one, nowMs)));
    if (waitMs > 0) throw panelErrors.PANEL_LOCKED({ seconds: Math.ceil(waitMs / 1000) });
  }

  #noteWrong({ account, address }: Subjects): void {
    const nowMs = this.options.clock.monotonicMs();
    this.#attempts = noteWrong(this.#attempts, account, ACCOUNT_RULES, nowMs);
    this.#attempts = noteWrong(this.#attempts, address, ADDRESS_RULES, nowMs);
  }

  #keep(sessionId: string, pending: Pending): void {
    const [oldest] = this.#pending.keys();
    if (this.#pending.size >= PENDING_MAX && oldest !== undefined) this.#pending.delete(oldest);
    this.#pending.set(sessionId, pending);
  }
}

interface Subjects {
  readonly account: string;
  readonly address: string;
}
