import { basename } from 'node:path';
import { upstreamAuthorities, whyLoop } from '../app/upstreams.ts';
import type { ConfigProblem } from '../config/config-error.ts';
import { type LoadedSettings, loadSettings } from '../config/load-settings.ts';
import type { PublishTables } from '../config/publish-tables.ts';
import type { Settings } from '../config/settings.ts';
import { createForwarder, type UpstreamSet } from '../forward/forwarder.ts';
import { readUpstreamSet, refuseUnfindable } from '../forward/spec/upstream-set.ts';
import { UpstreamSpecError } from '../forward/spec/upstream-spec.ts';
import { parsePastedKey } from '../pkarr/pasted-key.ts';
import { PublicKeyError } from '../pkarr/public-key.ts';
import type { PublisherEntries } from '../publish/publisher.ts';
import type { Invocation, Terminal } from './command.ts';
import { heapProblems } from './heap-problems.ts';

/**
 * The settings of an invocation, upstreams read too, which `config` cannot do.
 * @throws ConfigError with every mistake.
 */
export function loadConfiguration(invocation: Invocation, terminal: Terminal): LoadedSettings {
  const file = invocation.value('config');
  return loadSettings({
    machine: terminal.machine,
    flags: invocation.settings,
    judge: (loaded) => [
      ...upstreamProblems(loaded),
      ...authorityProblems(loaded),
      ...keyProblems(loaded.tables),
      ...heapProblems(loaded),
    ],
    ...(file !== undefined && { file }),
  });
}

/** What the tables of the file ask to be published and kept, with names for those that have none. */
export function publisherEntries({ publish, keep }: PublishTables): PublisherEntries {
  return {
    publish: publish.map(({ zone, key, name }) => ({ zone, key, name: name ?? basename(zone) })),
    keep: keep.map(({ key, name }, index) => ({
      key: parsePastedKey(key),
      name: name ?? `keep ${index + 1}`,
    })),
  };
}

/** Keys that are none, or that stand there twice. */
function keyProblems({ keep }: PublishTables): readonly ConfigProblem[] {
  const seen = new Map<string, string>();
  return keep.flatMap(({ key, where }) => {
    try {
      const { text } = parsePastedKey(key);
      const first = seen.get(text);
      seen.set(text, first ?? where);
      return first === undefined ? [] : [{ where, message: `this key is kept by ${first} already.` }];
    } catch (error) {
      if (!(error instanceof PublicKeyError)) throw error;
      return [{ where, message: error.message }];
    }
  });
}

/** Opens each upstream once: some forms are well written and cannot be used. Nothing is sent. */
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
    // The file is absent, is not to be read, or holds something else; the error says which.
    if (!(error instanceof Error)) throw error;
    return [
      {
        where: origins.upstreamCa,
        message: `${String(settings.upstreamCa)} holds no certificates: ${error.message}.`,
      },
    ];
  }
}

/** Upstreams that are known by name need others, which have addresses, to be found. */
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

/** An upstream that is ourselves would ask us again, for ever. */
function loops(text: string, { upstreams, routes }: UpstreamSet, { listen }: Settings): readonly string[] {
  const routed = routes.flatMap(({ upstream }) => (upstream === 'default' ? [] : [upstream]));
  return [...upstreams, ...routed].flatMap(({ address, port }) => {
    const why = address === undefined ? undefined : whyLoop({ address, port }, listen);
    if (why === undefined) return [];
    return [`${text} ${why}, so it cannot be an upstream; name a resolver that is somebody else.`];
  });
}
