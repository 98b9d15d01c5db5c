import { LookupError, type LookupFailure, type Lookups } from '../../src/gateway/lookups.ts';
import type { SignedPacket } from '../../src/pkarr/signed-packet.ts';

/** `Lookups` over what a test puts in; it counts what it is asked, and remembers the names. */
export class KnownPackets implements Lookups {
  readonly asked: string[] = [];
  readonly #packets = new Map<string, SignedPacket>();
  readonly #addresses = new Map<string, readonly string[]>();
  #failure: LookupFailure | undefined;

  /** Adds packets, each in the place of the one before it. */
  put(...packets: readonly SignedPacket[]): void {
    for (const packet of packets) this.#packets.set(packet.key.text, packet);
  }

  /** What an ordinary name leads to, from now on. `name` is without a final dot. */
  name(name: string, ...addresses: readonly string[]): void {
    this.#addresses.set(name, addresses);
  }

  /** From now on every lookup fails so. */
  fail(kind: LookupFailure): void {
    this.#failure = kind;
  }

  async packet(key: { readonly text: string }): Promise<SignedPacket | undefined> {
    this.#note(key.text);
    return this.#packets.get(key.text);
  }

  async addresses(name: { toString(): string }): Promise<readonly string[]> {
    const text = name.toString().replace(/\.$/, '');
    this.#note(text);
    return this.#addresses.get(text) ?? [];
  }

  #note(text: string): void {
    this.asked.push(text);
    if (this.#failure !== undefined) throw new LookupError(this.#failure, `It is ${this.#failure}.`);
  }
}
