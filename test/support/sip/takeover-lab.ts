/**
 * Two nodes on one LAN with the network of a box: on each a Redis of its own, a replica of the partner's, an engine on
 * both service addresses and an application; phones beside them. No keepalived and no node service: the test itself
 * kills, moves the address and gives the order.
 */
import { mkdtempSync, mkdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { systemRng } from '../../../cluster/base/rng.js';
import { callRpc } from '../../../cluster/base/local-rpc.js';
import { exampleSite } from '../../../firmware-config/defaults/example-site.js';
import { parseSite } from '../../../firmware-config/parse-site.js';
import { BoxNetwork } from '../../../ops/lab/box-network.js';
import { getSpace, NODE_INTERFACE, planBox } from '../../../ops/lab/box-plan.js';
import { claimBox, releaseBox } from '../../../ops/lab/leftovers.js';
import { inNamespace, run } from '../../../ops/lab/shell.js';
import { clock, NODE_ADDRESSES, SERVICE_ADDRESSES, type SiteNodeId } from '../box/test-box.js';
import type { TestContext } from '../spec.js';
import { notYet, waitFor } from '../wait.js';
import { ApplicationProcess } from './application-process.js';
import { EngineProcess } from './engine-process.js';
import { LineProcess } from './line-process.js';
import { PhoneFarm } from './phone-farm.js';

export const APPLICATION_TAG = 'wards';
const SIP_PORT = 5060;
const OWN_PORT = 6379;
const PARTNER_PORT = 6380;
const CONTROL = '127.0.0.1:9022';

interface LabNode {
  readonly stores: readonly LineProcess[];
  readonly engine: EngineProcess;
  readonly application: ApplicationProcess;
  readonly adminPath: string;
}

export class TakeoverLab {
  readonly #boxId = `t${String(systemRng().integer(0, 999_999))}`;
  readonly #plan = planBox(this.#boxId, parseSite(exampleSite()));
  readonly #folder = mkdtempSync(join(tmpdir(), 'takeover-'));
  readonly #nodes = new Map<SiteNodeId, LabNode>();
  readonly #network = new BoxNetwork({
    plan: this.#plan,
    clock,
    shuttleProgram: fileURLToPath(new URL('../../../ops/lab/wan/shuttle-main.js', import.meta.url)),
    seed: this.#boxId,
    nodeProgram: process.execPath,
    say: () => undefined,
  });
  #farm: PhoneFarm | undefined;

  /** Everything is gone when the test or the file is over. */
  static async open(t: Pick<TestContext, 'defer'>): Promise<TakeoverLab> {
    const lab = new TakeoverLab();
    t.defer(() => rmSync(lab.#folder, { recursive: true, force: true }));
    t.defer(() => releaseBox(lab.#boxId, clock));
    t.defer(() => lab.#network.close());
    t.defer(() => lab.#stop());
    await claimBox(lab.#boxId, clock);
    await lab.#network.open();
    for (const id of ['a', 'b'] as const) await lab.#prepare(id);
    const stores = await Promise.all((['a', 'b'] as const).map((id) => lab.#startStores(id)));
    await lab.#startNode('a', stores[0] ?? []);
    await lab.#startNode('b', stores[1] ?? []);
    const phones = getSpace(lab.#plan, 'phones');
    lab.#farm = await PhoneFarm.start(phones.namespace, (phones.addresses[0] ?? '').split('/')[0] ?? '');
    return lab;
  }

  get phones(): PhoneFarm {
    if (this.#farm === undefined) throw new Error('the phones are not there yet');
    return this.#farm;
  }

  node(id: SiteNodeId): LabNode {
    const node = this.#nodes.get(id);
    if (node === undefined) throw new Error(`node ${id} is not there yet`);
    return node;
  }

  /** Where phones reach the engine that owns the address. */
  at(id: SiteNodeId): { readonly address: string; readonly port: number } {
    return { address: SERVICE_ADDRESSES[id], port: SIP_PORT };
  }

  /** Waits until the node's replica has the dialogs of the partner: a machine that is busy answers calls without it. */
  async waitForDialogs(id: SiteNodeId, addressId: string, count: number): Promise<void> {
    await waitFor(`the replica on ${id} has ${String(count)} dialogs`, async () => {
      const keys = await this.#in(id, ['redis-cli', '-p', String(PARTNER_PORT), 'hkeys', `sip:${addressId}`]);
      const dialogs = keys.split('\n').filter((key) => key.startsWith('d/')).length;
      return dialogs === count ? true : notYet(dialogs);
    });
  }

  /** As by a power cut: every process at once, and the link. */
  async kill(id: SiteNodeId): Promise<void> {
    const { stores, engine, application } = this.node(id);
    const ends = [engine.kill(), application.kill(), ...stores.map((store) => store.kill())];
    await Promise.all(ends);
    await this.#network.setPort(id, 'down');
  }

  /** The address appears on the node, which says so to the LAN without waiting for anybody. */
  async addAddress(id: SiteNodeId, address: string): Promise<void> {
    await this.#in(id, ['ip', 'address', 'add', `${address}/24`, 'dev', NODE_INTERFACE]);
    void this.#in(id, ['arping', '-U', '-c', '1', '-I', NODE_INTERFACE, address]).catch(() => undefined);
  }

  /** @returns the engine's report */
  takeOver(id: SiteNodeId, addressId: string, generation: number): Promise<unknown> {
    const params = { addressId, generation };
    return callRpc({ path: this.node(id).adminPath, method: 'takeOver', params, deadlineMs: 5_000, clock });
  }

  async #prepare(id: SiteNodeId): Promise<void> {
    await this.#in(id, ['sysctl', '-qw', 'net.ipv4.ip_nonlocal_bind=1']);
    await this.#in(id, ['ip', 'address', 'add', `${SERVICE_ADDRESSES[id]}/24`, 'dev', NODE_INTERFACE]);
  }

  async #startStores(id: SiteNodeId): Promise<readonly LineProcess[]> {
    const partner = NODE_ADDRESSES[id === 'a' ? 'b' : 'a'] ?? '';
    const own = this.#startStore(id, OWN_PORT, `127.0.0.1 ${NODE_ADDRESSES[id] ?? ''}`, []);
    const replicaWords = ['--replicaof', partner, String(OWN_PORT)];
    return [own, this.#startStore(id, PARTNER_PORT, '127.0.0.1', replicaWords)];
  }

  #startStore(id: SiteNodeId, port: number, bind: string, words: readonly string[]): LineProcess {
    const dir = join(this.#folder, `${id}-${String(port)}`);
    mkdirSync(dir);
    const settings = ['--save', '', '--protected-mode', 'no', '--repl-diskless-sync-delay', '0'];
    const place = ['--port', String(port), '--bind', ...bind.split(' '), '--dir', dir];
    return new LineProcess({
      namespace: getSpace(this.#plan, id).namespace,
      command: ['redis-server', ...place, ...settings, ...words],
    });
  }

  async #startNode(id: SiteNodeId, stores: readonly LineProcess[]): Promise<void> {
    const { namespace } = getSpace(this.#plan, id);
    await waitFor(`the replica on ${id} is in step`, async () => {
      const info = await this.#in(id, ['redis-cli', '-p', String(PARTNER_PORT), 'info', 'replication']);
      return info.includes('master_link_status:up');
    });
    const adminPath = join(this.#folder, `${id}.sock`);
    const engine = await EngineProcess.start({
      namespace,
      control: CONTROL,
      listen: Object.values(SERVICE_ADDRESSES).map((address) => `udp:${address}:${String(SIP_PORT)}`),
      config: {
        continuity: {
          own: `127.0.0.1:${String(OWN_PORT)}`,
          partner: `127.0.0.1:${String(PARTNER_PORT)}`,
          generation: 1,
        },
        serviceAddresses: Object.entries(SERVICE_ADDRESSES).map(([label, address]) => ({
          id: label,
          address,
        })),
        admin: adminPath,
        limits: { trustedSources: ['10.77.0.0/24'] },
      },
    });
    const application = await ApplicationProcess.start('holder', engine, {
      namespace,
      tags: [APPLICATION_TAG],
    });
    this.#nodes.set(id, { stores, engine, application, adminPath });
  }

  #in(id: SiteNodeId, words: readonly string[]): Promise<string> {
    return run(inNamespace(getSpace(this.#plan, id).namespace, words), { clock });
  }

  async #stop(): Promise<void> {
    await this.#farm?.stop();
    for (const { stores, engine, application } of this.#nodes.values()) {
      await application.stop();
      await engine.kill();
      for (const store of stores) await store.kill();
    }
  }
}
