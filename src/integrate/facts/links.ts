import type { LinkFacts as KernelLink } from '../../system/links/link-facts.ts';
import type { ResolvedLink } from '../../system/links/resolved-links.ts';

/** A link as systemd-resolved and the kernel know it. */
export interface LinkFacts extends ResolvedLink {
  /** Whether it is the way to the Internet, and no tunnel: its domains are those of the network that we are in. */
  readonly isOutside: boolean;
  /** Who has set its resolvers. */
  readonly manager: 'NetworkManager' | 'networkd' | 'other';
}

/** Whether a link is the way to the Internet, by what the kernel says. */
export function isOutside(number: number, kernel: readonly KernelLink[]): boolean {
  return kernel.some((link) => link.number === number && link.hasDefaultRoute && !link.isTunnel);
}
