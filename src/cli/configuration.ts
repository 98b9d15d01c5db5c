import { basename } from 'node:path';
import { upstreamAuthorities, whyLoop } from '../app/upstreams.ts';
import type { ConfigProblem } from '../config/config-error.ts';
import { credentialFor } from '../config/credentials.ts';
import { type ConfigSources, type LoadedSettings, loadSettings } from '../config/load-settings.ts';
import type { PublishTables } from '../config/publish-tables.ts';
import type { SettingKey, Settings } from '../config/settings.ts';
import type { Name } from '../dns/name.ts';
import { parseTypedName } from '../dns/typed-name.ts';
import { createForwarder } from '../forward/forwarder.ts';
import { UpstreamSpecError } from '../forward/spec/spec-error.ts';
import {
  readUpstreams,
  refuseUnfindable,
  type WrittenUpstreams,
  withSystem,
} from '../forward/spec/upstream-set.ts';
import { parsePastedKey } from '../pkarr/pasted-key.ts';
import { classifyLabel, PublicKeyError, refusalToText } from '../pkarr/public-key.ts';
import type { PublisherEntries } from '../publish/publisher.ts';
import { classifySpecial } from '../resolve/special/special-names.ts';
import { isKeyName } from '../resolve/special/suffix.ts';
import type { Invocation, Terminal } from './command.ts';
import { heapProblems } from './heap-problems.ts';
import { linkLocalWarnings } from './link-local.ts';
import { openResolverWarnings } from './open-resolver.ts';
import { certificateProblems, tlsWarnings } from './tls-certificate.ts';

/**
 * Loads the whole configuration for an invocation, and validates what `config` cannot: upstreams, keys, the size of the
 * heap.
 * @throws ConfigError with every error.
 */
export async function loadConfiguration(invocation: Invocation, terminal: Terminal): Promise<LoadedSettings> {
  const loaded = await loadSettings({
    ...sourcesOf(invocation, terminal),
    judge: judgeConfiguration,
  });
  return {
    ...loaded,
    warnings: [
      ...loaded.warnings,
      ...openResolverWarnings(loaded),
      ...linkLocalWarnings(loaded),
      ...(await tlsWarnings(loaded, terminal.now())),
    ],
  };
}

/** The same without a file: the defaults, environment and flags. @throws ConfigError */
export async function loadDefaults(invocation: Invocation, terminal: Terminal): Promise<LoadedSettings> {
  const sources = { ...sourcesOf(invocation, terminal), file: '/dev/null' };
  return await loadSettings({ ...sources, judge: judgeConfiguration });
}

/** What is wrong with valid values: upstreams, keys, the size of the heap. */
export async function judgeConfiguration(found: LoadedSettings): Promise<readonly ConfigProblem[]> {
  return [
    ...upstreamProblems(found),
    ...(await authorityProblems(found)),
    ...(await certificateProblems(found)),
    ...keyProblems(found.tables),
    ...petnameProblems(found),
    ...heapProblems(found),
  ];
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
  return (await loadUsedConfiguration(invocation, terminal, uses)).settings;
}

/** The same with where each setting comes from. @throws ConfigError */
export async function loadUsedConfiguration(
  invocation: Invocation,
  terminal: Terminal,
  uses: readonly SettingKey[],
): Promise<LoadedSettings> {
  const judge = async (found: LoadedSettings): Promise<readonly ConfigProblem[]> => [
    ...(uses.includes('upstream') ? upstreamProblems(found) : []),
    ...(uses.includes('upstreamCa') ? await authorityProblems(found) : []),
  ];
  return await loadSettings({ ...sourcesOf(invocation, terminal), uses, judge });
}

/**
 * The same without the file of the system, which may be what is to be repaired.
 * @throws ConfigError for a flag or a variable that is invalid.
 */
export async function loadWithoutFile(
  invocation: Invocation,
  terminal: Terminal,
  uses: readonly SettingKey[],
): Promise<LoadedSettings> {
  return await loadSettings({ ...sourcesOf(invocation, terminal), uses, file: '/dev/null' });
}

function sourcesOf(invocation: Invocation, terminal: Terminal): ConfigSources {
  const file = invocation.value('config');
  return { machine: terminal.machine, flags: invocation.settings, ...(file !== undefined && { file }) };
}

/** What the tables of the file ask to publish and to keep, with a default name for those without one. */
export function publisherEntries({ publish, keep }: PublishTables, { machine }: Terminal): PublisherEntries {
  return {
    publish: publish.map(({ zone, key, origin, name }) => {
      const credential = credentialFor(key, machine.environment);
      return {
        zone,
        key,
        ...(credential !== undefined && { credential }),
        ...(origin !== undefined && { movedFrom: parseTypedName(origin) }),
        name: name ?? basename(zone),
      };
    }),
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

/** Keys of petnames that have the form of one and are none. */
function petnameProblems({ settings, origins, petnameOrigins }: LoadedSettings): readonly ConfigProblem[] {
  return settings.names.flatMap(({ label, key }) => {
    const verdict = classifyLabel(key);
    if (verdict.kind !== 'refused') return [];
    return [
      {
        where: petnameOrigins.get(label) ?? origins.names,
        message: `the key of ${label} is not valid: ${refusalToText(verdict.reason)}.`,
      },
    ];
  });
}

/** Opens each upstream once, because some are well-formed but unusable. Nothing is sent. */
function upstreamProblems({ settings, origins }: LoadedSettings): readonly ConfigProblem[] {
  const upstream = settings.upstream === 'system' ? [] : settings.upstream;
  const problems = [
    ...upstream.flatMap((text) =>
      entryProblems(text, origins.upstream, settings, () => readUpstreams([text])),
    ),
    ...settings.fallback.flatMap((text) =>
      entryProblems(text, origins.fallback, settings, () => readUpstreams([], [text])),
    ),
  ];
  return problems.length > 0 ? problems : namesNobodyFinds(upstream, { settings, origins });
}

function entryProblems(
  text: string,
  where: string,
  settings: Settings,
  read: () => WrittenUpstreams,
): readonly ConfigProblem[] {
  try {
    const written = read();
    createForwarder(withSystem(written, [])).close();
    return [...loops(text, written, settings), ...deadRoutes(text, written, settings.suffix)].map(
      (message) => ({
        where,
        message,
      }),
    );
  } catch (error) {
    if (!(error instanceof UpstreamSpecError)) throw error;
    return [{ where, message: `${error.message}.` }];
  }
}

async function authorityProblems({ settings, origins }: LoadedSettings): Promise<readonly ConfigProblem[]> {
  try {
    await upstreamAuthorities(settings);
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
    refuseUnfindable(readUpstreams(upstream, settings.fallback));
    return [];
  } catch (error) {
    if (!(error instanceof UpstreamSpecError)) throw error;
    return [{ where: origins.upstream, message: `${error.message}.` }];
  }
}

/** An upstream that is this program would create an endless forwarding loop. */
function loops(text: string, set: WrittenUpstreams, settings: Settings): readonly string[] {
  const routed = set.routes.flatMap(({ upstream }) => (upstream === 'default' ? [] : [upstream]));
  return [...set.upstreams, ...set.fallback, ...routed].flatMap((spec) => {
    if (spec === 'system' || spec.address === undefined) return [];
    const why = whyLoop({ address: spec.address, port: spec.port }, settings);
    if (why === undefined) return [];
    return [`${text} ${why}, so it cannot be an upstream; use a resolver other than pkarrd.`];
  });
}

/** A route for names that are never forwarded has no effect. */
function deadRoutes(
  text: string,
  { routes }: WrittenUpstreams,
  suffixes: Settings['suffix'],
): readonly string[] {
  return routes
    .flatMap(({ domains }) => domains)
    .flatMap((domain) => {
      const why = whyNeverForwarded(domain, suffixes);
      return why === undefined ? [] : [`${text} has no effect: ${why}`];
    });
}

/** Why no name at or below `domain` is ever sent to an upstream, as a sentence; undefined when such names are. */
function whyNeverForwarded(domain: Name, suffixes: Settings['suffix']): string | undefined {
  if (isKeyName(domain, suffixes)) return `${domain} is a public key, whose records come from the DHT.`;
  const special = classifySpecial(domain);
  switch (special?.kind) {
    case undefined:
    case 'private-zone':
      return undefined;
    case 'no-such-name':
      return special.mayBeRouted ? undefined : special.text;
    default:
      return `names in ${special?.zone} are answered by pkarrd itself.`;
  }
}
