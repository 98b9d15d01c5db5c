import { latin1Of } from '../../octets/text.ts';
import { type FoundSecret, refuseKind } from './found-secret.ts';
import { seedWithPublicKey } from './seed-with-public-key.ts';

/** The seed in a private key as OpenSSH writes it (PROTOCOL.key of OpenSSH), or the name of what else it is. */
export function readOpensshKey(octets: Uint8Array): FoundSecret {
  if (latin1Of(octets.subarray(0, MAGIC.length)) !== MAGIC) return damaged;
  const outer = new Fields(octets.subarray(MAGIC.length));
  const cipher = latin1Of(outer.string());
  outer.string(); // how the key of the cipher is made of the passphrase
  outer.string(); // its options
  if (outer.number() !== 1) return damaged;
  const kind = latin1Of(new Fields(outer.string()).string());
  const secrets = new Fields(outer.string());
  if (!outer.isWhole) return damaged;
  if (kind !== 'ssh-ed25519')
    return refuseKind(names.find(([start]) => kind.startsWith(start))?.[1] ?? 'a key of another algorithm');
  if (cipher !== 'none') return encrypted;
  // Two equal numbers, then kind, public key, secret key, comment, and octets that fill the block.
  const check = secrets.number();
  if (secrets.number() !== check || latin1Of(secrets.string()) !== kind) return damaged;
  const publicKey = secrets.string();
  const secret = secrets.string();
  if (!secrets.isWhole || secret.length !== 2 * publicKey.length) return damaged;
  const half = publicKey.length;
  const found = seedWithPublicKey(secret.subarray(0, half), secret.subarray(half));
  return found.kind === 'seed' ? seedWithPublicKey(found.seed, publicKey) : found;
}

const MAGIC = 'openssh-key-v1\0';

const damaged: FoundSecret = { kind: 'refused', why: 'This is a damaged private key of OpenSSH.' };

const encrypted: FoundSecret = {
  kind: 'refused',
  why: 'This key is encrypted in the way of OpenSSH, which pkarrd cannot open. Make a copy without passphrase, import that, and remove it: ssh-keygen -p -N "" -f COPY',
};

/** Other kinds of keys, by how their names begin. */
const names: readonly (readonly [start: string, name: string])[] = [
  ['ssh-rsa', 'an RSA key'],
  ['ecdsa-', 'an ECDSA key'],
  ['ssh-dss', 'a DSA key'],
  ['sk-', 'a key that stays in a security key'],
];

/** Reads numbers and strings with a length in front (RFC 4251 §5). Behind the end everything is empty. */
class Fields {
  /** Whether all that was read was there. */
  isWhole = true;
  readonly #octets: Uint8Array;
  #at = 0;

  constructor(octets: Uint8Array) {
    this.#octets = octets;
  }

  number(): number {
    return this.#take(4).reduce((sum, octet) => sum * 256 + octet, 0);
  }

  string(): Uint8Array {
    return this.#take(this.number());
  }

  #take(length: number): Uint8Array {
    const taken = this.#octets.subarray(this.#at, this.#at + length);
    if (taken.length < length) this.isWhole = false;
    this.#at += taken.length;
    return taken;
  }
}
