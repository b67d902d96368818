/** Fields that several documents have. The `description` of a field is the fix that is shown when it is wrong. */
import Type from 'typebox';

export const strict = { additionalProperties: false } as const;

export const version = Type.Literal(1, { description: 'This release reads version 1.' });

export const id = (what: string) =>
  Type.String({
    pattern: '^[a-z][a-z0-9-]{0,31}$',
    description: `Name ${what} with a-z, 0-9 and "-", beginning with a letter.`,
  });

export const name = Type.String({
  minLength: 1,
  maxLength: 64,
  description: 'Give a name of at most 64 characters.',
});

/** What people read, in both languages of the panel. */
export const names = Type.Object({ zh: name, en: name }, strict);

export const address = (what: string) =>
  Type.String({
    pattern: '^(25[0-5]|2[0-4]\\d|1?\\d?\\d)(\\.(25[0-5]|2[0-4]\\d|1?\\d?\\d)){3}$',
    description: `Give ${what} as an IPv4 address such as 10.77.0.1.`,
  });

export const port = (defaultPort: number) =>
  Type.Integer({
    minimum: 1,
    maximum: 65_535,
    default: defaultPort,
    description: 'Give a port from 1 to 65535.',
  });

export const milliseconds = (minimum: number, maximum: number, defaultMs?: number) =>
  Type.Integer({
    minimum,
    maximum,
    ...(defaultMs === undefined ? {} : { default: defaultMs }),
    description: `Give whole milliseconds from ${String(minimum)} to ${String(maximum)}.`,
  });

export const count = (minimum: number, maximum: number, defaultCount?: number) =>
  Type.Integer({
    minimum,
    maximum,
    ...(defaultCount === undefined ? {} : { default: defaultCount }),
    description: `Give a whole number from ${String(minimum)} to ${String(maximum)}.`,
  });

export const truth = (defaultValue: boolean) =>
  Type.Boolean({ default: defaultValue, description: 'Write true or false.' });

export const path = (defaultPath?: string) =>
  Type.String({
    pattern: '^/[^\\s]+$',
    ...(defaultPath === undefined ? {} : { default: defaultPath }),
    description: 'Give an absolute path without spaces.',
  });
