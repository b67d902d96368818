/** What production needs on a node beside the files of its processes, and the box does not. Pure. */
import type { NodeDocument } from '../schema/node.js';
import { planServices } from '../services/plan-services.js';
import type { ServiceSpec } from '../services/service-spec.js';
import type { Site } from '../site-nodes.js';
import { renderSysctl } from './host-sysctl.js';
import { nftablesPath, renderNftables } from './nftables.js';
import type { RenderedFile } from './render-node.js';
import { renderPacketFilterUnit, renderSystemdUnit, unitName } from './systemd-unit.js';

const UNITS = '/etc/systemd/system';

/**
 * For systemd-sysusers; a user that a package has made already stays as it is. A group may own a folder before there is
 * a service with a user of its name.
 */
function renderSysusers(services: readonly ServiceSpec[]): string {
  const users = new Set(services.map(({ user }) => user).filter((user) => user !== 'root'));
  const groups = new Set(services.flatMap(({ directories }) => directories.map(({ group }) => group)));
  const others = [...groups].filter((group) => group !== 'root' && !users.has(group));
  return [
    ...[...users].map((user) => `u ${user} - "Wardline" - /usr/sbin/nologin\n`),
    ...others.map((group) => `g ${group} -\n`),
  ].join('');
}

/** @throws CONFIG_INVALID when the site has no such node */
export function renderSystem(site: Site, node: NodeDocument): readonly RenderedFile[] {
  const services = planServices(site, node);
  const filterUnit = renderPacketFilterUnit(node);
  return [
    { path: '/etc/sysusers.d/wardline.conf', content: renderSysusers(services) },
    { path: '/etc/sysctl.d/90-wardline.conf', content: renderSysctl(site, node) },
    { path: nftablesPath(node), content: renderNftables(site, node) },
    { path: `${UNITS}/${filterUnit.name}`, content: filterUnit.content },
    ...services.map((spec) => ({
      path: `${UNITS}/${unitName(spec.name)}`,
      content: renderSystemdUnit(spec, node),
    })),
  ];
}
