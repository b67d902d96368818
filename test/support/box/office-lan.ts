/** A LAN outside of the box: one end on the host, the other in a namespace with phones. Both have the name. */
import type { Clock } from '../../../cluster/base/clock.js';
import { run } from '../../../ops/lab/shell.js';
import type { TestContext } from '../spec.js';

/** @param addresses of phones there, of the site's LAN */
export async function openOffice(
  t: TestContext,
  clock: Clock,
  lan: string,
  addresses: readonly string[],
): Promise<void> {
  const ip = (...words: string[]): Promise<string> => run(['ip', ...words], { clock });
  t.defer(() => ip('netns', 'delete', lan));
  await ip('netns', 'add', lan);
  await ip('link', 'add', lan, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', lan);
  await ip('link', 'set', lan, 'up');
  for (const device of ['eth0', 'lo']) await ip('-n', lan, 'link', 'set', device, 'up');
  for (const address of addresses) await ip('-n', lan, 'address', 'add', `${address}/24`, 'dev', 'eth0');
}
