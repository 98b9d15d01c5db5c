import { spawnSync } from 'node:child_process';

/**
 * Before a command: it runs on what is a machine of its own to all that it starts, with its own network, processes and /etc,
 * and nothing of which is left when it ends. The files of the real /etc are there; what is written hides them.
 */
const PREPARE = `
mount -t tmpfs tmpfs /run
mkdir /run/etc /run/etc-work
mount -t overlay overlay -o lowerdir=/etc,upperdir=/run/etc,workdir=/run/etc-work /etc
rm -f /etc/resolv.conf
touch /etc/resolv.conf
rm -rf /etc/chromium/policies /etc/firefox
mkdir -p /etc/chromium/policies/managed /etc/firefox/policies
ip link set lo up
exec "$@"`;

const flags = ['--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc'];

/** The words before the words of a command; see {@link PREPARE}. */
export const onOwnMachine: readonly [string, ...string[]] = [
  'unshare',
  ...flags,
  'sh',
  '-euc',
  PREPARE,
  'sh',
];

/** What the tests run, by its Debian package. */
const programs: Readonly<Record<string, string>> = {
  unshare: 'util-linux',
  ip: 'iproute2',
  Xvfb: 'xvfb',
  openbox: 'openbox',
  xdotool: 'xdotool',
  certutil: 'libnss3-tools',
};

/** The browsers, each by the name of its program and of its Debian package. */
export const browserPackages = { Chromium: 'chromium', Firefox: 'firefox-esr' } as const;
export type BrowserName = keyof typeof browserPackages;

/** Why no test of browsers can be run here; undefined if they can. */
export function whyNoBrowsers(): string | undefined {
  if (process.platform !== 'linux') return `namespaces are of Linux, and this is ${process.platform}`;
  if (process.getuid?.() !== 0) return 'only root can make namespaces';
  const missing = Object.keys(programs).filter((name) => !isInstalled(name));
  if (missing.length > 0) {
    return `not installed: ${missing.map((name) => `${name} (Debian package ${programs[name]})`).join(', ')}`;
  }
  const [file, ...words] = onOwnMachine;
  const { status, stderr } = spawnSync(file, [...words, 'true'], { encoding: 'utf8', timeout: 20_000 });
  return status === 0 ? undefined : `a machine of its own cannot be had: ${stderr.trim()}`;
}

/** For the `skip` of a test: why this browser cannot be had; false when it can. */
export function whyMissing(browser: BrowserName): string | false {
  const name = browserPackages[browser];
  return isInstalled(name) ? false : `SKIPPED: the Debian package ${name} is not installed`;
}

function isInstalled(program: string): boolean {
  return spawnSync('sh', ['-c', 'command -v "$1"', 'sh', program]).status === 0;
}
