import { type AcceptedConfiguration, readAccepted } from '../../app/configuration/accepted-configuration.ts';
import type { ConfigurationStatus } from '../../app/status.ts';
import { ConfigError, type ConfigProblem } from '../../config/config-error.ts';
import type { LoadedSettings } from '../../config/load-settings.ts';
import { defaultSettings, settingKeys } from '../../config/settings.ts';
import type { Invocation, Terminal } from '../command.ts';
import { judgeConfiguration, loadConfiguration, loadDefaults } from '../configuration.ts';

/** The configuration that `serve` begins with, and where it comes from. */
export interface StartConfiguration {
  readonly loaded: LoadedSettings;
  readonly status: ConfigurationStatus;
}

/**
 * Loads the configuration. A service that nobody watches must not be missing after a reboot because of an invalid one: it
 * begins with the last one that was accepted, or else without the file, and says so wherever somebody looks.
 * @throws ConfigError when it is invalid and this is no service.
 */
export async function startConfiguration(
  invocation: Invocation,
  terminal: Terminal,
): Promise<StartConfiguration> {
  try {
    const loaded = await loadConfiguration(invocation, terminal);
    return { loaded, status: { state: 'current', ...fileOf(loaded), problems: [] } };
  } catch (error) {
    const directory = serviceDirectory(terminal);
    if (!(error instanceof ConfigError) || directory === undefined) throw error;
    return await substitute(directory, error.problems, invocation, terminal);
  }
}

/** The file that a configuration was read from, for its status. */
export function fileOf({ file }: Pick<LoadedSettings, 'file'>): Pick<ConfigurationStatus, 'file'> {
  return file === undefined ? {} : { file };
}

/**
 * The state directory that a service manager gave; undefined when `serve` is no service. That is so when it was given a state
 * directory and a runtime directory (systemd.exec(5): `$STATE_DIRECTORY`, `$RUNTIME_DIRECTORY`) and no terminal.
 */
export function serviceDirectory({ machine, errIsTerminal }: Terminal): string | undefined {
  const { STATE_DIRECTORY: state, RUNTIME_DIRECTORY: runtime } = machine.environment;
  if (errIsTerminal || state === undefined || runtime === undefined) return undefined;
  const [directory = ''] = state.split(':');
  return directory.startsWith('/') && runtime.startsWith('/') ? directory : undefined;
}

async function substitute(
  directory: string,
  problems: readonly ConfigProblem[],
  invocation: Invocation,
  terminal: Terminal,
): Promise<StartConfiguration> {
  const defaults = defaultSettings(terminal.machine);
  const accepted = await readAccepted(directory, defaults);
  const candidates =
    accepted === undefined
      ? []
      : [
          accepted,
          withoutAuthorities(accepted),
          withoutTls(accepted),
          withoutTls(withoutAuthorities(accepted)),
        ];
  for (const candidate of candidates) {
    const loaded = asLoaded(candidate);
    if ((await judgeConfiguration(loaded)).length > 0) continue;
    const { acceptedAt } = candidate;
    return { loaded, status: { state: 'accepted', problems, acceptedAt } };
  }
  const loaded = await loadDefaults(invocation, terminal).catch((error: unknown) => {
    // It is the environment or a flag that is invalid.
    if (!(error instanceof ConfigError)) throw error;
    return asLoaded({ settings: defaults, tables: { publish: [], keep: [] } });
  });
  return { loaded, status: { state: 'defaults', problems } };
}

/** Without a file of certificates that is no longer there, upstreams with such certificates fail, and no other is asked. */
function withoutAuthorities(accepted: AcceptedConfiguration): AcceptedConfiguration {
  return { ...accepted, settings: { ...accepted.settings, upstreamCa: 'bundled' } };
}

/** A certificate that is no longer there takes encrypted DNS away, and nothing else. */
function withoutTls(accepted: AcceptedConfiguration): AcceptedConfiguration {
  const none = { tlsListen: [], https: [], certificate: 'none', certificateKey: 'none' } as const;
  return { ...accepted, settings: { ...accepted.settings, ...none } };
}

function asLoaded({ settings, tables }: Omit<AcceptedConfiguration, 'acceptedAt'>): LoadedSettings {
  const origins = Object.fromEntries(
    settingKeys.map((key) => [key, 'the last accepted configuration']),
  ) as LoadedSettings['origins'];
  return { settings, tables, file: undefined, origins, petnameOrigins: new Map(), warnings: [] };
}
