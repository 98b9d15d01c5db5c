import { listenAddressToText } from '../config/listen-address.ts';
import type { Log } from '../observe/log.ts';
import type { PortHolder } from '../system/activation/port-holder.ts';
import type { HttpListenError } from './sockets/open-servers.ts';

/** How the HTTP side does. */
export type HttpStatus =
  | { readonly state: 'off' }
  /** An address is not to be had, so it listens on none and tries again. */
  | {
      readonly state: 'refused';
      readonly address: string;
      /** The system's error code. */
      readonly code: string;
      readonly holders: readonly PortHolder[];
    }
  /** `waiting`: nobody has connected yet, or the thread is about to be started again. */
  | {
      readonly state: 'waiting' | 'running';
      readonly addresses: readonly string[];
      /** How often the thread was started. */
      readonly starts: number;
    };

/** Logs that an address is not to be had, who has it, and what to do. */
export function tellRefusal(log: Log, { address, code, holders }: HttpListenError): void {
  const who = holders.map(({ name, pid }) => `${name} (process ${pid})`).join(', ');
  log.warn(
    'Key sites cannot be opened in browsers: an address of "http" is not to be had, and so none is used. DNS is not concerned.',
    {
      address: listenAddressToText(address),
      code,
      ...(who !== '' && { holder: who }),
      do: 'End the other program, or set "http" to other addresses or to off.',
    },
  );
}
