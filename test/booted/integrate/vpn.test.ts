import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connectLan } from '../support/lan.ts';
import { bookworm, managers, trixie, withPackages } from '../support/recipes.ts';
import { addresses, openLab, PROVIDER_ADDRESS, routerPackage, until } from './lab.ts';
import { byHand } from './rows.ts';
import { findsKeys, findsOrdinary } from './story.ts';
import { whySkipped } from './tell-rows.ts';

/** What the resolver of the VPN answers for every name. */
const VPN_ADDRESS = '198.51.100.88';

/** A VPN program that tells systemd-resolved which domain its resolver knows. */
const VPN = `
  ip netns exec vpn dnsmasq --no-hosts --no-resolv --bind-interfaces --except-interface=lo --log-queries --user=root \\
    --conf-file=/dev/null --listen-address=10.88.0.1 --address=/#/${VPN_ADDRESS} --log-facility=/var/log/vpn.log --pid-file=
  resolvectl dns vpn0 10.88.0.1
  resolvectl domain vpn0 '~corp.example'`;

for (const [suite, recipe] of Object.entries({ bookworm, trixie })) {
  test(`the domain of a VPN is asked of the VPN after an integration, and keys of nobody, ${suite}`, {
    skip: whySkipped,
  }, async () => {
    const packages = [...managers.networkManagerAndResolved, routerPackage];
    await using lab = await openLab(withPackages(recipe, ...packages), byHand);
    const { machine, key } = lab;
    const connectVpn = async () => {
      await connectLan(machine, { device: 'vpn0', namespace: 'vpn', network: '10.88.0', address: false });
      await machine.sh(`ip address add 10.88.0.2/24 dev vpn0; ip link set vpn0 up; ${VPN}`);
    };
    await connectVpn();
    await machine.sh('pkarrd integrate --yes');
    await machine.sh(': > /var/log/vpn.log');
    assert.equal(await addresses(machine, 'intra.corp.example'), VPN_ADDRESS);
    await findsOrdinary(machine, PROVIDER_ADDRESS);
    await findsKeys(lab, 4);
    assert.match(await machine.sh('pkarrd status'), /^route +corp\.example\. 10\.88\.0\.1 \(link vpn0\)$/m);
    const heard = await machine.read('/var/log/vpn.log');
    assert.match(heard, /intra\.corp\.example/i);
    assert.doesNotMatch(heard, new RegExp(`${key}|example\\.org`, 'i'));

    // The VPN ends, and comes back.
    await machine.sh('ip link delete vpn0; ip netns delete vpn');
    await until(machine, '! pkarrd status | grep -q ^route', 1_000);
    await connectVpn();
    await until(machine, 'pkarrd status | grep -q "^route *corp.example"', 5_000);
    assert.equal(await addresses(machine, 'other.corp.example'), VPN_ADDRESS);

    await machine.sh('pkarrd integrate --undo');
    const left = await machine.run([
      'sh',
      '-c',
      'ls -d /run/pkarrd-links /etc/systemd/system/pkarrd-links.*',
    ]);
    assert.equal(left.out, '');
  });
}
