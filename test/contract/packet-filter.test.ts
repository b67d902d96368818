/** The packet filter, loaded by nft into a network namespace, judged by what passes from a second one. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { RealClock } from '../../cluster/base/clock.js';
import { systemRng } from '../../cluster/base/rng.js';
import { exampleSite } from '../../firmware-config/defaults/example-site.js';
import { parseNode } from '../../firmware-config/parse-node.js';
import { parseSite } from '../../firmware-config/parse-site.js';
import { renderNftables } from '../../firmware-config/render/nftables.js';
import { diesWithParent, inNamespace, run } from '../../ops/lab/shell.js';
import { assert, assertRejects, spec, type TestContext } from '../support/spec.js';
import { notYet, waitFor } from '../support/wait.js';

const clock = new RealClock();
const site = parseSite(exampleSite());
const wide = parseSite(exampleSite('two-two-one'));
const rules = renderNftables(site, parseNode({ version: 1, nodeId: 'a' }));

const NODE = '10.77.0.1';
const SERVICE = '10.77.0.11';
const PARTNER = '10.77.0.2';
const DR = '10.78.0.1';
const STRANGER = '10.77.0.150';

const prefix = `wl-nft${String(systemRng().integer(0, 999_999))}`;
const nodeSpace = `${prefix}-node`;
const lanSpace = `${prefix}-lan`;

const inNode = (...command: string[]): Promise<string> => run(inNamespace(nodeSpace, command), { clock });
const inLan = (...command: string[]): Promise<string> => run(inNamespace(lanSpace, command), { clock });

/** A node, and a LAN on which partner, DR and a stranger are addresses of one machine. */
async function openNamespaces(): Promise<void> {
  for (const namespace of [nodeSpace, lanSpace]) await run(['ip', 'netns', 'add', namespace], { clock });
  await inNode('ip', 'link', 'add', 'eth0', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', lanSpace);
  for (const address of [`${NODE}/24`, `${SERVICE}/32`])
    await inNode('ip', 'address', 'add', address, 'dev', 'eth0');
  for (const address of [`${PARTNER}/24`, `${STRANGER}/24`, `${DR}/32`]) {
    await inLan('ip', 'address', 'add', address, 'dev', 'eth0');
  }
  for (const name of ['lo', 'eth0']) await inNode('ip', 'link', 'set', name, 'up');
  await inLan('ip', 'link', 'set', 'eth0', 'up');
  await inNode('ip', 'route', 'add', `${DR}/32`, 'dev', 'eth0');
}

async function closeNamespaces(): Promise<void> {
  for (const namespace of [nodeSpace, lanSpace]) {
    await run(['ip', 'netns', 'delete', namespace], { clock }).catch(() => undefined);
  }
}

/** Loading twice proves that it replaces itself. */
async function loadRules(): Promise<void> {
  for (let time = 0; time < 2; time += 1) {
    await run(inNamespace(nodeSpace, ['nft', '-f', '-']), { clock, input: rules });
  }
}

/** A program on the node that lives as long as the test. */
function startOnNode(t: TestContext, command: readonly string[]): () => string {
  const [program, ...args] = diesWithParent(inNamespace(nodeSpace, command));
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    output += chunk;
  });
  const ended = once(child, 'exit');
  t.defer(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  return () => output;
}

async function listenTcp(t: TestContext, address: string, port: number): Promise<void> {
  startOnNode(t, ['socat', `TCP-LISTEN:${String(port)},bind=${address},reuseaddr,fork`, 'SYSTEM:true']);
  await waitFor('the port is open', async () => {
    const listing = await inNode('ss', '-Hltn', `src ${address}:${String(port)}`);
    return listing !== '' || notYet(listing);
  });
}

function connect(from: string, address: string, port: number): Promise<string> {
  const target = `TCP:${address}:${String(port)},bind=${from},connect-timeout=0.5`;
  return inLan('socat', '-u', 'OPEN:/dev/null', target);
}

/**
 * Sends one TCP segment that belongs to no connection, from a raw socket. Arguments: from, to, port, flags.
 * Prints the flags of what comes back within half a second, or "nothing".
 */
const SEGMENT = `
import socket, struct, sys, time
source, target, port, flags = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_TCP)
raw.bind((source, 0))
addresses = socket.inet_aton(source) + socket.inet_aton(target)
def segment(checksum):
    return struct.pack('!HHIIBBHHH', 40000, port, 1000, 2000, 5 << 4, flags, 1024, checksum, 0)
words = struct.unpack('!16H', addresses + struct.pack('!HH', 6, 20) + segment(0))
total = sum(words)
while total > 0xffff: total = (total & 0xffff) + (total >> 16)
raw.sendto(segment(~total & 0xffff), (target, 0))
end = time.monotonic() + 0.5
while time.monotonic() < end:
    raw.settimeout(max(0.01, end - time.monotonic()))
    try: packet = raw.recv(2048)
    except TimeoutError: break
    if packet[12:16] == socket.inet_aton(target): print(packet[33]); sys.exit()
print('nothing')
`;
const SYN = 0x02;
const RST = 0x04;
const PUSH_ACK = 0x18;

async function sendSegment(port: number, flags: number, target = SERVICE): Promise<string> {
  const output = await inLan('python3', '-c', SEGMENT, STRANGER, target, String(port), String(flags));
  return output.trim();
}

/** @returns what arrived at a UDP port of the node from the stranger */
async function sendUdp(t: TestContext, address: string, port: number, bytes: number): Promise<number> {
  const listener = `UDP-RECV:${String(port)},bind=${address}`;
  const received = startOnNode(t, ['socat', '-b', '65000', '-u', listener, 'STDOUT']);
  await waitFor('the port is open', async () => {
    const listing = await inNode('ss', '-Hlun', `src ${address}:${String(port)}`);
    return listing !== '' || notYet(listing);
  });
  const input = 'x'.repeat(bytes);
  const target = `UDP:${address}:${String(port)},bind=${STRANGER}`;
  await run(inNamespace(lanSpace, ['socat', '-b', '65000', '-u', 'STDIN', target]), { clock, input });
  await waitFor('it arrives', () => received().length === bytes || notYet(received().length), {
    deadlineMs: 1000,
  });
  return received().length;
}

spec('nft and the packet filter', (it) => {
  for (const [of, nodeId] of [
    [site, 'a'],
    [site, 'd'],
    [wide, 'e'],
    [wide, 'w'],
  ] as const) {
    it(`nft accepts the rules of node ${nodeId} (${of.layout})`, async () => {
      const input = renderNftables(of, parseNode({ version: 1, nodeId }));
      assert.is(await run(['unshare', '--net', 'nft', '-c', '-f', '-'], { clock, input }), '');
    });
  }

  it('nft refuses rules with an unknown word, so that the check above can fail', async () => {
    const checked = run(['unshare', '--net', 'nft', '-c', '-f', '-'], {
      clock,
      input: rules.replace('notrack', 'nottrack'),
    });
    await assertRejects(checked, /nottrack/);
  });
});

spec('a node behind its packet filter', { deadlineMs: 20_000 }, (it, before) => {
  before(async (t) => {
    t.defer(closeNamespaces);
    await openNamespaces();
    await loadRules();
  });

  it('has one table after the rules were loaded twice', async () => {
    assert.is((await inNode('nft', 'list', 'tables')).trim(), 'table inet wardline');
  });

  it('lets the partner reach live state, and no stranger', async (t) => {
    await listenTcp(t, NODE, site.ports.redisOwn);
    await connect(PARTNER, NODE, site.ports.redisOwn);
    await assertRejects(connect(STRANGER, NODE, site.ports.redisOwn), /timed out/i);
    await assertRejects(connect(DR, NODE, site.ports.redisOwn), /timed out/i);
  });

  it('lets every voter reach the store, and no stranger', async (t) => {
    await listenTcp(t, NODE, site.ports.rqliteRaft);
    for (const voter of [PARTNER, DR]) await connect(voter, NODE, site.ports.rqliteRaft);
    await assertRejects(connect(STRANGER, NODE, site.ports.rqliteRaft), /timed out/i);
  });

  it('lets anybody reach SIP and the panel, on its own and on the service address', async (t) => {
    for (const address of [NODE, SERVICE]) {
      for (const port of [site.ports.sip, site.ports.sipTls, site.ports.panel]) {
        await listenTcp(t, address, port);
        await connect(STRANGER, address, port);
      }
    }
  });

  it('takes media mid-stream on a service address', async (t) => {
    assert.is(await sendUdp(t, SERVICE, 30_002, 172), 172);
  });

  it('takes a SIP message in fragments on a service address', async (t) => {
    assert.is(await sendUdp(t, SERVICE, site.ports.sip, 4000), 4000);
  });

  it("answers a segment of a connection that the partner had with RST, on SIP and on the phone's side", async () => {
    for (const port of [site.ports.sip, 45_000]) {
      const flags = Number(await sendSegment(port, PUSH_ACK));
      assert.is(flags & RST, RST, `port ${String(port)}: flags ${String(flags)}`);
    }
  });

  it('does not answer who tries the other ports', async () => {
    assert.is(await sendSegment(site.ports.redisOwn, SYN), 'nothing');
    assert.is(await sendSegment(45_000, SYN), 'nothing');
    assert.is(await sendSegment(45_000, PUSH_ACK, NODE), 'nothing');
  });

  it('answers a ping on both addresses', async () => {
    for (const address of [NODE, SERVICE]) await inLan('ping', '-n', '-c', '1', '-W', '1', address);
    assert.ok(true);
  });

  it('lets adverts of the partner in and those of a stranger not', async () => {
    const arrived = async (from: string): Promise<boolean> => {
      const before = await counted();
      await inLan('python3', '-c', ADVERT, from, NODE);
      return (await counted()) > before;
    };
    await inNode(
      'nft',
      'add',
      'chain',
      'inet',
      'wardline',
      'seen',
      '{ type filter hook input priority 10; }',
    );
    await inNode('nft', 'add', 'rule', 'inet', 'wardline', 'seen', 'ip', 'protocol', 'vrrp', 'counter');
    assert.ok(await arrived(PARTNER));
    assert.not.ok(await arrived(STRANGER));
  });
});

/** Sends one packet of protocol 112. */
const ADVERT = `
import socket, sys
raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, 112)
raw.bind((sys.argv[1], 0))
raw.sendto(bytes(12), (sys.argv[2], 0))
`;

/** VRRP packets behind the filter. */
async function counted(): Promise<number> {
  const listing = await inNode('nft', 'list', 'chain', 'inet', 'wardline', 'seen');
  return Number(/packets (\d+)/.exec(listing)?.[1]);
}
