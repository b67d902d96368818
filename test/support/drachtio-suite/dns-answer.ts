/**
 * A name server for a handful of names, as a function from query to answer. Only A records exist; the other types of
 * a known name, and the SRV names below it (RFC 2782), have an empty answer, so that a client goes on from NAPTR and
 * SRV to A (RFC 3263 section 4).
 */
import { isIPv4 } from 'node:net';

const HEADER_BYTES = 12;
const TYPE_A = 1;
const CLASS_IN = 1;
/** QR and AA; RD is copied from the query. */
const FLAGS_ANSWER = 0x8400;
const FLAG_RECURSION_DESIRED = 0x0100;
const CODE_NO_SUCH_NAME = 3;

interface Question {
  readonly name: string;
  readonly type: number;
  /** Header not included. */
  readonly bytes: Buffer;
}

/** @returns undefined for what is no query with one uncompressed name */
function readQuestion(query: Buffer): Question | undefined {
  const labels: string[] = [];
  let at = HEADER_BYTES;
  for (let length = query[at]; length !== 0; length = query[at]) {
    if (length === undefined || length > 63) return undefined;
    labels.push(query.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  const end = at + 5;
  if (end > query.length) return undefined;
  const bytes = query.subarray(HEADER_BYTES, end);
  return { name: labels.join('.').toLowerCase(), type: query.readUInt16BE(at + 1), bytes };
}

/** Name as a pointer to the question; lifetime 0, because the names are those of one test. */
function addressRecord(address: string): Buffer {
  const record = Buffer.from([0xc0, HEADER_BYTES, 0, TYPE_A, 0, CLASS_IN, 0, 0, 0, 0, 0, 4]);
  return Buffer.concat([record, Buffer.from(address.split('.').map(Number))]);
}

function isServiceOf(name: string, addresses: ReadonlyMap<string, string>): boolean {
  const owner = /^_[a-z]+\._[a-z]+\.(.+)$/.exec(name)?.[1];
  return owner !== undefined && addresses.has(owner);
}

/**
 * @param addresses name -> IPv4 address
 * @returns undefined when the query deserves no answer
 */
export function answerDnsQuery(query: Buffer, addresses: ReadonlyMap<string, string>): Buffer | undefined {
  const question = query.length < HEADER_BYTES ? undefined : readQuestion(query);
  if (question === undefined) return undefined;
  const address = addresses.get(question.name);
  const isKnown = address !== undefined || isServiceOf(question.name, addresses);
  const records =
    question.type === TYPE_A && address !== undefined && isIPv4(address) ? [addressRecord(address)] : [];
  const header = Buffer.alloc(HEADER_BYTES);
  query.copy(header, 0, 0, 2);
  const recursion = query.readUInt16BE(2) & FLAG_RECURSION_DESIRED;
  header.writeUInt16BE(FLAGS_ANSWER | recursion | (isKnown ? 0 : CODE_NO_SUCH_NAME), 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(records.length, 6);
  return Buffer.concat([header, question.bytes, ...records]);
}
