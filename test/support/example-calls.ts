/** The demonstration hospital's telephony and routing, checked. */
import { exampleRouting } from '../../firmware-config/defaults/example-routing.js';
import { exampleTelephony } from '../../firmware-config/defaults/example-telephony.js';
import { parseRouting } from '../../firmware-config/parse-routing.js';
import { parseTelephony } from '../../firmware-config/parse-telephony.js';
import type { CallDocuments } from '../../firmware-config/render/render-node.js';
import type { Site } from '../../firmware-config/site-nodes.js';

/** @param isAllDay every department is open now, whatever the clock says */
export function parseExampleCalls(site: Site, isAllDay = false): CallDocuments {
  const departments = exampleRouting.departments.map(({ id, names }) => ({ id, names }));
  const routing = parseRouting(isAllDay ? { ...exampleRouting, departments } : exampleRouting);
  // By the clock, into the middle of whatever a test does.
  const calm = { ...(exampleTelephony() as object), testCallsEverySeconds: 0 };
  return { routing, telephony: parseTelephony(calm, { routing, site }) };
}
