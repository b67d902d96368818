/** What a person is answered when something does not go: a code, a sentence, the next action, the field. */
import type { FastifyReply, FastifyRequest, FastifySchemaValidationError } from 'fastify';
import { isOperatingError, type OperatingError } from '../cluster/base/errors.js';
import type { ErrorBody } from './api/endpoint.js';
import { HTTP_STATUS, panelErrors } from './errors.js';

/** What a request may make of the log and of an error sentence. */
const SHOWN_LENGTH_MAX = 200;

type Fields = NonNullable<ErrorBody['fields']>;

function bodyOf(error: OperatingError, fields?: Fields): { readonly error: ErrorBody } {
  const { code, message, action, retryable, details } = error;
  const seconds = details['seconds'];
  return {
    error: {
      ...{ code, message, action, retryable },
      ...(fields === undefined ? {} : { fields }),
      ...(typeof seconds === 'number' ? { retryAfterSeconds: seconds } : {}),
    },
  };
}

function send(reply: FastifyReply, error: OperatingError, fields?: Fields): FastifyReply {
  const body = bodyOf(error, fields);
  const { retryAfterSeconds } = body.error;
  if (retryAfterSeconds !== undefined) void reply.header('retry-after', String(retryAfterSeconds));
  return reply.code(HTTP_STATUS[error.code] ?? (error.retryable ? 503 : 400)).send(body);
}

export function answerNotFound(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const path = (request.url.split('?')[0] ?? '').slice(0, SHOWN_LENGTH_MAX);
  return send(reply, panelErrors.PANEL_NO_SUCH_PAGE({ method: request.method, path }));
}

function statusCodeOf(error: unknown): number {
  const code = error instanceof Error && 'statusCode' in error ? error.statusCode : undefined;
  return typeof code === 'number' && code >= 400 && code < 600 ? code : 500;
}

/** `/roles/0` -> `roles.0`; of a key that is missing or unknown, its own name. */
function pathOf({ instancePath, params }: FastifySchemaValidationError): string {
  const key = params['missingProperty'] ?? params['additionalProperty'];
  const parts = instancePath.split('/').slice(1);
  return [...parts, ...(typeof key === 'string' ? [key] : [])].join('.');
}

function descriptionIn(schema: unknown): string | undefined {
  const description =
    typeof schema === 'object' && schema !== null && 'description' in schema ? schema.description : undefined;
  return typeof description === 'string' ? description : undefined;
}

/** The `description` of a field in the schema is the fix that is shown. */
function fixOf(error: FastifySchemaValidationError & { readonly parentSchema?: unknown }): string {
  const { params, parentSchema } = error;
  if (typeof params['additionalProperty'] === 'string') return 'Remove it.';
  const missing = params['missingProperty'];
  const properties =
    typeof parentSchema === 'object' && parentSchema !== null && 'properties' in parentSchema
      ? (parentSchema.properties as Readonly<Record<string, unknown>>)
      : {};
  const schema = typeof missing === 'string' ? properties[missing] : parentSchema;
  return descriptionIn(schema) ?? 'Correct it as the description of the interface says.';
}

function fieldsOf(validation: readonly FastifySchemaValidationError[]): Fields {
  const fields = new Map<string, Fields[number]>();
  for (const error of validation) {
    const path = pathOf(error);
    if (!fields.has(path)) fields.set(path, { path, problem: error.message ?? '', fix: fixOf(error) });
  }
  return [...fields.values()].slice(0, 50);
}

function validationOf(error: unknown): readonly FastifySchemaValidationError[] | undefined {
  return error instanceof Error && 'validation' in error && Array.isArray(error.validation)
    ? (error.validation as FastifySchemaValidationError[])
    : undefined;
}

/** A person gets a reference; what went wrong inside goes to the log only. */
export function answerError(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  if (isOperatingError(error)) return send(reply, error);
  const validation = validationOf(error);
  if (validation !== undefined) {
    const fields = fieldsOf(validation);
    const problem = fields
      .map((one) => one.path)
      .join(', ')
      .slice(0, SHOWN_LENGTH_MAX);
    return send(reply, panelErrors.PANEL_BAD_REQUEST({ problem: `wrong: ${problem}` }), fields);
  }
  const status = statusCodeOf(error);
  if (status < 500 && error instanceof Error) {
    const problem = error.message.slice(0, SHOWN_LENGTH_MAX);
    return reply.code(status).send(bodyOf(panelErrors.PANEL_BAD_REQUEST({ problem })));
  }
  request.log.error({ err: error, method: request.method }, 'request failed');
  return send(reply, panelErrors.PANEL_INTERNAL({ reference: request.id }));
}
