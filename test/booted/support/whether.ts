import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

/** The programs of Debian that booting a machine needs, by their package. */
const programs: Readonly<Record<string, string>> = {
  'systemd-nspawn': 'systemd-container',
  mmdebstrap: 'mmdebstrap',
  nsenter: 'util-linux',
  ip: 'iproute2',
};

/** The cgroup v2 tree: all of the tree, or the part of it that a machine with both versions has. */
export const cgroupTree = existsSync('/sys/fs/cgroup/cgroup.procs')
  ? '/sys/fs/cgroup'
  : '/sys/fs/cgroup/unified';

/** Why no machine can be booted here; undefined if one can. */
export function whyNotBooted(): string | undefined {
  if (process.platform !== 'linux') return `a machine is booted on Linux, and this is ${process.platform}`;
  if (process.getuid?.() !== 0) return 'only root can boot a machine';
  const missing = Object.keys(programs).filter(
    (name) => spawnSync('sh', ['-c', 'command -v "$1"', 'sh', name]).status !== 0,
  );
  if (missing.length > 0) {
    return `not installed: ${missing.map((name) => `${name} (Debian package ${programs[name]})`).join(', ')}`;
  }
  if (!existsSync(`${cgroupTree}/cgroup.procs`)) return 'this machine has no cgroup v2';
  const namespaces = spawnSync('unshare', ['--mount', '--net', '--pid', '--fork', 'true'], {
    encoding: 'utf8',
  });
  if (namespaces.status !== 0) return `namespaces cannot be had: ${namespaces.stderr.trim()}`;
  return undefined;
}
