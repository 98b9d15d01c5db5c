import type { Settings } from '../config/settings.ts';
import { createForwarder, type Forwarder } from '../forward/forwarder.ts';
import type { SocketBudget } from '../forward/socket-budget.ts';
import type { UpstreamSpec } from '../forward/spec/upstream-spec.ts';
import type { Log } from '../observe/log.ts';
import { forwardResolver } from '../resolve/forward-resolver.ts';
import { CaptivePortal } from '../resolve/special/captive-portal.ts';
import type { NetworkResolvers } from '../workers/messages.ts';
import { asksSystem } from './upstreams.ts';

/** What looks for captive portals, with the network's resolvers behind it. */
export interface PortalWatch {
  readonly portal: CaptivePortal;
  /** Queries of ours to the network's resolvers that came back; see `Forwarder.cameBackFrom`. */
  readonly forwarder: Forwarder;
  /** @param now the resolvers of the network as it is now. */
  networkChanged(now: NetworkResolvers): void;
  close(): void;
}

/**
 * Looks for captive portals where upstreams were chosen. Undefined when it is off, and when the resolvers of the network are
 * asked anyway: then its portal is found without us.
 */
export function watchForPortal(
  settings: Pick<Settings, 'captivePortal' | 'portalCheck' | 'upstream' | 'fallback' | 'upstreamSockets'>,
  log: Log,
  parts: {
    readonly chosen: Forwarder;
    readonly network: NetworkResolvers;
    readonly budget: SocketBudget;
  },
): PortalWatch | undefined {
  const { chosen, network, budget } = parts;
  if (settings.captivePortal === 'off' || settings.portalCheck.length === 0 || asksSystem(settings))
    return undefined;
  const setOf = ({ servers }: NetworkResolvers) => {
    const upstreams = servers.map(({ address, port }): UpstreamSpec => ({ kind: 'udp', address, port }));
    return { upstreams, fallback: [], routes: [] };
  };
  const forwarder = createForwarder({ ...setOf(network), budget, sockets: settings.upstreamSockets });
  const portal = new CaptivePortal({
    checks: settings.portalCheck,
    hasAnswered: () => chosen.hasAnswered(),
    network: forwardResolver(forwarder),
    onLikely: () =>
      log.warn(
        'A captive portal is likely: no chosen upstream answers, and the resolvers of the network do. Open a page in a browser to log in.',
      ),
  });
  return {
    portal,
    forwarder,
    networkChanged(now) {
      portal.networkChanged();
      forwarder.setUpstreams(setOf(now));
      forwarder.networkChanged();
    },
    close: () => forwarder.close(),
  };
}
