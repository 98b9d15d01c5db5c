import type { Answering } from './answering.ts';
import type { DhcpClient } from './dhcp-clients.ts';
import type { DockerFacts } from './docker.ts';
import type { LinkFacts } from './links.ts';
import type { NetworkFile } from './networkd.ts';
import type { ResolvConfFacts } from './resolv-conf-file.ts';

/** What is there: everything that decides how names are looked up on this machine. Found by looking, not by comments. */
export interface Facts {
  /** What /etc/resolv.conf is. */
  readonly resolvConf: ResolvConfFacts;
  /** The text of /etc/nsswitch.conf; undefined without one (musl has none). */
  readonly nsswitch: string | undefined;
  /** Whether systemd manages this machine. */
  readonly isSystemd: boolean;
  /** systemd-resolved, if it runs. */
  readonly resolved: ResolvedFacts | undefined;
  /** NetworkManager, if it runs. */
  readonly networkManager: { readonly version: string } | undefined;
  /** systemd-networkd, if it runs. */
  readonly networkd: { readonly files: readonly NetworkFile[] } | undefined;
  /** A program that makes /etc/resolv.conf of what others tell it. */
  readonly resolvconf: ResolvconfFacts | undefined;
  /** Links with resolvers or domains of their own in systemd-resolved; undefined when it does not tell within a second. */
  readonly links: readonly LinkFacts[] | undefined;
  /** DHCP clients that run by themselves and write /etc/resolv.conf. */
  readonly dhcpClients: readonly DhcpClient[];
  /** Whether this is OpenWrt, whose dnsmasq answers the network. */
  readonly isOpenWrt: boolean;
  /** Docker, if it is there. */
  readonly docker: DockerFacts | undefined;
  /** Who answers on port 53 of 127.0.0.1. */
  readonly answering: Answering;
}

/** systemd-resolved as it runs. */
export interface ResolvedFacts {
  /** Its version, such as 252. */
  readonly version: number;
  /** Whether its stub answers on 127.0.0.53. */
  readonly stub: Answering;
  /** Resolvers that its own configuration names, without ours. */
  readonly globalServers: readonly string[];
}

/** resolvconf(8), of which there are two. */
export interface ResolvconfFacts {
  readonly kind: 'debian' | 'openresolv';
  /** The text of openresolv's configuration; undefined when there is none. */
  readonly configuration: string | undefined;
}
