/** How a whole box is, as one value; never an exception, whatever is broken in it. */
import { isOperatingError } from '../../cluster/base/errors.js';
import type { SiteDocument, SiteNode } from '../../firmware-config/schema/site.js';
import type { Box } from './box.js';
import type { MachineInspection } from './machine/inspection.js';
import type { NetworkFaultStatus } from './network-faults.js';

export interface NodeStatus {
  readonly id: string;
  readonly place: SiteNode['place'];
  readonly address: string;
  /** `no answer`: it is on, and its supervisor does not answer: frozen, or far too busy. */
  readonly power: 'on' | 'off' | 'starting' | 'no answer';
  /** Only of a node that is on. */
  readonly inspection?: MachineInspection;
}

export interface BoxStatus {
  readonly box: string;
  readonly layout: SiteDocument['layout'];
  /** Where the panel is reached from the host. */
  readonly panel: readonly string[];
  readonly nodes: readonly NodeStatus[];
  readonly network: NetworkFaultStatus;
}

async function inspectNode(box: Box, node: SiteNode): Promise<NodeStatus> {
  const known = { id: node.id, place: node.place, address: node.address };
  if (!box.isOn(node.id)) return { ...known, power: 'off' };
  try {
    return { ...known, power: 'on', inspection: await box.inspect(node.id) };
  } catch (error) {
    if (isOperatingError(error, 'LAB_NODE_OFF')) return { ...known, power: 'off' };
    return { ...known, power: isOperatingError(error, 'RPC_UNREACHABLE') ? 'starting' : 'no answer' };
  }
}

/** All nodes at once, so that a frozen one costs one deadline (1.5 s). */
export async function inspectBox(box: Box, site: SiteDocument, panel: readonly string[]): Promise<BoxStatus> {
  const nodes = await Promise.all(site.nodes.map((node) => inspectNode(box, node)));
  return { box: box.plan.boxId, layout: site.layout, panel, nodes, network: box.networkFaults() };
}
