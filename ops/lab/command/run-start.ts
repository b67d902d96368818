/**
 * `npm start`: brings a box up in the foreground, shows how it is, and takes it down when it is asked to.
 *
 * Invariant: whatever was begun is taken down before this returns, also when the start itself is interrupted or fails.
 */
import { readFile } from 'node:fs/promises';
import { get } from 'node:https';
import type { Clock } from '../../../cluster/base/clock.js';
import { serveRpc, type RpcServer } from '../../../cluster/base/local-rpc.js';
import type { Site } from '../../../firmware-config/site-nodes.js';
import { applyAttach, checkAttach, planAttach, undoAttach } from '../attach.js';
import { inspectBox, type BoxStatus } from '../box-status.js';
import { Box } from '../box.js';
import { EVERY_ADDRESS, LOOPBACK, PanelForwarder, type PanelListen } from '../panel/panel-forwarder.js';
import { commandSocketOf, panelSocketOf } from '../state-folder.js';
import { renderStatus } from '../status-table.js';
import { systemRng } from '../../../cluster/base/rng.js';
import { HospitalTraffic } from '../traffic/hospital-traffic.js';
import { renderTraffic } from '../traffic/traffic-report.js';
import { LabMethods } from './lab-methods.js';
import type { StartArguments } from './start-arguments.js';
import { StopAsked, type StopRequest } from './stop-request.js';

export interface StartOptions {
  readonly boxId: string;
  readonly site: Site;
  readonly args: StartArguments;
  readonly rqlited: string;
  readonly rqlitedMajor?: number;
  readonly nodeProgram: string;
  readonly projectRoot: string;
  readonly clock: Clock;
  readonly stop: StopRequest;
  readonly print: (text: string) => void;
  /** Lines that are written anew all the time, below everything that is printed; nothing where that cannot be. */
  readonly showLive: (lines: readonly string[]) => void;
  /** Whether they are seen. */
  readonly isLive: boolean;
}

const LEADER_MS_MAX = 15_000;
const LOOK_AGAIN_MS = 200;
const PANEL_MS_MAX = 5000;
const TALK_MS_MEAN = 14_000;

/** Where the panel listens on the host. Pure. */
export function planPanelListen(args: StartArguments, port: number): readonly PanelListen[] {
  const { panelListen } = args;
  const own = { address: LOOPBACK, port, mayMove: true };
  if (panelListen === undefined) return [own];
  const { address } = panelListen;
  const wanted = { address, port: panelListen.port ?? port, mayMove: panelListen.port === undefined };
  // These hold the loopback port themselves.
  return address === EVERY_ADDRESS || address === LOOPBACK ? [wanted] : [own, wanted];
}

/** Whether a panel answers; what stands in for it answers 502. */
function hasPanel(url: string): Promise<boolean> {
  return new Promise((resolve) => {
    // Of its own making, and on this very machine.
    const options = { timeout: PANEL_MS_MAX, agent: false, rejectUnauthorized: false };
    const request = get(url, options, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    request.on('timeout', () => request.destroy());
    request.on('error', () => {
      resolve(false);
    });
  });
}

class BoxStart {
  readonly #options: StartOptions;
  readonly #box: Box;
  readonly #panel: PanelForwarder;
  #panelUrls: readonly string[] = [];
  #firstCode: string | undefined;
  #commands: RpcServer | undefined;
  #isAttached = false;
  #traffic: HospitalTraffic | undefined;

  constructor(options: StartOptions) {
    const { boxId, site, args, rqlited, rqlitedMajor, nodeProgram, projectRoot, clock } = options;
    this.#options = options;
    this.#box = new Box({
      boxId,
      site,
      clock,
      rqlited,
      ...(rqlitedMajor === undefined ? {} : { rqlitedMajor }),
      ...(args.attach === undefined ? {} : { attach: args.attach.interface }),
      nodeProgram,
      projectRoot,
      say: (sentence) => {
        this.#tell(sentence);
      },
    });
    const addresses = site.nodes.flatMap(({ serviceAddress }) => serviceAddress ?? []);
    const { panel: port } = site.ports;
    this.#panel = new PanelForwarder({
      hubNamespace: this.#box.plan.hub.namespace,
      hub: { socket: panelSocketOf(boxId), addresses, port },
      listen: planPanelListen(args, port),
      nodeProgram,
      clock,
    });
  }

  /** Everything that has to be there before the table is shown. */
  async bringUp(): Promise<void> {
    const { clock, args } = this.#options;
    if (args.attach !== undefined) await checkAttach(args.attach, this.#box.plan, clock);
    await this.#box.start((work) => this.#step(work));
    await this.#step(() => this.#findLeader());
    if (args.attach !== undefined) await this.#attach();
    await this.#step(async () => {
      this.#panelUrls = await this.#panel.open();
      const [url = ''] = this.#panelUrls;
      const note = (await hasPanel(url)) ? '' : ' (no node answers there yet)';
      this.#firstCode = await this.#findFirstCode();
      return `panel: ${this.#panelUrls.join(' and ')}${note}`;
    });
    if (args.panelListen !== undefined) {
      const { address } = args.panelListen;
      this.#options.print(`          whoever reaches ${address} can try to log in there`);
    }
    await this.#openCommands();
    if (args.callsPerMinute > 0) await this.#step(() => this.#startTraffic());
    const status = await this.#status();
    this.#options.stop.throwIfAsked();
    this.#options.print(`\n${renderStatus(status)}\n\n${this.#renderHints()}`);
    if (this.#traffic !== undefined) void this.#keepShowing(this.#traffic);
  }

  /** A start that is under way: its machines lose their power until it has noticed. */
  async abandon(isUp: Promise<unknown>): Promise<void> {
    const { clock } = this.#options;
    const over = isUp.then(
      () => true,
      () => true,
    );
    do await this.#box.cutPower();
    while (!(await Promise.race([over, clock.sleep(LOOK_AGAIN_MS).then(() => false)])));
  }

  /** In the opposite order. Idempotent. */
  async takeDown(): Promise<void> {
    const { print, clock, args } = this.#options;
    if (!this.#box.exists) return;
    const startMs = clock.monotonicMs();
    this.#options.showLive([]);
    await this.#traffic?.stop();
    await this.#commands?.close();
    await this.#panel.close();
    if (this.#isAttached) {
      await undoAttach(this.#box.plan, clock);
      print(`          detached from ${args.attach?.interface ?? ''}: nothing is left on it`);
    }
    await this.#box.stop();
    const seconds = ((clock.monotonicMs() - startMs) / 1000).toFixed(1).padStart(6);
    print(`${seconds} s  box taken down`);
  }

  async #step(work: () => Promise<string>): Promise<void> {
    const { clock, stop, print } = this.#options;
    stop.throwIfAsked();
    const startMs = clock.monotonicMs();
    const sentence = await work();
    stop.throwIfAsked();
    print(`${((clock.monotonicMs() - startMs) / 1000).toFixed(1).padStart(6)} s  ${sentence}`);
  }

  /** What happens while the box runs, with the time of day. */
  #tell(sentence: string): void {
    const { print, clock, stop } = this.#options;
    if (!stop.isAsked) print(`${new Date(clock.wallMs()).toTimeString().slice(0, 8)}  ${sentence}`);
  }

  async #findLeader(): Promise<string> {
    const { clock, site, stop } = this.#options;
    const endMs = clock.monotonicMs() + LEADER_MS_MAX;
    while (clock.monotonicMs() < endMs && !stop.isAsked) {
      const rafts = await Promise.all(
        site.nodes.map(async ({ id }) => (await this.#box.inspect(id).catch(() => undefined))?.raft),
      );
      const leader = rafts[0]?.leaderId;
      if (leader !== undefined && leader !== '' && rafts.every((raft) => raft?.leaderId === leader))
        return `durable state: ${leader} leads, ${String(rafts.length)} voters agree`;
      await clock.sleep(LOOK_AGAIN_MS);
    }
    return 'durable state: no leader that all agree on yet';
  }

  async #attach(): Promise<void> {
    const { clock, site, args, print } = this.#options;
    const { attach } = args;
    if (attach === undefined) return;
    const plan = planAttach(this.#box.plan, site, attach);
    await this.#step(async () => {
      // Before, because it may get halfway.
      this.#isAttached = true;
      await applyAttach(plan, this.#box.plan, clock);
      return `attached to ${attach.interface}:`;
    });
    for (const sentence of plan.sentences) print(`          ${sentence}`);
  }

  async #startTraffic(): Promise<string> {
    const { clock, site, args } = this.#options;
    const pair = site.nodes.filter(({ place, role }) => place === 'site' && role === 'full');
    this.#traffic = new HospitalTraffic({
      box: this.#box,
      settings: {
        callsPerMinute: args.callsPerMinute,
        talkMsMean: TALK_MS_MEAN,
        nodes: pair.map(({ id }) => id),
      },
      addresses: Object.fromEntries(pair.map(({ id, serviceAddress }) => [id, serviceAddress ?? ''])),
      clock,
      rng: systemRng(),
      say: (sentence) => {
        this.#tell(sentence);
      },
    });
    return this.#traffic.start();
  }

  async #keepShowing(traffic: HospitalTraffic): Promise<void> {
    const { clock, showLive, isLive } = this.#options;
    for (let second = 1; ; second += 1) {
      await clock.sleep(1000);
      if (this.#options.stop.isAsked) return;
      const lines = renderTraffic(traffic.report());
      showLive(['', ...lines]);
      // Who reads this later from a file has one line a minute.
      if (!isLive && second % 60 === 0) this.#tell((lines[0] ?? '').trim());
    }
  }

  async #openCommands(): Promise<void> {
    const { boxId, clock, stop } = this.#options;
    const methods = new LabMethods({
      box: this.#box,
      clock,
      status: () => this.#status(),
      say: (sentence) => {
        this.#tell(sentence);
      },
      stop: stop.ask,
    });
    this.#commands = await serveRpc(commandSocketOf(boxId), methods.all());
  }

  /** As the panel of the node that is asked first has printed it. */
  async #findFirstCode(): Promise<string | undefined> {
    const [first] = this.#options.site.nodes;
    const path = `${this.#box.stateFolder}/${first?.id ?? ''}/log/admin.log`;
    const printed = await readFile(path, 'utf8').catch(() => '');
    return /one-time code ([A-Z2-7-]+)$/m.exec(printed)?.[1];
  }

  #status(): Promise<BoxStatus> {
    return inspectBox(this.#box, this.#options.site, this.#panelUrls);
  }

  #renderHints(): string {
    const { boxId } = this.#options;
    const [url = ''] = this.#panelUrls;
    const rows = [
      ['panel', url],
      ...(this.#firstCode === undefined
        ? []
        : [['', `one-time code ${this.#firstCode} makes the first account`] as const]),
      ['faults', 'npm run lab -- kill a          all of them: npm run lab -- --help'],
      ['status', 'npm run lab -- status'],
      ['inside', `ip netns exec wl-${boxId}-phones bash`],
      ['logs', `${this.#box.stateFolder}/a/log`],
    ] as const;
    const lines = rows.map(([what, how]) => `  ${what.padEnd(8)}${how}`);
    return `${lines.join('\n')}\n\n  Ctrl-C takes everything down.\n`;
  }
}

/** Resolves when the box has been up and is taken down. @throws whatever stood in the way of its start */
export async function runStart(options: StartOptions): Promise<void> {
  const { stop } = options;
  const start = new BoxStart(options);
  try {
    const isUp = start.bringUp();
    await Promise.race([isUp, stop.whenAsked]);
    if (stop.isAsked) await start.abandon(isUp);
    await stop.whenAsked;
  } catch (error) {
    if (!(error instanceof StopAsked)) throw error;
  } finally {
    await start.takeDown();
  }
}
