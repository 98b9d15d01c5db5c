/** What a machine's root holds. Roots are kept by it: another list of packages is another root. */
export interface Recipe {
  readonly suite: 'bookworm' | 'trixie';
  /** Debian packages beside those that boot. */
  readonly packages: readonly string[];
  /**
   * Where Node 20.19 is. `/usr/bin/node` is Debian's own on trixie, and on bookworm, whose own is too old, a file of that name
   * from npm. `/opt/node` is for the tests' own programs, where pkarrd is not to find any: the same root, without the former.
   * There is npm 10 in /opt/npm too.
   */
  readonly node: '/usr/bin/node' | '/opt/node';
}

/** What every root has: it boots, its network can be set up and asked, and programs can be told another year. */
export const bootPackages: readonly string[] = [
  ...[
    'faketime',
    'systemd',
    'systemd-sysv',
    'dbus',
    'udev',
    'kmod',
    'iproute2',
    'procps',
    'bind9-dnsutils',
    'init-system-helpers',
  ],
];

/** Debian 13, systemd 257, with nothing that looks after names or the network. */
export const trixie: Recipe = { suite: 'trixie', packages: ['libnss-systemd'], node: '/usr/bin/node' };
/** Debian 12, systemd 252, the same. */
export const bookworm: Recipe = { suite: 'bookworm', packages: ['libnss-systemd'], node: '/usr/bin/node' };

/** A recipe with more packages. */
export function withPackages(recipe: Recipe, ...packages: readonly string[]): Recipe {
  return { ...recipe, packages: [...recipe.packages, ...packages] };
}

/** What looks after names on a machine, as packages for {@link withPackages}. */
export const managers = {
  /** systemd-resolved, and systemd-networkd, which is part of systemd. */
  resolved: ['systemd-resolved', 'libnss-resolve'],
  networkManagerAndResolved: ['network-manager', 'systemd-resolved', 'libnss-resolve'],
  networkManager: ['network-manager'],
  resolvconf: ['resolvconf', 'ifupdown'],
  openresolv: ['openresolv', 'ifupdown'],
} as const satisfies Readonly<Record<string, readonly string[]>>;
