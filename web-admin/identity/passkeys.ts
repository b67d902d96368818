/** Passkeys (WebAuthn) as the second factor. The only file of the server that knows the package @simplewebauthn/server. */
import {
  generateAuthenticationOptions,
  generateRegistrationOptions,
  verifyAuthenticationResponse,
  verifyRegistrationResponse,
} from '@simplewebauthn/server';
import type { AccountRecord, PasskeyRecord } from '../../cluster/store/identity-port.js';

/** Where the browser is: passkeys belong to one host name and do not work on an IP address (continuity rule 26). */
export interface Place {
  readonly host: string;
  readonly origin: string;
}

export interface PasskeysPort {
  registrationOptions(account: AccountRecord, place: Place): Promise<{ readonly challenge: string }>;
  loginOptions(account: AccountRecord, place: Place): Promise<{ readonly challenge: string }>;
  /** Undefined: refused. */
  findRegistered(
    response: unknown,
    challenge: string,
    place: Place,
  ): Promise<Pick<PasskeyRecord, 'id' | 'publicKey' | 'counter'> | undefined>;
  isLogin(account: AccountRecord, response: unknown, challenge: string, place: Place): Promise<boolean>;
}

type RegistrationResponse = Parameters<typeof verifyRegistrationResponse>[0]['response'];
type LoginResponse = Parameters<typeof verifyAuthenticationResponse>[0]['response'];

function bytesOf(base64url: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(Buffer.from(base64url, 'base64url'));
}

export const webAuthnPasskeys: PasskeysPort = {
  registrationOptions: (account, { host }) =>
    generateRegistrationOptions({
      rpName: 'Wardline',
      rpID: host,
      userName: account.name,
      userDisplayName: account.displayName,
      userID: new TextEncoder().encode(account.accountId),
      excludeCredentials: account.passkeys.map(({ id }) => ({ id })),
      authenticatorSelection: { residentKey: 'preferred', userVerification: 'required' },
    }),

  loginOptions: (account, { host }) =>
    generateAuthenticationOptions({
      rpID: host,
      allowCredentials: account.passkeys.map(({ id }) => ({ id })),
      userVerification: 'required',
    }),

  findRegistered: async (response, challenge, { host, origin }) => {
    try {
      const { registrationInfo } = await verifyRegistrationResponse({
        response: response as RegistrationResponse,
        expectedChallenge: challenge,
        expectedOrigin: origin,
        expectedRPID: host,
        requireUserVerification: true,
      });
      if (registrationInfo === undefined) return undefined;
      const { id, publicKey, counter } = registrationInfo.credential;
      return { id, publicKey: Buffer.from(publicKey).toString('base64url'), counter };
    } catch {
      // The package throws for each thing that does not fit; none of them is our fault.
      return undefined;
    }
  },

  isLogin: async (account, response, challenge, { host, origin }) => {
    const id = (response as { id?: unknown } | null)?.id;
    const passkey = account.passkeys.find((one) => one.id === id);
    if (passkey === undefined) return false;
    try {
      const { verified } = await verifyAuthenticationResponse({
        response: response as LoginResponse,
        expectedChallenge: challenge,
        expectedOrigin: origin,
        expectedRPID: host,
        // The counter would have to be written by every login, which needs a quorum; it is told apart by nothing but clones.
        credential: { id: passkey.id, publicKey: bytesOf(passkey.publicKey), counter: 0 },
        requireUserVerification: true,
      });
      return verified;
    } catch {
      return false;
    }
  },
};
