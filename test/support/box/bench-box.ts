/** A box with a hospital of its own and both farms of user agents, for as long as a bench needs it. */
import type { CallDocuments } from '../../../firmware-config/render/render-node.js';
import type { Box } from '../../../ops/lab/box.js';
import { getSpace } from '../../../ops/lab/box-plan.js';
import { UaFarm } from '../../../ops/lab/ua/ua-farm.js';
import { waitFor } from '../wait.js';
import { clock, isEverythingInSync, makeTestBox } from './test-box.js';

export async function withBenchBox(
  calls: CallDocuments,
  use: (box: Box, phones: UaFarm, trunk: UaFarm) => Promise<void>,
): Promise<void> {
  const { box } = makeTestBox({ calls });
  const farms: UaFarm[] = [];
  const farm = async (id: string): Promise<UaFarm> => {
    const started = await UaFarm.start(getSpace(box.plan, id).namespace, clock);
    farms.push(started);
    return started;
  };
  try {
    await box.start();
    await waitFor('everything is in sync', () => isEverythingInSync(box), { deadlineMs: 20_000 });
    await use(box, await farm('phones'), await farm('trunk'));
  } finally {
    for (const one of farms) await one.stop();
    await box.stop();
  }
}
