/**
 * The routing document: departments, numbers, hours, words. Unknown keys are refused. The `description` of a field is
 * the fix that is shown when the field is wrong.
 */
import Type, { type Static } from 'typebox';
import { id, names, strict, version } from './fields.js';

const numberPattern = Type.String({
  pattern: '^(\\+\\d{3,15}|\\+\\d{1,14}\\*|\\d{2,15}|\\d{1,14}\\*|\\+?\\*)$',
  description: 'Give a normalised number such as +861065123456 or 120, or its beginning with "*" behind it.',
});

const time = Type.String({
  pattern: '^(([01]\\d|2[0-3]):[0-5]\\d|24:00)$',
  description: 'Give a time such as 08:30, or 24:00 for the end of the day.',
});

const hours = { from: time, to: time };

const target = {
  departmentId: id('the department'),
  priority: Type.Integer({ minimum: 0, maximum: 9, default: 0, description: 'Give a priority from 0 to 9.' }),
  skills: Type.Array(id('the skill'), { default: [], maxItems: 10, description: 'List at most 10 skills.' }),
};

const action = Type.Union(
  [
    Type.Object({ kind: Type.Literal('emergency') }, strict),
    Type.Object({ kind: Type.Literal('callback') }, strict),
    Type.Object({ kind: Type.Literal('department'), ...target }, strict),
  ],
  {
    description:
      'Use {"kind": "emergency"}, {"kind": "callback"} or {"kind": "department", "departmentId": ...}.',
  },
);

const digits = (what: string, example: string) =>
  Type.String({ pattern: '^\\d{1,6}$', description: `Give ${what} as digits such as ${example}.` });

export const DepartmentSchema = Type.Object(
  {
    id: id('the department'),
    names,
    hours: Type.Optional(
      Type.Object(
        {
          weekly: Type.Array(
            Type.Object(
              {
                days: Type.Array(
                  Type.Integer({ minimum: 1, maximum: 7, description: 'Give days as 1 (Monday) to 7.' }),
                  { minItems: 1, maxItems: 7, description: 'List the days, 1 is Monday.' },
                ),
                ...hours,
              },
              strict,
            ),
            { maxItems: 50, description: 'List at most 50 times of a week.' },
          ),
          exceptions: Type.Array(
            Type.Object(
              {
                date: Type.String({
                  pattern: '^\\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\\d|3[01])$',
                  description: 'Give a date such as 2026-10-01.',
                }),
                hours: Type.Array(Type.Object(hours, strict), {
                  maxItems: 10,
                  description: 'List the hours of that day, none when it is closed.',
                }),
              },
              strict,
            ),
            { default: [], maxItems: 400, description: 'List at most 400 days.' },
          ),
        },
        strict,
      ),
    ),
    closedTo: Type.Optional(id('the department')),
  },
  strict,
);

export const RoutingDocumentSchema = Type.Object(
  {
    version,
    numberPlan: Type.Object(
      {
        countryCode: digits('the country code', '86'),
        areaCode: digits('the area code without its prefix', '10'),
        nationalPrefix: digits('the prefix of national numbers', '0'),
        internationalPrefix: digits('the prefix of international numbers', '00'),
        shortDigitsMax: Type.Integer({
          minimum: 2,
          maximum: 7,
          default: 5,
          description: 'Say how many digits a number of the house has at most, from 2 to 7.',
        }),
      },
      strict,
    ),
    departments: Type.Array(DepartmentSchema, {
      minItems: 1,
      maxItems: 200,
      description: 'List the departments, at least one.',
    }),
    numbers: Type.Array(
      Type.Object(
        {
          id: id('the rule'),
          number: numberPattern,
          ...target,
          isEmergency: Type.Boolean({ default: false, description: 'Write true or false.' }),
        },
        strict,
      ),
      { minItems: 1, maxItems: 1000, description: 'List the numbers that are dialled, at least one.' },
    ),
    callers: Type.Array(
      Type.Object(
        {
          id: id('the rule'),
          number: numberPattern,
          priority: target.priority,
          departmentId: Type.Optional(target.departmentId),
        },
        strict,
      ),
      { default: [], maxItems: 5000, description: 'List at most 5000 callers.' },
    ),
    keys: Type.Array(
      Type.Object(
        {
          id: id('the rule'),
          key: Type.String({ pattern: '^[0-9*#]$', description: 'Give one key of a telephone.' }),
          departmentId: Type.Optional(target.departmentId),
          action,
        },
        strict,
      ),
      { default: [], maxItems: 200, description: 'List at most 200 keys.' },
    ),
    words: Type.Array(
      Type.Object(
        {
          id: id('the rule'),
          words: Type.Array(
            Type.String({ minLength: 1, maxLength: 40, pattern: '\\S', description: 'Give a word.' }),
            { minItems: 1, maxItems: 200, description: 'List 1 to 200 words.' },
          ),
          action,
          confidenceMin: Type.Number({
            minimum: 0,
            maximum: 1,
            default: 0.5,
            description: 'Give how certain a recogniser has to be, from 0 to 1.',
          }),
        },
        strict,
      ),
      { default: [], maxItems: 200, description: 'List at most 200 rules.' },
    ),
    outbound: Type.Array(
      Type.Object(
        {
          id: id('the rule'),
          number: numberPattern,
          trunkIds: Type.Array(id('the trunk'), {
            minItems: 1,
            maxItems: 8,
            description: 'List the trunks in the order in which they are tried.',
          }),
        },
        strict,
      ),
      { default: [], maxItems: 200, description: 'List at most 200 rules.' },
    ),
    otherwise: Type.Optional(Type.Object(target, strict)),
  },
  strict,
);

export type Routing = Static<typeof RoutingDocumentSchema>;
