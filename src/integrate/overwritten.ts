import { isResolvedStub } from '../system/own-addresses.ts';
import { type Changes, ChangesError, readChanges } from './changes/journal.ts';
import { isSameState, pathState } from './changes/path-state.ts';
import { findDhcpClients, leaveAlone } from './facts/dhcp-clients.ts';
import { readText } from './facts/files.ts';
import { findResolvConf, RESOLV_CONF } from './facts/resolv-conf-file.ts';
import { type Machine, pathOn } from './machine.ts';
import { headOfFile, networkManagerFile, resolvedDropIn } from './plan/parts.ts';
import type { Row } from './plan/plan.ts';

/** Whether what `integrate` set is still there. */
export interface Integration {
  /** One sentence for each thing that is not as it was left; empty when all is well. */
  readonly problems: readonly string[];
}

/** Looks at what `integrate` has written; undefined when it was not run. It reads a few small files. */
export async function findIntegration(machine: Machine): Promise<Integration | undefined> {
  let changes: Changes | undefined;
  try {
    changes = await readChanges(machine);
  } catch (error) {
    if (error instanceof ChangesError) return { problems: [error.message] };
    throw error;
  }
  if (changes === undefined || changes.paths.length === 0) return undefined;
  if (changes.state !== 'done') {
    return { problems: ['"pkarrd integrate" did not end; run it again, or "pkarrd integrate --undo".'] };
  }
  const { servers } = await findResolvConf(machine);
  const problems = await resolvConfProblems(machine, changes.row, servers);
  // A DHCP client that was told so writes a file of its own that leads to us.
  const leadsToUs = servers.length > 0 && servers.every((server) => server === '127.0.0.1');
  for (const { path, after } of changes.paths) {
    const found = await pathState(pathOn(machine, path));
    if (path === RESOLV_CONF && (leadsToUs || problems.length > 0)) continue;
    if (
      isSameState(found, after) ||
      (found.kind === 'file' && after.kind === 'file' && found.sha256 === after.sha256)
    )
      continue;
    problems.push(
      `${path} ${found.kind === 'absent' ? 'was removed' : 'was overwritten'} after "pkarrd integrate" wrote it; ` +
        'run "pkarrd integrate" again.',
    );
  }
  return { problems };
}

/** Files of ours although there is no list of changes, which somebody has removed: an undo can restore nothing. */
export async function findLeftovers(machine: Machine): Promise<readonly string[]> {
  const places = [RESOLV_CONF, resolvedDropIn.path, networkManagerFile(false).path];
  const texts = await Promise.all(places.map((path) => readText(machine, path)));
  return places.filter((_, index) => texts[index]?.startsWith(headOfFile));
}

/** Whoever replaces the file does not always touch what we wrote: it may have been a link to systemd-resolved's. */
async function resolvConfProblems(machine: Machine, row: Row, servers: readonly string[]): Promise<string[]> {
  const others = servers.filter((server) => server !== '127.0.0.1' && !isResolvedStub(server));
  if (servers.length > 0 && others.length === 0) return [];
  // Elsewhere another program decides what the file says.
  const [client] = row === 'resolv-conf' ? await findDhcpClients(machine) : [];
  const names = others.length > 0 ? others.join(', ') : 'no resolver';
  if (client === undefined)
    return [`${RESOLV_CONF} names ${names}, so programs do not ask pkarrd; run "pkarrd integrate" again.`];
  return [
    `${RESOLV_CONF} names ${names}, so programs do not ask pkarrd: ${client} writes it with each lease; ` +
      `${leaveAlone(client)}, and run "pkarrd integrate" again.`,
  ];
}
