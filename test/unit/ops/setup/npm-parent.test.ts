import { assert, spec } from '../../../support/spec.js';
import { findNpm } from '../../../../ops/setup/npm-parent.mjs';

/** pid -> [parent, title] */
function processes(table: Readonly<Record<number, readonly [parent: number, title: string]>>) {
  return {
    parentOf: (pid: number): number | undefined => table[pid]?.[0],
    titleOf: (pid: number): string => table[pid]?.[1] ?? '',
  };
}

spec('the npm that started the set-up', (it) => {
  it('is found behind the shell that it uses', () => {
    const found = findNpm(
      processes({ 30: [20, 'node'], 20: [10, 'sh\0-c'], 10: [5, 'npm start'], 5: [1, 'bash'] }),
      30,
    );
    assert.equal(found, { child: 20, npm: 10 });
  });

  it('is found as the parent itself', () => {
    assert.equal(findNpm(processes({ 30: [10, 'node'], 10: [5, 'npm test'] }), 30), { child: 30, npm: 10 });
  });

  it('is not there when the set-up was started by hand, however its shell was started', () => {
    const table = {
      30: [20, 'node'],
      20: [10, 'bash'],
      10: [5, 'login'],
      5: [4, 'x'],
      4: [1, 'npm exec bash'],
    } as const;
    assert.is(findNpm(processes(table), 30), undefined);
  });

  it('is not there when it died before we looked', () => {
    assert.is(findNpm(processes({ 30: [1, 'node'] }), 30), undefined);
  });
});
