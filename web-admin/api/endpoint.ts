/** What a route of the panel is, as data: the server, the OpenAPI document, the table of roles and the pages' client are made of it. */
import Type, { type Static, type TSchema } from 'typebox';
import type { Role } from '../identity/roles.js';

/**
 * public: nobody has to be logged in. second: whose password was right, and nothing more yet. anyone: logged in. peer:
 * the panel of another node. Otherwise: who has one of these roles.
 */
export type Access = 'public' | 'second' | 'anyone' | 'peer' | readonly Role[];

export interface Endpoint {
  readonly summary: string;
  readonly access: Access;
  readonly params?: TSchema;
  readonly query?: TSchema;
  readonly body?: TSchema;
  readonly response: TSchema;
  /** What the answer is when it is no JSON. */
  readonly produces?: string;
}

/** `GET /api/calls/:callId` */
export type EndpointKey = `${'GET' | 'POST' | 'PATCH' | 'DELETE'} /${string}`;

export type PartOf<
  E extends Endpoint,
  Part extends 'params' | 'query' | 'body' | 'response',
> = E[Part] extends TSchema ? Static<E[Part]> : undefined;

export const strict = { additionalProperties: false } as const;

/** Everybody who works with the site. */
export const VIEWERS = [
  'operations',
  'dutyManager',
  'supervisor',
  'complianceOfficer',
  'callTaker',
  'auditor',
  'systemAdministrator',
  'securityAdministrator',
  'auditAdministrator',
] as const satisfies readonly Role[];

export const text = (lengthMax: number, description: string, lengthMin = 1) =>
  Type.String({ minLength: lengthMin, maxLength: lengthMax, description });

export const nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);

/** Made here with a type of our own; the serialiser passes it on as it is. */
export const whole = <T>() => Type.Unsafe<T>({ type: 'object', additionalProperties: true });
export const wholeList = <T>() =>
  Type.Unsafe<readonly T[]>({ type: 'array', items: { type: 'object', additionalProperties: true } });

export const Done = Type.Object({ done: Type.Boolean() });

export const ErrorAnswer = Type.Object({
  error: Type.Object({
    code: Type.String(),
    message: Type.String(),
    /** What to do next. */
    action: Type.String(),
    retryable: Type.Boolean(),
    /** Of bad input: what is wrong at which field. */
    fields: Type.Optional(
      Type.Array(Type.Object({ path: Type.String(), problem: Type.String(), fix: Type.String() })),
    ),
    retryAfterSeconds: Type.Optional(Type.Integer()),
  }),
});

export type ErrorBody = Static<typeof ErrorAnswer>['error'];
