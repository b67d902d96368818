/** The demonstration hospital's telephony and routing, checked. */
import { exampleRouting } from '../../firmware-config/defaults/example-routing.js';
import { exampleTelephony } from '../../firmware-config/defaults/example-telephony.js';
import { parseRouting } from '../../firmware-config/parse-routing.js';
import { parseTelephony } from '../../firmware-config/parse-telephony.js';
import type { CallDocuments } from '../../firmware-config/render/render-node.js';
import type { Site } from '../../firmware-config/site-nodes.js';

export function parseExampleCalls(site: Site): CallDocuments {
  const routing = parseRouting(exampleRouting);
  return { routing, telephony: parseTelephony(exampleTelephony(), { routing, site }) };
}
