import { howToGetPort, otherPortMeans } from '../../app/default-port.ts';
import { findPortHolders, isPortBound } from '../../system/activation/port-holder.ts';
import { procFilesBelow } from '../../system/activation/proc-files.ts';
import type { CheckParts } from '../check-parts.ts';
import { type Finding, failure, fine, warning } from '../finding.ts';

const TOPIC = 'port 53';

/** Where programs of this machine ask. */
const LOOPBACK = { host: '127.0.0.1', port: 53 };

/** Who has port 53, and who answers there. Programs of others have a name only for root. */
export async function examinePort(parts: CheckParts): Promise<readonly Finding[]> {
  const { facts, commands } = parts;
  if (facts.answering === 'pkarrd')
    return [fine(TOPIC, 'pkarrd answers on 127.0.0.1, port 53.'), ...bothProtocols(parts)];
  const { isTaken, programs } = whoHasIt(parts);
  if (facts.answering === 'another program') {
    return [
      failure(
        TOPIC,
        `${programs || 'Another program'} answers on 127.0.0.1, port 53, and it is not pkarrd.`,
        `Stop it or move it to another address, and then restart pkarrd: ${commands.restartSockets}.`,
      ),
    ];
  }
  if (isTaken) {
    return [
      failure(
        TOPIC,
        `${programs || 'A program'} has port 53 of 127.0.0.1, and does not answer.`,
        `If that is pkarrd, restart it: ${commands.restart}. Otherwise stop it.`,
      ),
    ];
  }
  const { running } = parts;
  if (running.kind === 'answers' && running.status.portNotPermitted !== undefined) {
    const where = running.status.listen[0] ?? 'another port';
    return [
      failure(
        TOPIC,
        `Nobody answers on 127.0.0.1, port 53: the running pkarrd may not, and answers on ${where}, ${otherPortMeans}.`,
        howToGetPort.replaceAll(/[“”]/g, '"'),
      ),
    ];
  }
  return [
    failure(
      TOPIC,
      'Nobody answers on 127.0.0.1, port 53.',
      `Start pkarrd: ${commands.start}; or install it: "pkarrd install".`,
    ),
  ];
}

function whoHasIt({ machine }: CheckParts): { readonly isTaken: boolean; readonly programs: string } {
  const files = procFilesBelow(machine.root);
  const protocols = ['udp', 'tcp'] as const;
  const holders = protocols.flatMap((protocol) => findPortHolders(protocol, LOOPBACK, files));
  return {
    isTaken: protocols.some((protocol) => isPortBound(protocol, LOOPBACK, files)),
    programs: [...new Set(holders.map(({ name }) => name))].join(', '),
  };
}

/** Large answers need TCP (RFC 7766 §5). Without sockets there was nobody to list them. */
function bothProtocols({ machine, commands }: CheckParts): readonly Finding[] {
  const files = procFilesBelow(machine.root);
  if (!isPortBound('udp', LOOPBACK, files) || isPortBound('tcp', LOOPBACK, files)) return [];
  return [
    warning(
      TOPIC,
      'Nobody listens on 127.0.0.1, port 53 over TCP, so large answers are not found.',
      `Restart pkarrd with its sockets: ${commands.restartSockets}.`,
    ),
  ];
}
