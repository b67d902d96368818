import { parseEngineArguments } from '../../../appliance/sip-engine/config/parse-engine-arguments.js';
import { exampleSite } from '../../../firmware-config/defaults/example-site.js';
import { parseNode } from '../../../firmware-config/parse-node.js';
import { parseSite } from '../../../firmware-config/parse-site.js';
import { renderNode } from '../../../firmware-config/render/render-node.js';
import { renderSipEngineJson, renderSipUsers } from '../../../firmware-config/render/sip-engine-json.js';
import { sipEngineFiles } from '../../../firmware-config/sip-engine-files.js';
import { parseExampleCalls } from '../../support/example-calls.js';
import { assert, spec } from '../../support/spec.js';

const site = parseSite(exampleSite());
const calls = parseExampleCalls(site);
const node = (nodeId: string, more: object = {}): ReturnType<typeof parseNode> =>
  parseNode({ version: 1, nodeId, ...more });

/** What the engine understands of what is rendered for a node. */
function read(nodeId: string, more: object = {}): ReturnType<typeof parseEngineArguments> {
  const own = node(nodeId, more);
  const files = sipEngineFiles(own);
  const texts: Readonly<Record<string, string>> = {
    [files.configuration]: renderSipEngineJson(site, own, calls.telephony),
    [files.controlSecret]: 'secret\n',
  };
  return parseEngineArguments(['--config', files.configuration], {}, (path) => texts[path] ?? '');
}

const sockets = (nodeId: string, more: object = {}): string[] =>
  read(nodeId, more).listen.map(({ protocol, address, port }) => `${protocol}:${address}:${String(port)}`);

const sipTls = { keyFile: '/etc/wardline/sip.key', certFile: '/etc/wardline/sip.pem' };

spec('the configuration of the SIP engine', (it) => {
  it('has both service addresses of a pair on either node, under the same ids', () => {
    const expected = ['10.77.0.11', '10.77.0.12'].flatMap((address) => [
      ...['udp', 'tcp'].map((protocol) => `${protocol}:${address}:5060`),
      `tls:${address}:5061`,
    ]);
    assert.equal(sockets('a'), expected);
    assert.equal(sockets('b'), expected);
    assert.equal(read('a').serviceAddresses, read('b').serviceAddresses);
    assert.equal(sockets('d'), ['udp:10.78.0.11:5060', 'tcp:10.78.0.11:5060', 'tls:10.78.0.11:5061']);
  });

  it('speaks TLS with the certificate of the hospital, or with one of its own making', () => {
    assert.is(read('a').tls?.certFile, sipEngineFiles(node('a')).tlsCertificate);
    assert.is(read('a', { sipTls }).tls?.certFile, sipTls.certFile);
  });

  it('asks phones for their password and carriers not, whose traffic has no limit per source', () => {
    const { digest, limits } = read('a');
    assert.is(digest?.realm, 'wardline.example');
    assert.ok(digest?.methods.includes('INVITE') && digest.methods.includes('REGISTER'));
    assert.not.ok(digest?.methods.includes('OPTIONS'));
    assert.equal(digest?.algorithms, ['MD5']);
    assert.equal(digest?.exemptSources, ['10.77.0.20']);
    assert.equal(limits.trustedSources, ['10.77.0.20']);
  });

  it('is commanded on loopback only, with a secret of the node', () => {
    const { control, secret } = read('b');
    assert.equal(control, [{ address: '127.0.0.1', port: 9022 }]);
    assert.is(secret, 'secret');
  });

  it('keeps its dialogs where the partner finds them; a node alone has no partner', () => {
    const { own, partner } = read('a').continuity ?? {};
    assert.equal(
      [own, partner],
      [
        { host: '127.0.0.1', port: 6379 },
        { host: '127.0.0.1', port: 6380 },
      ],
    );
    assert.is(read('d').continuity, undefined);
  });

  it('has a user for each seat, and no password', () => {
    const users = JSON.parse(renderSipUsers(calls.telephony)) as Record<string, object>;
    assert.equal(
      Object.keys(users),
      calls.telephony.seats.map(({ user }) => user),
    );
    assert.equal(Object.keys(users['8001'] ?? {}), ['sha256', 'md5']);
  });
});

spec('files of a node that takes calls', (it) => {
  it('with hashes of passwords and PINs are for root alone, also in what may be read by all', () => {
    const files = renderNode(site, node('a'), calls);
    const secret = files.filter(({ isSecret }) => isSecret).map(({ path }) => path.split('/').at(-1));
    assert.equal(secret, ['telephony.json', 'sip-users.json', 'sip-nonce.key', 'sip-tickets.key']);
    const { ha1, user } = calls.telephony.seats[0]!;
    for (const { content, isSecret, path } of files)
      assert.is(isSecret === true && path.endsWith('.json'), content.includes(ha1.sha256), `${path} ${user}`);
  });

  it('cannot be made without telephony and routing; a witness needs neither', () => {
    assert.throws(() => renderNode(site, node('a'), undefined), /node a takes calls/);
    const wide = parseSite(exampleSite('two-two-one'));
    assert.is(renderNode(wide, node('w'), undefined).length, 2);
  });
});
