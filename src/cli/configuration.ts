import { basename } from 'node:path';
import { upstreamAuthorities, whyLoop } from '../app/upstreams.ts';
import type { ConfigProblem } from '../config/config-error.ts';
import { type ConfigSources, type LoadedSettings, loadSettings } from '../config/load-settings.ts';
import type { PublishTables } from '../config/publish-tables.ts';
import type { SettingKey, Settings } from '../config/settings.ts';
import { createForwarder, type UpstreamSet } from '../forward/forwarder.ts';
import { readUpstreamSet, refuseUnfindable } from '../forward/spec/upstream-set.ts';
import { UpstreamSpecError } from '../forward/spec/upstream-spec.ts';
import { parsePastedKey } from '../pkarr/pasted-key.ts';
import { PublicKeyError } from '../pkarr/public-key.ts';
import type { PublisherEntries } from '../publish/publisher.ts';
import type { Invocation, Terminal } from './command.ts';
import { heapProblems } from './heap-problems.ts';
import { openResolverWarnings } from './open-resolver.ts';

/**
 * Loads the whole configuration for an invocation, and validates what `config` cannot: upstreams, keys, the size of the
 * heap.
 * @throws ConfigError with every error.
 */
export async function loadConfiguration(invocation: Invocation, terminal: Terminal): Promise<LoadedSettings> {
  const loaded = await loadSettings({
    ...sourcesOf(invocation, terminal),
    judge: (found) => [
      ...upstreamProblems(found),
      ...authorityProblems(found),
      ...keyProblems(found.tables),
      ...heapProblems(found),
    ],
  });
  return { ...loaded, warnings: [...loaded.warnings, ...openResolverWarnings(loaded)] };
}

/**
 * The settings that a command uses; all others have their default. Errors elsewhere in the configuration do not stop it.
 * @throws ConfigError with every error in these settings.
 */
export async function loadUsedSettings(
  invocation: Invocation,
  terminal: Terminal,
  uses: readonly SettingKey[],
): Promise<Settings> {
  const judge = uses.includes('upstream') ? upstreamProblems : () => [];
  const { settings } = await loadSettings({ ...sourcesOf(invocation, terminal), uses, judge });
  return settings;
}

function sourcesOf(invocation: Invocation, terminal: Terminal): ConfigSources {
  const file = invocation.value('config');
  return { machine: terminal.machine, flags: invocation.settings, ...(file !== undefined && { file }) };
}

/** What the tables of the file ask to publish and to keep, with a default name for those without one. */
export function publisherEntries({ publish, keep }: PublishTables): PublisherEntries {
  return {
    publish: publish.map(({ zone, key, name }) => ({ zone, key, name: name ?? basename(zone) })),
    keep: keep.map(({ key, name }, index) => ({
      key: parsePastedKey(key),
      name: name ?? `keep ${index + 1}`,
    })),
  };
}

/** Keys in `[[keep]]` that are invalid or duplicates. */
function keyProblems({ keep }: PublishTables): readonly ConfigProblem[] {
  const seen = new Map<string, string>();
  return keep.flatMap(({ key, where }) => {
    try {
      const { text } = parsePastedKey(key);
      const first = seen.get(text);
      seen.set(text, first ?? where);
      return first === undefined ? [] : [{ where, message: `the key is already kept by ${first}.` }];
    } catch (error) {
      if (!(error instanceof PublicKeyError)) throw error;
      return [{ where, message: error.message }];
    }
  });
}

/** Opens each upstream once, because some are well-formed but unusable. Nothing is sent. */
function upstreamProblems({ settings, origins }: LoadedSettings): readonly ConfigProblem[] {
  if (settings.upstream === 'system') return [];
  const problems = settings.upstream.flatMap((text) => {
    try {
      const set = readUpstreamSet([text]);
      createForwarder(set).close();
      return loops(text, set, settings).map((message) => ({ where: origins.upstream, message }));
    } catch (error) {
      if (!(error instanceof UpstreamSpecError)) throw error;
      return [{ where: origins.upstream, message: `${error.message}.` }];
    }
  });
  return problems.length > 0 ? problems : namesNobodyFinds(settings.upstream, { settings, origins });
}

function authorityProblems({ settings, origins }: LoadedSettings): readonly ConfigProblem[] {
  try {
    upstreamAuthorities(settings);
    return [];
  } catch (error) {
    // The file is missing, unreadable or has other content; the error says which.
    if (!(error instanceof Error)) throw error;
    return [
      {
        where: origins.upstreamCa,
        message: `${String(settings.upstreamCa)} cannot be used as CA certificates: ${error.message}.`,
      },
    ];
  }
}

/** Upstreams given by name need others, given by address, to resolve that name. */
function namesNobodyFinds(
  upstream: readonly string[],
  { settings, origins }: Pick<LoadedSettings, 'settings' | 'origins'>,
): readonly ConfigProblem[] {
  try {
    refuseUnfindable(readUpstreamSet(upstream, settings.fallback));
    return [];
  } catch (error) {
    if (!(error instanceof UpstreamSpecError)) throw error;
    return [{ where: origins.upstream, message: `${error.message}.` }];
  }
}

/** An upstream that is this program would create an endless forwarding loop. */
function loops(text: string, { upstreams, routes }: UpstreamSet, { listen }: Settings): readonly string[] {
  const routed = routes.flatMap(({ upstream }) => (upstream === 'default' ? [] : [upstream]));
  return [...upstreams, ...routed].flatMap(({ address, port }) => {
    const why = address === undefined ? undefined : whyLoop({ address, port }, listen);
    if (why === undefined) return [];
    return [`${text} ${why}, so it cannot be an upstream; use a resolver other than pkarrd.`];
  });
}
