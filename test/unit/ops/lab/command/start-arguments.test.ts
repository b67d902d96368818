import { planPanelListen } from '../../../../../ops/lab/command/run-start.js';
import { parseStartArguments, START_HELP } from '../../../../../ops/lab/command/start-arguments.js';
import { parseRqlitedMajor } from '../../../../../ops/lab/find-rqlited.js';
import { assert, spec } from '../../../../support/spec.js';

spec('the arguments of npm start', (it) => {
  it('may be left out', () => {
    assert.equal(parseStartArguments([]), { layout: 'pair+dr', callsPerMinute: 12, isHelp: false });
  });

  it('name the box, the layout and what is attached', () => {
    const words = ['--box', 'x1', '--layout', 'two-two-one', '--attach', 'eth0'];
    assert.equal(
      parseStartArguments([...words, '--attach-address', '192.0.2.9/24', '--panel-listen', '192.0.2.2']),
      {
        box: 'x1',
        layout: 'two-two-one',
        attach: { interface: 'eth0', address: '192.0.2.9/24' },
        panelListen: { address: '192.0.2.2' },
        callsPerMinute: 12,
        isHelp: false,
      },
    );
  });

  it('are refused with the argument and the fix', () => {
    const wrong: readonly (readonly [words: readonly string[], said: RegExp])[] = [
      [['a'], /^a: npm start takes options only/],
      [['--layout', 'ring'], /^--layout: "ring" is not known/],
      [['--box', 'too-long-a-name'], /^--box: .* is no box id/],
      [['--calls', '121'], /^--calls: "121" will not do/],
      [['--panel-listen', 'localhost'], /^--panel-listen: "localhost" is no address/],
      [['--panel-listen', '127.0.0.1:70000'], /^--panel-listen: "70000" is no port/],
      [['--attach-address', '192.0.2.9/24'], /^--attach-address: /],
      [['--attach', 'eth0', '--attach-address', '192.0.2.9'], /^--attach-address: "192.0.2.9" will not do/],
    ];
    for (const [words, said] of wrong) assert.throws(() => parseStartArguments(words), said);
    assert.match(START_HELP, /--panel-listen/);
  });

  it('let the panel listen on the loopback address always, and elsewhere when asked to', () => {
    const listen = (...words: string[]): string =>
      planPanelListen(parseStartArguments(words), 8443)
        .map(({ address, port, mayMove }) => `${address}:${String(port)}${mayMove ? '+' : ''}`)
        .join(' ');
    assert.is(listen(), '127.0.0.1:8443+');
    assert.is(listen('--panel-listen', '192.0.2.2:80'), '127.0.0.1:8443+ 192.0.2.2:80');
    assert.is(listen('--panel-listen', '0.0.0.0'), '0.0.0.0:8443+');
  });
});

spec('the version of an rqlited', (it) => {
  it('is read from what it prints', () => {
    assert.is(parseRqlitedMajor('rqlited 8 linux amd64 go1.22.5 (commit unknown)'), 8);
    assert.is(parseRqlitedMajor('rqlited v10.2.1 linux amd64'), 10);
    assert.is(parseRqlitedMajor('redis-server v7'), undefined);
  });
});
