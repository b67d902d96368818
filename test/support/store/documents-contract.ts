/** What every store of configuration documents keeps to: the real one, and the fake of unit tests. */
import type { ConfigurationDocumentsPort } from '../../../cluster/store/configuration-documents-port.js';
import { assert, assertRejects } from '../spec.js';

/** @param documents without any document */
export async function keepsVersions(documents: ConfigurationDocumentsPort): Promise<void> {
  assert.is(await documents.findActive('routing'), undefined);
  await assertRejects(documents.rollBack('routing', 'li'), /no routing document/);
  const first = await documents.add('routing', '{"a":1}', 'li');
  const second = await documents.add('routing', '{"a":2}', 'wang');
  assert.equal([first.version, second.version, first.isActive], [1, 2, false]);
  assert.equal(await documents.add('routing', '{"a":1}', 'somebody else'), first);
  assert.is((await documents.add('telephony', '{"a":1}', 'li')).version, 1);

  await documents.activate('routing', 1, 'li');
  const active = await documents.activate('routing', 2, 'wang');
  assert.equal([active.isActive, active.activatedBy], [true, 'wang']);
  await assertRejects(documents.activate('routing', 3, 'li'), /version "3"/);
  assert.is((await documents.findActive('routing'))?.json, '{"a":2}');
  assert.is((await documents.rollBack('routing', 'li')).version, 1);
  assert.is((await documents.findActive('routing'))?.json, '{"a":1}');
  assert.equal(
    (await documents.list('routing')).map(({ version, isActive }) => [version, isActive]),
    [
      [2, false],
      [1, true],
    ],
  );
  assert.is((await documents.getVersion('routing', 2)).json, '{"a":2}');
}

/** @param documents without any document */
export async function keepsTheFirst(documents: ConfigurationDocumentsPort): Promise<void> {
  await documents.addFirst('routing', '{"a":1}', 'setup');
  await documents.addFirst('routing', '{"a":2}', 'setup');
  const active = await documents.findActive('routing');
  assert.equal([active?.version, active?.json, active?.activatedBy], [1, '{"a":1}', 'setup']);
  assert.is((await documents.list('routing')).length, 1);
}
