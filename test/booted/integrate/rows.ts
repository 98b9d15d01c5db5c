import { bookworm, managers, type Recipe, trixie, withPackages } from '../support/recipes.ts';
import { routerPackage } from './lab.ts';
import type { RowStory } from './story.ts';

/** A version of Debian. */
export type Suite = 'bookworm' | 'trixie';

const suites: Readonly<Record<Suite, Recipe>> = { bookworm, trixie };

/** NetworkManager looks after the link, by DHCP. */
const byNetworkManager = {
  configure: `
    nmcli connection add type ethernet ifname lan0 con-name lan0 ipv6.method ignore
    nmcli connection up lan0`,
  reconnect: 'nmcli connection down lan0; nmcli connection up lan0',
  replace: 'nmcli device modify lan0 ipv4.ignore-auto-dns yes ipv4.dns 10.77.0.3',
} as const;

/** A script has set up the link, and told systemd-resolved of its resolver. */
export const byHand = {
  prepare: 'systemctl disable --now --quiet NetworkManager',
  configure: `
    ip address add 10.77.0.20/24 dev lan0
    ip link set lan0 up
    ip route replace default via 10.77.0.1
    resolvectl dns lan0 10.77.0.1
    resolvectl domain lan0 fritz.box`,
  reconnect: 'ip link set lan0 down; ip link set lan0 up; ip route replace default via 10.77.0.1',
  replace: 'resolvectl dns lan0 10.77.0.3',
} as const;

/** The DHCP client that ifupdown runs on each Debian. */
const dhcpClients: Readonly<Record<Suite, string>> = { bookworm: 'isc-dhcp-client', trixie: 'dhcpcd-base' };

/** ifupdown looks after the link, by DHCP: the DHCP client tells resolvconf, or writes /etc/resolv.conf. */
const byIfupdown = {
  configure: `
    printf 'iface lan0 inet dhcp\\n' >> /etc/network/interfaces
    ifup lan0`,
  reconnect: 'ifdown lan0; ifup lan0',
  search: {
    add: 'printf "search %s\\nnameserver 10.77.0.1\\n" "$1" | resolvconf -a lan0.more',
    remove: 'resolvconf -d lan0.more',
  },
  replace: '/opt/router 10.77.0.3; ifdown lan0; ifup lan0',
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

  'systemd-resolved, and links that others set': (suite: Suite): RowStory => ({
    recipe: withPackages(suites[suite], ...managers.networkManagerAndResolved, routerPackage),
    found: /^Found: systemd-resolved \d+, with links that others/m,
    ...byHand,
    managers: ['systemd-resolved', 'pkarrd'],
  }),

  NetworkManager: (suite: Suite): RowStory => ({
    recipe: withPackages(suites[suite], ...managers.networkManager, routerPackage),
    found: /^Found: NetworkManager [\d.]+\.$/m,
    ...byNetworkManager,
    managers: ['NetworkManager', 'pkarrd'],
    rewritten: ['./resolv.conf'],
  }),

  "Debian's resolvconf": (suite: Suite): RowStory => ({
    recipe: withPackages(suites[suite], ...managers.resolvconf, dhcpClients[suite], routerPackage),
    found: /^Found: Debian's resolvconf\.$/m,
    ...byIfupdown,
    managers: ['resolvconf', 'pkarrd'],
  }),

  openresolv: (suite: Suite): RowStory => ({
    recipe: withPackages(suites[suite], ...managers.openresolv, dhcpClients[suite], routerPackage),
    found: /^Found: openresolv\.$/m,
    ...byIfupdown,
    managers: ['pkarrd'],
    rewritten: ['./resolv.conf', './unbound/unbound.conf.d/resolvconf_resolvers.conf'],
  }),

  'none of them': (suite: Suite): RowStory => ({
    recipe: withPackages(suites[suite], ...managers.networkManager, routerPackage),
    found: /^Found: nothing that manages \/etc\/resolv\.conf\.$/m,
    prepare: byHand.prepare,
    configure: `
      ip address add 10.77.0.20/24 dev lan0
      ip link set lan0 up
      ip route replace default via 10.77.0.1
      rm -f /etc/resolv.conf
      printf 'nameserver 10.77.0.1\\nsearch fritz.box\\n' > /etc/resolv.conf`,
    reconnect: byHand.reconnect,
    managers: ['pkarrd'],
    // Nobody tells pkarrd of the network, so it is told by its configuration.
    replace: `
      sed -i '1i upstream = ["10.77.0.3"]' /etc/pkarrd/pkarrd.toml
      systemctl reload pkarrd`,
  }),
} as const satisfies Readonly<Record<string, (suite: Suite) => RowStory>>;
