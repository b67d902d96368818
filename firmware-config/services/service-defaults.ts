/** What the services of a node have in common. Pure. */
import type { NodeDocument } from '../schema/node.js';
import type { Command, ServiceSpec } from './service-spec.js';

/**
 * The order in which processes are given up when memory runs out: people can do without the panel for a while, calls
 * wait for no durable write, and nothing replaces the process that moves addresses in time.
 */
export const OUT_OF_MEMORY = {
  keepalived: -900,
  media: -800,
  liveState: -800,
  sipEngine: -800,
  calls: -750,
  node: -700,
  store: -300,
  panel: 200,
};

/** A crash is healed in place after 100 ms: cheaper than moving an address (measured: 180 ms of audio). */
export const COMMON = {
  prepare: [],
  cleanUp: [],
  capabilities: [],
  needs: [],
  outOfMemoryScore: 0,
  startedBy: 'boot',
  environment: {},
  restartDelayMs: 100,
  restartsMax: 10,
  restartsWindowSeconds: 30,
  stopSignal: 'SIGTERM',
  stopTimeoutSeconds: 5,
  after: [],
  directories: [],
  writablePaths: [],
} as const satisfies Partial<ServiceSpec>;

/** The panel, which may use the admin sockets of the others: their folders have its group (set-group-id). */
export const ADMIN_USER = 'wardline-admin';

/** A process of ours that does not answer its own question for so long is restarted. */
export const WATCHDOG_SECONDS = 10;

/** @param main compiled entry point, from the folder `dist` */
export function ourProgram(node: NodeDocument, main: string): Command {
  return [node.paths.node, '--enable-source-maps', `${node.paths.wardline}/dist/${main}`];
}

/** With the two documents that most of our processes are started with. */
export function ourCommand(node: NodeDocument, main: string): Command {
  const { config } = node.paths;
  return [...ourProgram(node, main), '--site', `${config}/site.json`, '--node', `${config}/node.json`];
}
