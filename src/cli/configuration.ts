import { whyLoop } from '../choose-upstreams.ts';
import type { ConfigProblem } from '../config/config-error.ts';
import { type LoadedSettings, loadSettings } from '../config/load-settings.ts';
import type { Settings } from '../config/settings.ts';
import { createForwarder, type UpstreamSet } from '../forward/forwarder.ts';
import { readUpstreamSet } from '../forward/upstream-set.ts';
import { UpstreamSpecError } from '../forward/upstream-spec.ts';
import type { Invocation, Terminal } from './command.ts';

/**
 * The settings of an invocation, upstreams read too, which `config` cannot do.
 * @throws ConfigError with every mistake.
 */
export function loadConfiguration(invocation: Invocation, terminal: Terminal): LoadedSettings {
  const file = invocation.value('config');
  return loadSettings({
    machine: terminal.machine,
    flags: invocation.settings,
    judge: upstreamProblems,
    ...(file !== undefined && { file }),
  });
}

/** Opens each upstream once: some forms are well written and cannot be used. Nothing is sent. */
function upstreamProblems({ settings, origins }: LoadedSettings): readonly ConfigProblem[] {
  if (settings.upstream === 'system') return [];
  return settings.upstream.flatMap((text) => {
    try {
      const set = readUpstreamSet([text]);
      createForwarder(set).close();
      return loops(text, set, settings).map((message) => ({ where: origins.upstream, message }));
    } catch (error) {
      if (!(error instanceof UpstreamSpecError)) throw error;
      return [{ where: origins.upstream, message: `${error.message}.` }];
    }
  });
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
