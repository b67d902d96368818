import { COMMAND_NAMES, labHelp, parseLabArguments } from '../../../../../ops/lab/command/lab-arguments.js';
import { assert, spec } from '../../../../support/spec.js';

function refusal(...words: string[]): string {
  try {
    parseLabArguments(words);
  } catch (error) {
    const { message, action } = error as { message: string; action: string };
    return `${message}. ${action}`;
  }
  return 'accepted';
}

spec('a command to a box', (it) => {
  it('names its node, and a fault its particulars', () => {
    const { command, params, box, isJson } = parseLabArguments(['kill', 'a', '--box', 'x1']);
    assert.equal([command, params, box, isJson], ['kill', { node: 'a' }, 'x1', false]);
    assert.equal(parseLabArguments(['partition', 'a', 'b', '--only', 'vrrp', '--one-way']).params, {
      a: 'a',
      b: 'b',
      only: 'vrrp',
      isOneWay: true,
    });
    assert.is(parseLabArguments(['status', '--json']).isJson, true);
  });

  it('to a WAN changes what it names, and makes it whole unless it cuts it', () => {
    const { params } = parseLabArguments(['wan', '--delay', '30', '--loss', '2.5']);
    assert.is(params['place'], 'dr');
    assert.is(
      JSON.stringify(params['change']),
      JSON.stringify({ delayMs: 30, lossPercent: 2.5, cut: false }),
    );
    assert.match(JSON.stringify(parseLabArguments(['wan', '--cut']).params), /"cut":true/);
  });

  it('that takes long is waited for', () => {
    const { params, deadlineMs } = parseLabArguments(['freeze', 'a', '--for', '60000']);
    assert.is(params['forMs'], 60_000);
    assert.ok(deadlineMs > 60_000);
  });

  it('that is wrong is refused with the argument and the fix', () => {
    const wrong: readonly (readonly [words: readonly string[], said: RegExp])[] = [
      [[], /^command: it is missing\. Use one of: status, kill/],
      [['explode'], /^command: there is no command "explode"\. Use one of: /],
      [['kill'], /^NODE: it is missing\. Usage: npm run lab -- kill NODE/],
      [['kill', 'a', 'b'], /^b: that is a word too many\. Usage: /],
      [['status', '--loud'], /^--loud: there is no such option\. Usage: /],
      [['freeze', 'a', '--for'], /^--for: it needs a value\. Usage: /],
      [['freeze', 'a', '--for', '0'], /^--for: "0" will not do\. Give milliseconds from 1 to 60000/],
      [['wan'], /^wan: nothing to change\. Give --delay/],
      [['wan', '--loss', '101'], /^--loss: "101" will not do\. Give percent from 0 to 100/],
      [['wan', '--delay', ''], /^--delay: "" will not do/],
      [['partition', 'a', 'b', '--only', 'http'], /^--only: "http" is not known\. Use one of: vrrp, redis/],
      [['heal', '--box', 'A/B'], /^--box: "A\/B" is no box id\. Use 1 to 8 characters/],
    ];
    for (const [words, said] of wrong) assert.match(refusal(...words), said);
  });

  it('is in the help, and the help is no wider than a terminal', () => {
    for (const name of COMMAND_NAMES) assert.match(labHelp(), new RegExp(`^  ${name}( |$)`, 'm'));
    for (const line of labHelp().split('\n')) assert.ok(line.length <= 100, line);
  });
});
