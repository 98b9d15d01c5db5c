import { Name } from '../../dns/name.ts';
import { choice, choiceOr, listOf, onOff, wordOr } from '../setting-kinds.ts';
import { domain, path, upstream } from '../value-kinds.ts';
import { setting } from './setting.ts';

/** The hosts that systems and browsers fetch a page from to find out whether they are on the Internet. */
const PORTAL_CHECKS = [
  'captive.apple.com',
  'connectivity-check.ubuntu.com',
  'connectivitycheck.android.com',
  'connectivitycheck.gstatic.com',
  'conncheck.opensuse.org',
  'detectportal.firefox.com',
  'fedoraproject.org',
  'network-test.debian.org',
  'networkcheck.kde.org',
  'nmcheck.gnome.org',
  'ping.archlinux.org',
  'www.msftconnecttest.com',
] as const;

/** Settings of ordinary names: the upstreams, and what becomes of their answers. */
export const ordinaryNames = {
  upstream: setting({
    name: 'upstream',
    kind: wordOr('system', listOf(upstream)),
    default: () => 'system' as const,
    defaultText: 'the resolvers that the network provides (resolv.conf)',
    help: 'Upstream resolver for ordinary names',
  }),
  fallback: setting({
    name: 'fallback',
    kind: listOf(upstream),
    default: () => [],
    help: 'Upstream resolver that is used only when no other upstream answers',
  }),
  linkRoutes: setting({
    name: 'link-routes',
    kind: onOff(),
    default: () => true,
    help: 'Ask the resolvers of VPN links for the domains of those links, while they are up',
  }),
  captivePortal: setting({
    name: 'captive-portal',
    kind: choice(['auto', 'off']),
    default: () => 'auto' as const,
    help: "Ask the network's resolvers for the names in portal-check when no chosen upstream answers",
  }),
  portalCheck: setting({
    name: 'portal-check',
    kind: listOf(domain),
    default: () => PORTAL_CHECKS.map((text) => Name.parse(text)),
    defaultText: 'those of the usual systems and browsers',
    help: 'Name that systems ask for to find out whether they are behind a captive portal',
  }),
  upstreamSockets: setting({
    name: 'upstream-sockets',
    kind: choice(['single', 'pooled']),
    default: () => 'pooled' as const,
    help: 'Whether each query to an upstream over UDP has a socket of its own, or a few share one for a moment',
  }),
  upstreamCa: setting({
    name: 'upstream-ca',
    kind: choiceOr('bundled', path),
    default: () => 'bundled' as const,
    help: 'PEM file of CA certificates to trust for upstreams, in addition to the bundled ones',
  }),
  hosts: setting({
    name: 'hosts',
    kind: choiceOr('off', path),
    default: () => 'off' as const,
    help: 'Hosts file to answer from, such as /etc/hosts',
  }),
  rebindingProtection: setting({
    name: 'rebinding-protection',
    kind: onOff(),
    default: () => false,
    help: 'Refuse private addresses in answers for ordinary names (DNS rebinding protection); for routers',
  }),
  rebindingAllow: setting({
    name: 'rebinding-allow',
    kind: listOf(domain),
    default: () => [],
    help: 'Domain exempt from rebinding protection',
  }),
  trustAd: setting({
    name: 'trust-ad',
    kind: onOff(),
    default: () => false,
    help: 'Trust the upstreams to validate DNSSEC, and pass on their AD bit',
  }),
};
