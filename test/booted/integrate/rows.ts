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
} as const satisfies Readonly<Record<string, (suite: Suite) => RowStory>>;
