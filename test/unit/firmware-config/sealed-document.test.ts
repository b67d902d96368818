import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { exampleSite } from '../../../firmware-config/defaults/example-site.js';
import { parseNode } from '../../../firmware-config/parse-node.js';
import { parseSite } from '../../../firmware-config/parse-site.js';
import { readApplianceDocuments, readDocuments } from '../../../firmware-config/read-documents.js';
import { NodeDocumentSchema } from '../../../firmware-config/schema/node.js';
import { RoutingDocumentSchema } from '../../../firmware-config/schema/routing.js';
import { SiteDocumentSchema } from '../../../firmware-config/schema/site.js';
import { TelephonyDocumentSchema } from '../../../firmware-config/schema/telephony.js';
import { openSealed, SCHEMA_RELEASE, sealDocument } from '../../../firmware-config/sealed-document.js';
import { parseExampleCalls } from '../../support/example-calls.js';
import { assert, assertRejects, spec, type TestContext } from '../../support/spec.js';

const site = parseSite(exampleSite());
const node = parseNode({ version: 1, nodeId: 'a', paths: {} });
const { telephony, routing } = parseExampleCalls(site);

/** Of the schemas as they were when SCHEMA_RELEASE was last raised. */
const SCHEMAS_OF_RELEASE = 'e65381a5863db24d';

async function writeDocuments(t: TestContext, siteText: string, nodeText: string): Promise<string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'wardline-test-'));
  t.defer(() => rm(folder, { recursive: true }));
  const paths = [join(folder, 'site.json'), join(folder, 'node.json')] as const;
  await writeFile(paths[0], siteText);
  await writeFile(paths[1], nodeText);
  return ['--site', paths[0], '--node', paths[1]];
}

spec('sealed documents', (it) => {
  it('an unchanged document is known as checked, a changed one is not', () => {
    const text = sealDocument('site', site);
    const opened = openSealed('site', JSON.parse(text));
    assert.equal(opened, { document: site, isSealed: true });
    const edited = openSealed('site', JSON.parse(text.replace('10.77.0.11', '10.77.0.13')));
    assert.is(edited.isSealed, false);
    assert.is(openSealed('node', JSON.parse(text)).isSealed, false, 'a site document is no node document');
  });

  it('a document without a seal is read as it is', () => {
    for (const input of [exampleSite(), null, 7, { seal: 'x' }]) {
      assert.equal(openSealed('site', input), { document: input, isSealed: false });
    }
  });

  it('the release of the schemas is raised when they change', () => {
    const schemas = [SiteDocumentSchema, NodeDocumentSchema, RoutingDocumentSchema, TelephonyDocumentSchema];
    const text = JSON.stringify([SCHEMA_RELEASE, ...schemas]);
    const digest = createHash('sha256').update(text).digest('hex').slice(0, 16);
    assert.is(digest, SCHEMAS_OF_RELEASE, 'raise SCHEMA_RELEASE, then put this digest here');
  });

  it('sealed, edited and plain documents all give the same complete documents', async (t) => {
    const plain = JSON.stringify(exampleSite());
    for (const text of [sealDocument('site', site), plain]) {
      const read = await readDocuments(await writeDocuments(t, text, sealDocument('node', node)));
      assert.equal(read.site, site);
      assert.equal(read.node, node);
      assert.is(read.own.id, 'a');
      assert.ok(Object.isFrozen(read.site.nodes));
    }
  });

  it('an edit that is wrong is refused with its field', async (t) => {
    const wrong = sealDocument('site', site).replace('"10.77.0.11"', '"10.99.0.11"');
    const args = await writeDocuments(t, wrong, sealDocument('node', node));
    await assertRejects(readDocuments(args), /nodes\[0\]\.serviceAddress/);
  });

  it('call control reads four documents, sealed or plain, and the telephony has to fit the routing', async (t) => {
    const args = await writeDocuments(t, sealDocument('site', site), sealDocument('node', node));
    const folder = dirname(args[1] ?? '');
    const write = async (telephonyText: string, routingText: string): Promise<string[]> => {
      const paths = [join(folder, 'telephony.json'), join(folder, 'routing.json')] as const;
      await writeFile(paths[0], telephonyText);
      await writeFile(paths[1], routingText);
      return [...args, '--telephony', paths[0], '--routing', paths[1]];
    };
    const sealed = [sealDocument('telephony', telephony), sealDocument('routing', routing)] as const;
    for (const texts of [sealed, [JSON.stringify(telephony), JSON.stringify(routing)] as const]) {
      const read = await readApplianceDocuments(await write(...texts));
      assert.equal([read.telephony, read.routing, read.own.id], [telephony, routing, 'a']);
      assert.ok(Object.isFrozen(read.telephony.seats) && Object.isFrozen(read.routing.numbers));
    }
    // Both seals are whole, and yet the two were never checked with each other.
    const other = { ...routing, departments: routing.departments.filter(({ id }) => id !== 'complaints') };
    const unfit = await write(sealed[0], sealDocument('routing', other));
    await assertRejects(readApplianceDocuments(unfit), /seats\[10\]\.departments\[0\]: .*"complaints"/);
    await assertRejects(readApplianceDocuments(args), /no --telephony/);
  });

  it('missing arguments, files and nodes are named', async (t) => {
    await assertRejects(readDocuments([]), /no --site/);
    await assertRejects(readDocuments(['--site', 'x']), /no --node/);
    await assertRejects(readDocuments(['--sight', 'x']), /--sight/);
    await assertRejects(
      readDocuments(['--site', '/nonexistent', '--node', 'x']),
      /site document at \/nonexistent/,
    );
    const notJson = await writeDocuments(t, sealDocument('site', site), 'nonsense');
    await assertRejects(readDocuments(notJson), /node document at/);
    const stranger = sealDocument('node', { ...node, nodeId: 'z' });
    const args = await writeDocuments(t, sealDocument('site', site), stranger);
    await assertRejects(readDocuments(args), /no node "z"/);
  });
});
