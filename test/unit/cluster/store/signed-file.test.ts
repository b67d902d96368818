import { readFile, stat, writeFile } from 'node:fs/promises';
import { SignedFile } from '../../../../cluster/store/signed-file.js';
import { assert, assertRejects, spec } from '../../../support/spec.js';
import { makeFolder } from '../../../support/store/make-folder.js';

spec('a signed file', (it) => {
  it('holds what was written last, for the next process too', async (t) => {
    const folder = makeFolder(t);
    const file = await SignedFile.open(`${folder}/data/kept.json`, `${folder}/data/key.pem`);
    assert.is(await file.read(), undefined);
    await file.write({ a: '急诊' });
    await file.write({ a: 2 });
    const again = await SignedFile.open(`${folder}/data/kept.json`, `${folder}/data/key.pem`);
    assert.equal(await again.read(), { a: 2 });
    for (const name of ['kept.json', 'key.pem'])
      assert.is((await stat(`${folder}/data/${name}`)).mode & 0o777, 0o600, name);
  });

  it('is not believed when somebody has changed it, another node has signed it, or half of it is there', async (t) => {
    const folder = makeFolder(t);
    const path = `${folder}/kept.json`;
    const file = await SignedFile.open(path, `${folder}/key.pem`);
    await file.write({ a: 1 });
    const text = await readFile(path, 'utf8');
    for (const wrong of [
      text.replace('1', '2'),
      text.slice(0, 40),
      '',
      'null',
      '[]',
      '{"signature":"","content":"{}"}',
    ]) {
      await writeFile(path, wrong);
      await assertRejects(file.read(), /file/);
    }
    await writeFile(path, text);
    const other = await SignedFile.open(path, `${folder}/other-key.pem`);
    await assertRejects(other.read(), /not signed by this node/);
  });
});
