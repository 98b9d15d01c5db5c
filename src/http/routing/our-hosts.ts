import type { ListenAddress } from '../../config/listen-address.ts';
import { HostGuard } from '../../serve/https/host-guard.ts';

/**
 * Which `Host` a request may have: `localhost`, an address that is listened on, or a name that is configured. The port does not
 * count, since clients leave it out and tunnels change it; nor does case, or a final dot.
 * @param names the same list as long as the names are the same.
 */
export function ourHosts(
  addresses: readonly ListenAddress[],
  names: () => readonly string[],
): (host: string | undefined) => boolean {
  const guards = addresses.map(({ host }) => new HostGuard(host, names));
  return (host) => host !== undefined && guards.some((guard) => guard.isOurs(host));
}

/** Two lists of names as one, which is the same list as long as both are. */
export class OurNames {
  #parts: readonly [readonly string[], readonly string[]] | undefined;
  #names: readonly string[] = [];

  /** The names of both. */
  of(configured: readonly string[], certified: readonly string[]): readonly string[] {
    if (this.#parts?.[0] !== configured || this.#parts[1] !== certified) {
      this.#parts = [configured, certified];
      this.#names = [...configured, ...certified];
    }
    return this.#names;
  }
}
