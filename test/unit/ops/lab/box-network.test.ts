import { exampleSite } from '../../../../firmware-config/defaults/example-site.js';
import { parseSite } from '../../../../firmware-config/parse-site.js';
import { getSpace, namespacesOf, planBox } from '../../../../ops/lab/box-plan.js';
import { connectWan, createLan, plugIn, renderCuts, setPort } from '../../../../ops/lab/network-commands.js';
import { assert, spec } from '../../../support/spec.js';

const plan = planBox('t1', parseSite(exampleSite()));

spec('plan of a box', (it) => {
  it('every namespace carries the box id and two boxes share none', () => {
    const other = namespacesOf(planBox('t2', parseSite(exampleSite())));
    const names = namespacesOf(plan);
    assert.ok(names.every((name) => name.startsWith('wl-t1-')));
    assert.equal(
      names.filter((name) => other.includes(name)),
      [],
    );
    assert.is(new Set(names).size, names.length);
  });

  it('nodes and clients stand where the site document puts them', () => {
    assert.equal(getSpace(plan, 'a').addresses, ['10.77.0.1/24']);
    assert.is(getSpace(plan, 'd').place, 'dr');
    assert.is(getSpace(plan, 'phones').addresses[0], '10.77.0.100/24');
    assert.equal(
      plan.wans.map((wan) => wan.place),
      ['dr'],
    );
  });

  it('two links of one box use different addresses and ports', () => {
    const { wans } = planBox('t1', parseSite(exampleSite('two-two-one')));
    assert.is(wans.length, 2);
    assert.is(new Set(wans.flatMap((wan) => Object.values(wan.udpPorts))).size, 8);
    assert.is.not(wans[0]?.nearAddress, wans[1]?.nearAddress);
  });

  it('a node is plugged into the LAN of its own place', () => {
    const [hub, node] = plugIn(plan, getSpace(plan, 'd'));
    assert.is(hub?.namespace, 'wl-t1-hub-dr');
    assert.is(node?.namespace, 'wl-t1-d');
    assert.ok(node?.lines.includes('route add default via 10.78.0.254'));
    assert.equal(setPort(plan, getSpace(plan, 'd'), 'down').lines, ['link set p-d down']);
  });

  it('a LAN is a bridge that forwards from the first frame and routes for its hosts', () => {
    const { lines } = createLan(plan.hub);
    assert.ok(lines.some((line) => line.includes('stp_state 0')));
    assert.ok(lines.includes('address add 10.77.0.254/24 dev lan'));
  });

  it('each end of a WAN link gets its address and the way to the other place', () => {
    const wan = plan.wans[0];
    assert.ok(wan);
    const [near, far] = connectWan(plan, wan);
    assert.ok(near?.lines.includes('route add 10.78.0.0/24 via 10.76.0.2'));
    assert.ok(far?.lines.includes('route add default via 10.76.0.1'));
  });

  it('a cut inside a LAN goes by ports, one between places by addresses', () => {
    const text = renderCuts(plan, [
      { from: 'a', to: 'b', only: 'vrrp' },
      { from: 'a', to: 'd' },
    ]);
    assert.match(text, /iifname "p-a" oifname "p-b" ip protocol 112 drop/);
    assert.match(text, /ip saddr 10\.77\.0\.1 ip daddr 10\.78\.0\.1 drop/);
    assert.is(text.match(/ drop$/gm)?.length, 2);
  });

  it('no cuts is a complete input that removes all', () => {
    assert.not.match(renderCuts(plan, []), / drop/);
    assert.match(renderCuts(plan, []), /delete table bridge cuts/);
  });
});
