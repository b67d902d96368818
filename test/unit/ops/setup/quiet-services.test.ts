import { assert, assertRejects, spec } from '../../../support/spec.js';
import {
  finishKilledInstall,
  packagesOfPolicy,
  planQuietCommands,
  policyText,
  whosePolicy,
  withoutServiceStarts,
  type ServiceHost,
} from '../../../../ops/setup/quiet-services.mjs';
import { createFakeRun } from './fake-run.js';

const FOREIGN = '#!/bin/sh\nexit 0\n';

interface FakeHost extends ServiceHost {
  policy: string | undefined;
}

function fakeHost(policy?: string, hasSystemd = false): FakeHost {
  const host: FakeHost = {
    policy,
    hasSystemd,
    readPolicy: () => host.policy,
    writePolicy: (text) => {
      host.policy = text;
    },
    removePolicy: () => {
      host.policy = undefined;
    },
  };
  return host;
}

spec('daemons of newly installed packages', (it) => {
  it('cannot start while packages are installed, and may again afterwards', async () => {
    const services = fakeHost();
    let during: string | undefined;
    await withoutServiceStarts({ run: createFakeRun().run, services, packages: ['sox'] }, () => {
      during = services.policy;
      return Promise.resolve();
    });
    assert.match(during ?? '', /^#!\/bin\/sh\n[^]*exit 101\n$/);
    assert.is(services.policy, undefined);
  });

  it('are disabled and may start again also when the installation fails', async () => {
    const services = fakeHost();
    const { run, commands } = createFakeRun();
    const failing = withoutServiceStarts({ run, services, packages: ['keepalived'] }, () =>
      Promise.reject(new Error('apt failed')),
    );
    await assertRejects(failing, /^apt failed$/);
    assert.is(services.policy, undefined);
    assert.equal(commands, ['update-rc.d keepalived disable']);
  });

  it('are ruled by the policy that is there already, which is left as it is', async () => {
    const services = fakeHost(FOREIGN);
    await withoutServiceStarts({ run: createFakeRun().run, services, packages: ['redis-server'] }, () => {
      assert.is(services.policy, FOREIGN);
      return Promise.resolve();
    });
    assert.is(services.policy, FOREIGN);
  });

  it('are stopped and disabled through systemd where it is the init', () => {
    assert.equal(
      planQuietCommands({ packages: ['sox', 'redis-server'], hasSystemd: true, isPolicyForeign: false }),
      [['systemctl', 'disable', '--now', 'redis-server.service']],
    );
  });

  it('are stopped as well where a foreign policy may have let them start', () => {
    assert.equal(
      planQuietCommands({ packages: ['redis-server'], hasSystemd: false, isPolicyForeign: true }),
      [
        ['service', 'redis-server', 'stop'],
        ['update-rc.d', 'redis-server', 'disable'],
      ],
    );
  });

  it('are left alone when their package was there before: somebody may be using them', () => {
    assert.equal(planQuietCommands({ packages: ['sox'], hasSystemd: true, isPolicyForeign: true }), []);
  });
});

spec('a policy for daemons', (it) => {
  it('is known as ours by its text, and says what was being installed', () => {
    const text = policyText(['redis-server', 'sox']);
    assert.is(whosePolicy(text), 'ours');
    assert.equal(packagesOfPolicy(text), ['redis-server', 'sox']);
    assert.is(whosePolicy(FOREIGN), 'foreign');
    assert.is(whosePolicy(undefined), 'none');
  });

  it('that a killed installation left is removed, after dpkg was put in order and what was new disabled', async () => {
    const services = fakeHost(policyText(['redis-server']), true);
    const { run, commands } = createFakeRun();
    await finishKilledInstall({ run, services, logPath: 'log' });
    assert.equal(commands, ['dpkg --configure -a', 'systemctl disable --now redis-server.service']);
    assert.is(services.policy, undefined);
  });

  it('of somebody else is not removed by the next start', async () => {
    const services = fakeHost(FOREIGN);
    const { run, commands } = createFakeRun();
    await finishKilledInstall({ run, services, logPath: 'log' });
    assert.is(services.policy, FOREIGN);
    assert.equal(commands, []);
  });
});
