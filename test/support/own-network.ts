import { execFile, spawnSync } from 'node:child_process';
import { promisify } from 'node:util';

/** First octets of networks of the Internet whose addresses are all this machine's own in such a network. */
export const OWN_NETWORKS: readonly number[] = [
  5, 23, 31, 37, 45, 46, 62, 77, 78, 80, 81, 84, 85, 88, 91, 93, 95, 109, 151, 176, 178, 185, 188, 193, 195,
  212, 213, 217,
];

const prepare = [
  'ip link set lo up',
  ...OWN_NETWORKS.map((first) => `ip address add ${first}.0.0.1/8 dev lo`),
  'exec "$@"',
].join('\n');

const command = ['--net', 'sh', '-euc', prepare, 'sh'];

/** Why a program cannot have a network of its own here, for the `skip` of a test; false when it can. */
export function ownNetworkIsMissing(): string | false {
  const { error, status, stderr } = spawnSync('unshare', [...command, 'true'], {
    encoding: 'utf8',
    timeout: 10_000,
  });
  if (error === undefined && status === 0) return false;
  return `a network of its own cannot be had: ${error?.message ?? stderr.trim()}`;
}

/**
 * Runs a compiled file in a network of its own, where it may take any address of {@link OWN_NETWORKS}: what counts as public
 * can be tried there, and nothing leaves the machine. Gives what it wrote last, as JSON.
 *
 * @param preload a file that each of its threads loads first.
 */
export async function runInOwnNetwork(
  file: string,
  args: readonly string[] = [],
  preload?: URL,
): Promise<unknown> {
  const flags = preload === undefined ? [] : ['--import', preload.href];
  const { stdout } = await promisify(execFile)(
    'unshare',
    [...command, process.execPath, ...flags, file, ...args],
    { timeout: 120_000 },
  );
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
}
