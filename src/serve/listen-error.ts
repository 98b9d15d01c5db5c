import { type ListenAddress, listenAddressToText } from '../config/listen-address.ts';

/** Listening on an address failed; `cause` is the system's error. */
export class ListenError extends Error {
  override readonly name = 'ListenError';
  readonly protocol: 'udp' | 'tcp';
  readonly address: ListenAddress;
  /** The system's error code, for example `EADDRINUSE`, `EACCES` or `EADDRNOTAVAIL`. */
  readonly code: string;

  constructor(protocol: 'udp' | 'tcp', address: ListenAddress, cause: NodeJS.ErrnoException) {
    super(`${listenAddressToText(address)} (${protocol}): ${cause.message}`, { cause });
    this.protocol = protocol;
    this.address = address;
    this.code = cause.code ?? '';
  }
}
