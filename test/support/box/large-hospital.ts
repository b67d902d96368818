/** A hospital with many seats, for benches: half of them at each node, nothing to write up. */
import { exampleRouting } from '../../../firmware-config/defaults/example-routing.js';
import { exampleSite } from '../../../firmware-config/defaults/example-site.js';
import { exampleTelephony } from '../../../firmware-config/defaults/example-telephony.js';
import { parseRouting } from '../../../firmware-config/parse-routing.js';
import { parseSite } from '../../../firmware-config/parse-site.js';
import { parseTelephony } from '../../../firmware-config/parse-telephony.js';
import type { CallDocuments } from '../../../firmware-config/render/render-node.js';
import { hashPin, makeHa1 } from '../../../firmware-config/telephony-secrets.js';
import type { SiteNodeId } from './test-box.js';

export interface LargeSeat {
  readonly extension: string;
  readonly callTaker: string;
  readonly node: SiteNodeId;
}

export const PASSWORD = 'bench';
export const PIN = '4711';
const FIRST = 8001;
const COST = { N: 1024, r: 8, p: 1 };

export function largeSeats(count: number): readonly LargeSeat[] {
  return Array.from({ length: count }, (_, index) => ({
    extension: String(FIRST + index),
    callTaker: String(1001 + index),
    node: index % 2 === 0 ? 'a' : 'b',
  }));
}

/** @param emergencySeats so many of each node take emergencies as well */
export function largeHospital(count: number, emergencySeats: number): CallDocuments {
  const departments = exampleRouting.departments.map(({ id, names }) => ({ id, names }));
  const routing = parseRouting({ ...exampleRouting, departments });
  const base = exampleTelephony() as { readonly realm: string };
  const pinHash = hashPin(PIN, Buffer.alloc(16, 7), COST);
  const seats = largeSeats(count).map(({ extension, node }, index) => ({
    ...{ id: `seat-${extension}`, extension, user: extension, media: 'rtp', skills: [], dispatchNode: node },
    ha1: makeHa1(extension, base.realm, PASSWORD),
    departments: ['reception', 'emergency'],
    takesEmergencies: index < emergencySeats * 2,
  }));
  const callTakers = largeSeats(count).map(({ callTaker }) => ({
    ...{ id: callTaker, name: `Call-taker ${callTaker}`, pinHash, departments: [], skills: [] },
  }));
  const telephony = { ...base, seats, callTakers, wrapUpMs: 0, testCallsEverySeconds: 0 };
  return { routing, telephony: parseTelephony(telephony, { routing, site: parseSite(exampleSite()) }) };
}
