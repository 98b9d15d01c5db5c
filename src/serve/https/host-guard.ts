import { canonicalAddress } from '../../ip/address.ts';
import { machineAddresses } from '../../system/interfaces.ts';
import { isWildcard } from '../own-hosts.ts';

/** Hosts that are remembered as ours: clients use one or two. */
const MAX_REMEMBERED = 16;

/**
 * Which `Host` a request may have: an address that is listened on, `localhost`, or a name of the certificate. A page of
 * another site whose name was made to lead here (DNS rebinding) has that name in it.
 */
export class HostGuard {
  readonly #listen: string;
  readonly #names: () => readonly string[];
  /** What was found to be ours, in the spelling of the client, while the names are these. */
  readonly #ours = new Set<string>();
  #namesBefore: readonly string[] = [];

  /** `listen` is the numeric address that is listened on; `names` are those of the certificate in force. */
  constructor(listen: string, names: () => readonly string[]) {
    this.#listen = listen;
    this.#names = names;
  }

  /** Whether a `Host` or `:authority` is ours; its port is ignored, since some clients leave it out and proxies change it. */
  isOurs(host: string): boolean {
    const names = this.#names();
    if (names !== this.#namesBefore) this.#ours.clear();
    this.#namesBefore = names;
    if (this.#ours.has(host)) return true;
    if (!this.#isOurs(hostOf(host), names)) return false;
    if (this.#ours.size < MAX_REMEMBERED) this.#ours.add(host);
    return true;
  }

  #isOurs(host: string | undefined, names: readonly string[]): boolean {
    if (host === undefined) return false;
    if (host === 'localhost') return true;
    const address = canonicalAddress(host);
    if (address === undefined) return names.some((name) => isNamed(host, name.toLowerCase()));
    return [this.#listen, ...names].some((other) => isSame(address, other)) || this.#isOfMachine(address);
  }

  /** An address of this machine is one that is listened on if all are. */
  #isOfMachine(address: string): boolean {
    return isWildcard(this.#listen) && machineAddresses().some((other) => isSame(address, other));
  }
}

/** A zone is of no meaning to others, and no client sends one (RFC 9844 §4). */
function isSame(address: string, other: string): boolean {
  return canonicalAddress(other)?.replace(/%.*/, '') === address;
}

/** RFC 9525 §6.3: a wildcard is the whole first label, and stands for one. */
function isNamed(host: string, name: string): boolean {
  if (!name.startsWith('*.')) return host === name;
  const dot = host.indexOf('.');
  return dot > 0 && host.slice(dot) === name.slice(1);
}

/** The host of `Host` (RFC 9110 §7.2), in lower case and without a final dot; undefined when it is none. */
function hostOf(text: string): string | undefined {
  const [, address, name] = /^(?:\[([\da-fA-F:.]+)\]|([\w.-]+))(?::\d{0,5})?$/.exec(text) ?? [];
  return address ?? name?.toLowerCase().replace(/\.$/, '');
}
