/** Logging in and out. */
import Type, { type Static } from 'typebox';
import { Done, strict, text, whole, type Endpoint } from './endpoint.js';

const name = Type.String({
  pattern: '^[A-Za-z0-9][A-Za-z0-9._-]{1,31}$',
  description: 'Give 2 to 32 letters, digits, ".", "_" or "-", beginning with a letter or digit.',
});
export const newPassword = text(128, 'Give a password of 12 to 128 characters.', 12);
const totpCode = Type.String({
  pattern: '^\\d{6}$',
  description: 'Give the six digits that the authenticator shows now.',
});
const passkeyAnswer = Type.Object(
  { response: Type.Unsafe<object>({ type: 'object', description: 'Send what the browser has made.' }) },
  strict,
);

export const AccountView = Type.Object({
  accountId: Type.String(),
  name: Type.String(),
  displayName: Type.String(),
  roles: Type.Array(Type.String()),
  departments: Type.Array(Type.String()),
  hasTotp: Type.Boolean(),
  passkeys: Type.Array(Type.Object({ name: Type.String(), addedWallMs: Type.Number() })),
  isDisabled: Type.Boolean(),
  revision: Type.Integer(),
});
export type AccountView = Static<typeof AccountView>;

export const SessionView = Type.Object({
  /** none: nobody. second: the password was right. open: logged in. */
  state: Type.Enum(['none', 'second', 'open']),
  /** There is no account yet: the one-time code of this node makes the first. */
  isFirst: Type.Boolean(),
  node: Type.String(),
  /** Of `second`: what can be given, or whether it has to be enrolled first. */
  second: Type.Optional(
    Type.Object({ totp: Type.Boolean(), passkey: Type.Boolean(), enrol: Type.Boolean() }),
  ),
  account: Type.Optional(AccountView),
  expiresWallMs: Type.Optional(Type.Number()),
  endsWallMs: Type.Optional(Type.Number()),
});
export type SessionView = Static<typeof SessionView>;

export const SESSION_API = {
  'GET /api/session': { summary: 'Who is logged in here', access: 'public', response: SessionView },
  'POST /api/session': {
    summary: 'Name and password',
    access: 'public',
    body: Type.Object(
      { name: text(64, 'Give your name.'), password: text(128, 'Give your password.') },
      strict,
    ),
    response: SessionView,
  },
  'POST /api/session/first': {
    summary: 'The first account, by the one-time code of the node',
    access: 'public',
    body: Type.Object(
      {
        code: text(40, 'Give the code that the node has printed at its first start.'),
        name,
        displayName: text(64, 'Give the name that others see, at most 64 characters.'),
        password: newPassword,
      },
      strict,
    ),
    response: SessionView,
  },
  'POST /api/session/totp/enrol': {
    summary: 'A new key for an authenticator',
    access: 'second',
    response: Type.Object({ key: Type.String(), uri: Type.String() }),
  },
  'POST /api/session/totp': {
    summary: 'The code of an authenticator',
    access: 'second',
    body: Type.Object({ code: totpCode }, strict),
    response: SessionView,
  },
  'POST /api/session/passkey/options': {
    summary: 'What the browser needs to use a passkey',
    access: 'second',
    response: whole<object>(),
  },
  'POST /api/session/passkey': {
    summary: 'The answer of a passkey',
    access: 'second',
    body: passkeyAnswer,
    response: SessionView,
  },
  'POST /api/session/renew': { summary: 'Somebody is still there', access: 'anyone', response: SessionView },
  'DELETE /api/session': { summary: 'Log out', access: 'anyone', response: Done },
  'POST /api/session/password': {
    summary: 'Change the own password',
    access: 'anyone',
    body: Type.Object(
      { old: text(128, 'Give the password that you have now.'), password: newPassword },
      strict,
    ),
    response: Done,
  },
  'POST /api/passkeys/options': {
    summary: 'What the browser needs to make a passkey',
    access: 'anyone',
    response: whole<object>(),
  },
  'POST /api/passkeys': {
    summary: 'Add a passkey',
    access: 'anyone',
    body: Type.Object(
      { name: text(40, 'Give the passkey a name.'), response: passkeyAnswer.properties.response },
      strict,
    ),
    response: Done,
  },
} as const satisfies Record<string, Endpoint>;

export { name as accountName };
