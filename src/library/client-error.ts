/**
 * Why the network gave no answer, or does not hold what was put there. A closed list.
 *
 * - `unreachable`: neither the DHT nor a relay answered, or too few to prove that there is nothing.
 * - `unusable`: the network holds something that the key signed and that is no packet of DNS records.
 * - `not-stored`: nodes and relays were asked to store the packet, and none did.
 * - `conflict`: the network holds a newer packet of the key. Look at it, and publish one that comes after it.
 */
export type ClientFault = 'unreachable' | 'unusable' | 'not-stored' | 'conflict';

/** A call to the network failed. The message is a sentence for people. */
export class ClientError extends Error {
  override readonly name = 'ClientError';
  readonly fault: ClientFault;

  constructor(fault: ClientFault, message: string) {
    super(message);
    this.fault = fault;
  }
}
