import type { Facts } from '../facts/facts.ts';
import type { LinkFacts } from '../facts/links.ts';
import { openWrt } from './by-hand.ts';
import { planContainers } from './containers.ts';
import { endLinkHelper, linkHelperFiles, startLinkHelper } from './parts.ts';
import type { LinkRoute, NoPlan, Plan, Row } from './plan.ts';
import { type PlanParts, rows } from './rows.ts';
import { plainDomain } from './warnings.ts';

/** What decides beside the facts. */
export interface PlanOptions {
  /** The row that was set before, if one was: it stays when a link that it was chosen for is gone for the moment. */
  readonly before: Row | undefined;
  /** Domains of which pkarrd knows who is to be asked, in lower case and without a final dot: they are not lost. */
  readonly routedDomains: readonly string[];
  /** Containers of Docker are to ask pkarrd too. */
  readonly containers: boolean;
  /** The command that runs pkarrd, as it stands in a unit; undefined when it is not to ask links for their domains. */
  readonly command: string | undefined;
}

/** What is to be set for what was found. Pure: the same facts give the same plan, also when it has been carried out. */
export function makePlan(facts: Facts, options: PlanOptions): Plan | NoPlan {
  if (facts.isOpenWrt) return openWrt;
  const row = chooseRow(facts, options.before);
  const parts = rows[row](facts);
  const rest = withLinkHelper(parts, facts, row, options);
  const forContainers = planContainers(facts.docker, options.containers);
  const routes = routesOf(facts, options.routedDomains);
  // Without systemd nobody can tell the service of links; and otherwise it is shown afterwards that it is told.
  const keeps = hasHelper(facts, row, options) || row !== 'resolved';
  return {
    row,
    lostRoutes: keeps ? [] : routes,
    keptRoutes: keeps ? routes : [],
    emptiesLinks: false,
    ...rest,
    steps: [...rest.steps, ...forContainers.steps],
    warnings: [...(rest.warnings ?? []), ...forContainers.warnings],
  };
}

/** Rows in which pkarrd, and not systemd-resolved, decides who is asked for a domain of a link. */
const rowsOfLinks: ReadonlySet<Row> = new Set([
  'resolved',
  'network-manager',
  'network-manager-and-resolved',
]);

function hasHelper({ isSystemd }: Facts, row: Row, { command }: PlanOptions): boolean {
  return isSystemd && command !== undefined && rowsOfLinks.has(row);
}

/** The helper is started first, so that the service knows of the links before programs ask it. */
function withLinkHelper(parts: PlanParts, facts: Facts, row: Row, options: PlanOptions): PlanParts {
  const { command } = options;
  if (command === undefined || !hasHelper(facts, row, options)) return parts;
  return {
    ...parts,
    steps: [...linkHelperFiles(command), ...startLinkHelper, ...parts.steps],
    undo: [...parts.undo, ...endLinkHelper],
  };
}

/** The row of the table, decided by what runs, what exists and where links point. Pure. */
function chooseRow(facts: Facts, before: Row | undefined): Row {
  const { resolved, networkManager, networkd, links } = facts;
  if (resolved !== undefined) {
    // What was chosen because of a link of others is right without that link too, and the link may come back.
    if (before === 'resolved' || links === undefined || links.some(isOfOthers)) return 'resolved';
    if (networkManager !== undefined && !links.some(isSplit)) return 'network-manager-and-resolved';
    const hasFiles = networkd !== undefined && networkd.files.length > 0;
    if (hasFiles && !links.some(isSplit)) return 'networkd-and-resolved';
    return 'resolved';
  }
  // Debian's resolvconf owns the file only while the file is a link to its own.
  if (facts.resolvconf?.kind === 'debian' && facts.resolvConf.path === '/run/resolvconf/resolv.conf')
    return 'debian-resolvconf';
  if (facts.resolvconf?.kind === 'openresolv') return 'openresolv';
  return networkManager !== undefined ? 'network-manager' : 'resolv-conf';
}

/** Somebody else than the managers whose resolvers we can take from the link: a VPN, wg-quick, a script. */
function isOfOthers({ manager, servers }: LinkFacts): boolean {
  return manager === 'other' && servers.length > 0;
}

/**
 * A link with domains that only its own resolvers know: names of a company that its VPN leads to. The domains of the network that we
 * are in are asked of its resolvers anyway.
 */
function isSplit({ isOutside, domains, servers }: LinkFacts): boolean {
  return !isOutside && servers.length > 0 && domains.some((domain) => plainDomain(domain) !== '');
}

/** The domains of links beside the one that leads to the Internet, without those that are routed. */
function routesOf({ links }: Facts, routed: readonly string[]): readonly LinkRoute[] {
  const isRouted = (domain: string) => routed.some((zone) => domain === zone || domain.endsWith(`.${zone}`));
  return (links ?? [])
    .filter(isSplit)
    .map(({ name, domains, servers }) => ({
      link: name,
      domains: domains.map(plainDomain).filter((domain) => domain !== '' && !isRouted(domain)),
      servers,
    }))
    .filter(({ domains }) => domains.length > 0);
}
