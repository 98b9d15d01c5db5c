import type { ProgramCall, ProgramResult } from '../commands/run-program.ts';
import { type LinkState, linkState } from './link-state.ts';

/** A link as systemd-resolved knows it. */
export interface ResolvedLink {
  readonly name: string;
  /** The number of the interface. */
  readonly number: number;
  /** Its resolvers, as written. */
  readonly servers: readonly string[];
  /** Its domains, as written; `~` stands before those that are only routed there. */
  readonly domains: readonly string[];
}

/** What systemd-resolved says of itself and of all links. */
export interface ResolvedState {
  readonly globalServers: readonly string[];
  readonly globalDomains: readonly string[];
  readonly links: readonly ResolvedLink[];
}

/** Milliseconds that systemd-resolved has to answer. */
const TIMEOUT = 1_000;

/** Most links that are looked at: a host of containers has hundreds, and hardly one with a resolver. */
const MAX_LINKS = 1_000;

/**
 * Asks systemd-resolved which resolvers and domains it and each link has, by resolvectl(1), which everybody may. Undefined when it
 * does not answer within a second. Never rejects.
 */
export async function askResolved(
  run: (call: ProgramCall) => Promise<ProgramResult>,
): Promise<ResolvedState | undefined> {
  const [servers, domains] = await Promise.all([
    askResolvedSetting(run, 'dns'),
    askResolvedSetting(run, 'domain'),
  ]);
  if (servers === undefined || domains === undefined) return undefined;
  const links = [...servers].flatMap(([key, words]) => {
    const [, number, name] = /^Link (\d+) \((.+)\)$/.exec(key) ?? [];
    if (number === undefined || name === undefined) return [];
    return [{ name, number: Number(number), servers: words, domains: domains.get(key) ?? [] }];
  });
  return {
    globalServers: servers.get('Global') ?? [],
    globalDomains: domains.get('Global') ?? [],
    links: links.slice(0, MAX_LINKS),
  };
}

/** A setting that systemd-resolved has for itself and for each link. */
export type ResolvedSetting = 'dns' | 'domain' | 'llmnr' | 'dnssec';

/**
 * The words of a setting, by `Global` and `Link 2 (lan0)`. Undefined when systemd-resolved does not answer within a second. Never
 * rejects.
 */
export async function askResolvedSetting(
  run: (call: ProgramCall) => Promise<ProgramResult>,
  setting: ResolvedSetting,
): Promise<ReadonlyMap<string, readonly string[]> | undefined> {
  // Versions before 254 have no JSON, and these forms are the same in all.
  const { code, out } = await run({
    program: 'resolvectl',
    args: ['--no-pager', setting],
    timeout: TIMEOUT,
  });
  return code === 0 ? readLines(out) : undefined;
}

/** The links of `askResolved` that have resolvers. */
export function statesOf({ links }: ResolvedState): readonly LinkState[] {
  return links.flatMap(({ name, servers, domains }) => linkState(name, { servers, domains }) ?? []);
}

/** Lines of the form `Link 2 (lan0): 10.77.0.1 10.77.0.2`; long ones go on in the next, which begins with a blank. */
function readLines(text: string): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, readonly string[]>();
  let last = '';
  for (const line of text.split('\n')) {
    const [, key, rest = ''] = /^(Global|Link \d+ \([^)]+\)):(.*)$/.exec(line) ?? [];
    if (key !== undefined) last = key;
    if (last === '') continue;
    const words = (key === undefined ? line : rest).split(/\s+/).filter(Boolean);
    found.set(last, [...(key === undefined ? (found.get(last) ?? []) : []), ...words]);
  }
  return found;
}
