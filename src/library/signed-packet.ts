import { WireError } from '../dns/wire-error.ts';
import { PacketTooLargeError } from '../pkarr/packet-message.ts';
import {
  compareRecency,
  SignedPacket as OwnPacket,
  type PacketRefusal,
  type PacketVerdict,
} from '../pkarr/signed-packet.ts';
import { MAX_TIMESTAMP, nextTimestamp } from '../pkarr/timestamp.ts';
import { PkarrError } from './error.ts';
import { type KeyPair, PublicKey } from './keys.ts';
import { type ZoneRecord, zoneRecord } from './zone.ts';

/** How to date a packet. */
export interface SignOptions {
  /** Microseconds since 1970; by default now, by the clock of this machine. */
  readonly timestamp?: bigint;
  /** The packet that this one is to replace: the new one gets a later date, whatever the clock says. */
  readonly after?: SignedPacket | undefined;
}

/** DNS records that a key signed. Every instance is verified, and never changes. */
export class SignedPacket {
  readonly key: PublicKey;
  readonly #own: OwnPacket;

  private constructor(own: OwnPacket, key: PublicKey = PublicKey.wrap(own.key)) {
    this.#own = own;
    this.key = key;
  }

  /**
   * Signs a DNS message, as `compileZone` makes it.
   * @throws PkarrError `too-large`, `bad-dns-message` or `bad-timestamp`
   */
  static sign(keyPair: KeyPair, message: Uint8Array, options: SignOptions = {}): SignedPacket {
    const now = options.timestamp ?? BigInt(Date.now()) * 1000n;
    const previous = options.after?.timestamp;
    // Without types a number of milliseconds would be taken for one of microseconds.
    if (typeof now !== 'bigint' || now < 0n || now > MAX_TIMESTAMP || previous === MAX_TIMESTAMP)
      throw new PkarrError('bad-timestamp', 'A timestamp is a bigint from 0 to 2^63 − 1.');
    try {
      return new SignedPacket(OwnPacket.sign(keyPair.own, message, nextTimestamp(now, previous)));
    } catch (error) {
      if (error instanceof PacketTooLargeError) throw new PkarrError('too-large', error.message);
      if (error instanceof WireError) throw new PkarrError('bad-dns-message', sentences['bad-dns-message']);
      throw error;
    }
  }

  /** The packet in key ‖ signature ‖ timestamp ‖ message, 104 to 1104 octets. @throws PkarrError */
  static fromBytes(bytes: Uint8Array): SignedPacket {
    return accepted(OwnPacket.fromBytes(bytes));
  }

  /** The packet in signature ‖ timestamp ‖ message, the body of a relay's answer. @throws PkarrError */
  static fromRelayPayload(key: PublicKey, payload: Uint8Array): SignedPacket {
    return accepted(OwnPacket.fromRelayPayload(key.own, payload));
  }

  /** @internal */
  static wrap(own: OwnPacket): SignedPacket {
    return new SignedPacket(own);
  }

  /** @internal */
  get own(): OwnPacket {
    return this.#own;
  }

  /** When it was signed, in microseconds since 1970 by the author's clock. The `seq` of BEP 44. */
  get timestamp(): bigint {
    return this.#own.timestamp;
  }

  /** 64 octets, as a copy. */
  get signature(): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.#own.signature);
  }

  /** The signed DNS message, 12 to 1000 octets, as a copy. */
  get message(): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.#own.message);
  }

  /**
   * The records under the key's own name, in the order of the packet. Others, which the key may have signed and is not
   * entitled to, are left out, and so are malformed ones.
   */
  get records(): readonly ZoneRecord[] {
    return this.#own.records.map(zoneRecord);
  }

  /** Whether it replaces `other`: it has a later date, or the same and the larger message. Both are of one key. */
  isNewerThan(other: SignedPacket): boolean {
    return compareRecency(this.#own, other.own) > 0;
  }

  /** Key ‖ signature ‖ timestamp ‖ message. */
  toBytes(): Uint8Array<ArrayBuffer> {
    return this.#own.toBytes();
  }

  /** Signature ‖ timestamp (8 octets, big endian) ‖ message: the body that is PUT to a relay at `/KEY`. */
  toRelayPayload(): Uint8Array<ArrayBuffer> {
    return this.#own.toRelayPayload();
  }
}

function accepted(verdict: PacketVerdict): SignedPacket {
  if (verdict.ok) return SignedPacket.wrap(verdict.packet);
  throw new PkarrError(verdict.reason, sentences[verdict.reason]);
}

const sentences: Readonly<Record<PacketRefusal, string>> = {
  'too-short': 'These octets are too few for a packet.',
  'too-large': 'These octets are too many for a packet.',
  'bad-key': 'The packet does not begin with a valid public key.',
  'bad-timestamp': 'The timestamp of the packet is not from 0 to 2^63 − 1.',
  'bad-signature': 'The packet was not signed by this key, or it was changed since.',
  'bad-dns-message': 'What the packet contains is not a message of DNS records.',
};
