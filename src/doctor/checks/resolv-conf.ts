import { leaveAlone } from '../../integrate/facts/dhcp-clients.ts';
import { hostSources } from '../../integrate/facts/nsswitch.ts';
import { isResolvedStub } from '../../system/own-addresses.ts';
import type { CheckParts } from '../check-parts.ts';
import { type Finding, failure, fine, warning } from '../finding.ts';

const TOPIC = 'resolv.conf';

/** Whom libc asks, and what it puts behind names. */
export async function examineResolvConf({ facts }: CheckParts): Promise<readonly Finding[]> {
  const { resolvConf, nsswitch, dhcpClients } = facts;
  const sources = hostSources(nsswitch);
  const findings: Finding[] = [];
  // With others between, it is not the DHCP client that writes the file.
  const { networkManager, resolved, resolvconf } = facts;
  const isWritten =
    dhcpClients.length > 0 && [networkManager, resolved, resolvconf].every((other) => other === undefined);
  const client = isWritten ? dhcpClients[0] : undefined;
  const others = resolvConf.servers.filter((server) => !isOurs(server) && !isResolvedStub(server));
  if (resolvConf.kind === 'absent') {
    // resolv.conf(5): without the file, libc asks this machine.
    findings.push(fine(TOPIC, 'There is no /etc/resolv.conf, so programs ask this machine.'));
  } else if (others.length > 0) {
    findings.push(
      failure(
        TOPIC,
        `/etc/resolv.conf names ${others.join(', ')}, so programs ask there, for keys too.`,
        client === undefined
          ? 'Run "pkarrd integrate".'
          : sentence(`${leaveAlone(client)}; then run "pkarrd integrate"`),
      ),
    );
  } else if (resolvConf.servers.some(isResolvedStub)) {
    findings.push(fine(TOPIC, '/etc/resolv.conf leads to systemd-resolved.'));
  } else {
    findings.push(
      ...(isWritten
        ? dhcpClients.map((client) =>
            warning(
              TOPIC,
              `/etc/resolv.conf leads to pkarrd, until ${client} writes it anew with its next lease.`,
              sentence(leaveAlone(client)),
            ),
          )
        : [fine(TOPIC, '/etc/resolv.conf leads to pkarrd.')]),
    );
  }
  if (!sources.includes('dns') && !sources.includes('resolve')) {
    findings.push(
      failure(
        'nsswitch',
        `/etc/nsswitch.conf looks up hosts in ${sources.join(', ')}, and not in DNS.`,
        'Add "dns" to its line "hosts:".',
      ),
    );
  }
  return [...findings, ...searchFindings(resolvConf.search, others.length > 0)];
}

/** With `search D`, libc asks `KEY.D` before `KEY`. pkarrd answers that itself; another resolver would hear the key. */
function searchFindings(search: readonly string[], asksOthers: boolean): readonly Finding[] {
  const domains = search.filter((domain) => domain !== '.');
  if (domains.length === 0) return [];
  const names = domains.join(', ');
  return asksOthers
    ? [
        warning(
          'search domain',
          `Programs ask for KEY.${domains[0]} before KEY (search ${names}).`,
          'Run "pkarrd integrate".',
        ),
      ]
    : [fine('search domain', `KEY.${domains[0]} is answered here and not sent on (search ${names}).`)];
}

function sentence(clause: string): string {
  return `${clause.charAt(0).toUpperCase()}${clause.slice(1)}.`;
}

function isOurs(server: string): boolean {
  return server === '127.0.0.1' || server === '::1';
}
