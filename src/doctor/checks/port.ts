import { outputOf } from '../../integrate/machine.ts';
import type { CheckParts } from '../check-parts.ts';
import { type Finding, failure, fine, warning } from '../finding.ts';

/** A socket on port 53 and whose it is. */
interface PortOwner {
  readonly protocol: 'udp' | 'tcp';
  /** As ss(8) writes it: `127.0.0.53%lo`, `[::1]`, `0.0.0.0`. */
  readonly address: string;
  /** Names of programs; empty when they are those of another user and we are not root. */
  readonly programs: readonly string[];
}

const TOPIC = 'port 53';

/** Who has port 53, and who answers there. */
export async function examinePort({ machine, facts }: CheckParts): Promise<readonly Finding[]> {
  const listed = await outputOf(machine, ['ss', '-H', '-l', '-n', '-t', '-u', '-p', 'sport = :53'], 2_000);
  const owners = listed === undefined ? [] : parseOwners(listed);
  return [
    ...answeringFindings(facts.answering, owners),
    ...(facts.answering === 'pkarrd' ? bothProtocols(owners) : []),
  ];
}

/** The lines of `ss -H -l -n -t -u -p`. */
export function parseOwners(text: string): readonly PortOwner[] {
  return text.split('\n').flatMap((line): readonly PortOwner[] => {
    const [protocol, , , , local = '', , ...users] = line.trim().split(/\s+/);
    if (protocol !== 'udp' && protocol !== 'tcp') return [];
    const programs = [...users.join(' ').matchAll(/"([^"]+)"/g)].map(([, name = '']) => name);
    return [{ protocol, address: local.replace(/:\d+$/, ''), programs: [...new Set(programs)] }];
  });
}

function answeringFindings(
  answering: CheckParts['facts']['answering'],
  owners: readonly PortOwner[],
): readonly Finding[] {
  if (answering === 'pkarrd') return [fine(TOPIC, 'pkarrd answers on 127.0.0.1, port 53.')];
  const taken = owners.filter(({ address }) => coversLoopback(address));
  const programs = [...new Set(taken.flatMap((owner) => owner.programs))].join(', ');
  if (answering === 'another program') {
    const who = programs === '' ? 'Another program' : programs;
    return [
      failure(
        TOPIC,
        `${who} answers on 127.0.0.1, port 53, and it is not pkarrd.`,
        'Stop it or move it to another address, then run "systemctl restart pkarrd.socket pkarrd".',
      ),
    ];
  }
  if (taken.length > 0) {
    const who = programs === '' ? 'A program' : programs;
    return [
      failure(
        TOPIC,
        `${who} has port 53 of 127.0.0.1, and does not answer.`,
        'Restart it: "systemctl restart pkarrd".',
      ),
    ];
  }
  return [
    failure(
      TOPIC,
      'Nobody answers on 127.0.0.1, port 53.',
      'Start pkarrd: "systemctl start pkarrd", or install it: "pkarrd install".',
    ),
  ];
}

/** Large answers need TCP (RFC 7766 §5). Without sockets there was nobody to list them. */
function bothProtocols(owners: readonly PortOwner[]): readonly Finding[] {
  const here = owners.filter(({ address }) => coversLoopback(address));
  if (here.length === 0 || here.some(({ protocol }) => protocol === 'tcp')) return [];
  return [
    warning(
      TOPIC,
      'Nobody listens on 127.0.0.1, port 53 over TCP, so large answers are not found.',
      'Restart the sockets: "systemctl restart pkarrd.socket pkarrd".',
    ),
  ];
}

function coversLoopback(address: string): boolean {
  return ['127.0.0.1', '0.0.0.0', '*', '[::]'].includes(address.replace(/%.*$/, ''));
}
