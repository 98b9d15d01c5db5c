import { type ServedAddress, servedAddressToText } from './served-address.ts';

/** Listening on an address failed; `cause` is the system's error. */
export class ListenError extends Error {
  override readonly name = 'ListenError';
  readonly protocol: 'udp' | 'tcp';
  /** What was to be spoken there is a part of it. */
  readonly address: ServedAddress;
  /** The system's error code, for example `EADDRINUSE`, `EACCES` or `EADDRNOTAVAIL`. */
  readonly code: string;

  constructor(protocol: 'udp' | 'tcp', address: ServedAddress, cause: NodeJS.ErrnoException) {
    super(`${servedAddressToText(address)} (${protocol}): ${cause.message}`, { cause });
    this.protocol = protocol;
    this.address = address;
    this.code = cause.code ?? '';
  }
}
