import { TrunkWatch } from '../../../appliance/trunk-watch.js';
import { FakeClock } from '../../../cluster/base/clock.js';
import { openLog } from '../../../cluster/base/log.js';
import { exampleSite } from '../../../firmware-config/defaults/example-site.js';
import { parseSite } from '../../../firmware-config/parse-site.js';
import { parseExampleCalls } from '../../support/example-calls.js';
import { assert, spec } from '../../support/spec.js';

const { telephony } = parseExampleCalls(parseSite(exampleSite()));

spec('the watch of the trunks', (it) => {
  it('puts a trunk behind the others after two misses, and back after one answer', async (t) => {
    const clock = new FakeClock();
    const asked: string[] = [];
    let main = 200;
    const watch = new TrunkWatch({
      trunks: telephony.trunks,
      signalling: {
        probe: (uri) => {
          asked.push(uri);
          return Promise.resolve(uri.endsWith(':5060') ? main : 404);
        },
      },
      ...{ clock, log: openLog({ name: 'test', level: 'silent' }) },
    });
    t.defer(() => {
      watch.stop();
    });
    const everyMs = (telephony.trunks[0]?.optionsEverySeconds ?? 0) * 1000;
    const order = (): string => watch.inOrder(['main', 'backup']).join(' ');
    assert.is(order(), 'main backup');
    watch.start();
    await clock.advance(0);
    assert.equal(asked, ['sip:10.77.0.20:5060', 'sip:10.77.0.20:5070']);
    main = 408;
    await clock.advance(everyMs);
    assert.is(order(), 'main backup', 'one miss is none');
    await clock.advance(everyMs);
    assert.is(order(), 'backup main');
    assert.equal(
      watch.list().map(({ isUp }) => isUp),
      [false, true],
    );
    main = 486;
    await clock.advance(everyMs);
    assert.is(order(), 'main backup', 'whatever it says, it is there');
  });
});
