import { addressToText } from '../../ip/address.ts';

/** A socket of the Internet families, as the kernel lists it. */
export interface SocketRow {
  /** Its local address in the usual spelling, without a zone, which the kernel does not print. */
  readonly host: string;
  readonly port: number;
  readonly inode: string;
  /** It listens (TCP) or is not connected (UDP): a port is bound and nothing else. */
  readonly isBound: boolean;
}

/**
 * The rows of `/proc/net/udp`, `udp6`, `tcp` or `tcp6` (proc_pid_net(5)): local address in column 2, state in column 4,
 * inode in column 10. A row that cannot be read is left out.
 */
export function socketRows(table: string): readonly SocketRow[] {
  return table
    .trim()
    .split('\n')
    .slice(1)
    .flatMap((line) => {
      const columns = line.trim().split(/\s+/);
      const [local = '', state = '', inode] = [columns[1], columns[3], columns[9]];
      const [hex = '', port = ''] = local.split(':');
      const host = hostFromHex(hex);
      if (inode === undefined || host === undefined || !/^[0-9a-f]{1,4}$/i.test(port)) return [];
      return [{ host, port: Number.parseInt(port, 16), inode, isBound: boundStates.has(state) }];
    });
}

/** TCP: 0A is LISTEN, others are connections. UDP: 07 is a socket that is not connected, 01 one that is. */
const boundStates: ReadonlySet<string> = new Set(['0A', '07']);

/** The kernel prints each 32-bit word of an address as the machine holds it: little endian wherever Node runs. */
function hostFromHex(hex: string): string | undefined {
  if (!/^(?:[0-9a-f]{8}|[0-9a-f]{32})$/i.test(hex)) return undefined;
  return addressToText(Buffer.from(hex, 'hex').swap32());
}
