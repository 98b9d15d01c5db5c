import { bookworm, managers, type Recipe, trixie, withPackages } from '../support/recipes.ts';
import { routerPackage } from './lab.ts';
import type { RowStory } from './story.ts';

type Suite = 'bookworm' | 'trixie';

const suites: Readonly<Record<Suite, Recipe>> = { bookworm, trixie };

/** NetworkManager looks after the link, by DHCP. */
const byNetworkManager = {
  configure: `
    nmcli connection add type ethernet ifname lan0 con-name lan0 ipv6.method ignore
    nmcli connection up lan0`,
  reconnect: 'nmcli connection down lan0; nmcli connection up lan0',
  replace: 'nmcli device modify lan0 ipv4.ignore-auto-dns yes ipv4.dns 10.77.0.3',
} as const;

/** The rows of the table, by their names. */
export const rows = {
  'NetworkManager and systemd-resolved': (suite: Suite): RowStory => ({
    recipe: withPackages(suites[suite], ...managers.networkManagerAndResolved, routerPackage),
    found: /^Found: NetworkManager [\d.]+ and systemd-resolved \d+\.$/m,
    ...byNetworkManager,
    managers: ['NetworkManager', 'systemd-resolved', 'pkarrd'],
  }),

  'systemd-networkd and systemd-resolved': (suite: Suite): RowStory => ({
    recipe: withPackages(suites[suite], ...managers.networkManagerAndResolved, routerPackage),
    found: /^Found: systemd-networkd and systemd-resolved \d+\.$/m,
    prepare: 'systemctl disable --now --quiet NetworkManager',
    configure: `
      mkdir -p /etc/systemd/network
      printf '[Match]\\nName=lan0\\n[Network]\\nDHCP=ipv4\\n[DHCPv4]\\nUseDomains=yes\\n' > /etc/systemd/network/10-lan.network
      systemctl start systemd-networkd`,
    reconnect: 'networkctl down lan0; networkctl up lan0',
    managers: ['systemd-networkd', 'systemd-resolved', 'pkarrd'],
    replace: `
      /opt/router 10.77.0.3
      networkctl renew lan0
      until grep -qx DNS=10.77.0.3 /run/systemd/netif/leases/*; do sleep 0.02; done`,
  }),
} as const satisfies Readonly<Record<string, (suite: Suite) => RowStory>>;
