import { holdersOf } from '../../app/http/holders.ts';
import type { AppStatus } from '../../app/status.ts';
import { countText, plural } from '../../observe/count-text.ts';
import type { ServiceCommands } from '../../system/commands/service-commands.ts';
import type { RunningProgram } from '../check-parts.ts';
import { type Finding, failure, fine, warning } from '../finding.ts';

/** How the running program does: its version, its upstreams, the DHT, publications. */
export function examineRunning(
  running: RunningProgram,
  version: string,
  commands: ServiceCommands,
): readonly Finding[] {
  if (running.kind === 'silent') return [silentFinding(running.reason, commands)];
  const { status } = running;
  return [
    ...versionFinding(status, version, commands),
    ...configurationFindings(status),
    ...upstreamFindings(status),
    ...portalFinding(status),
    dhtFinding(status),
    ...publicationFindings(status),
    ...browserFinding(status),
    ...errorFindings(status),
  ];
}

function silentFinding(reason: string, { log, restart }: ServiceCommands): Finding {
  const [, text = reason, remedy] = /^(.*?\.) (.*)$/s.exec(reason) ?? [];
  return failure('running', text, remedy ?? `See its log: ${log}. Then restart it: ${restart}.`);
}

function versionFinding(
  { version: running }: AppStatus,
  version: string,
  { restart }: ServiceCommands,
): readonly Finding[] {
  if (running === version) return [fine('running', `pkarrd ${version} runs.`)];
  const text = `pkarrd ${running} runs, and this is pkarrd ${version}.`;
  return [warning('running', text, `Restart it: ${restart}.`)];
}

function configurationFindings({ configuration }: AppStatus): readonly Finding[] {
  if (configuration === undefined || configuration.state === 'current') return [];
  const used = {
    accepted: 'the last accepted one is used',
    defaults: 'the defaults are used',
    refused: 'the one before stays in force',
  }[configuration.state];
  return configuration.problems.map(({ where, message }) =>
    failure(
      'configuration',
      `It is invalid, and ${used}. ${where}: ${message}`,
      'Correct it, and run "pkarrd reload".',
    ),
  );
}

function upstreamFindings({ forwarder }: AppStatus): readonly Finding[] {
  const { upstreams } = forwarder;
  if (upstreams.length === 0) {
    const remedy = 'Connect to a network, or name some in /etc/pkarrd/pkarrd.toml: upstream = ["9.9.9.9"].';
    return [failure('upstreams', 'There is no upstream resolver, so ordinary names are not found.', remedy)];
  }
  const dead = upstreams.filter(({ state }) => state === 'dead');
  const last = dead[0]?.lastFailure?.text;
  const why = last === undefined ? '' : ` (${last})`;
  if (dead.length === upstreams.length)
    return [
      failure(
        'upstreams',
        upstreams.length === 1
          ? `${upstreams[0]?.label} does not answer${why}.`
          : `None of ${upstreams.length} upstreams answers${why}.`,
        'Check the network, or name others in "upstream".',
      ),
    ];
  const names = dead.map(({ label }) => label).join(', ');
  if (dead.length > 0)
    return [
      warning(
        'upstreams',
        `${names} does not answer${why}; the others do.`,
        'Remove it from "upstream", or wait until it is back.',
      ),
    ];
  return [fine('upstreams', `${upstreams.map(({ label }) => label).join(', ')}: none has failed.`)];
}

function portalFinding({ portalIsLikely }: AppStatus): readonly Finding[] {
  if (!portalIsLikely) return [];
  return [
    warning(
      'portal',
      'A captive portal is likely: no chosen upstream answers here.',
      'Open a page in a browser to log in.',
    ),
  ];
}

function dhtFinding({ dht }: AppStatus): Finding {
  if (dht === undefined) {
    const remedy = 'Set "dht = true", unless relays are to be the only source.';
    return warning('DHT', 'The DHT is off, or its node has not started yet.', remedy);
  }
  const { sent, answered } = dht.queries;
  if (answered === 0 && sent > 0) {
    const remedy = 'Does a firewall block UDP? Then set relay-use = "always".';
    return failure(
      'DHT',
      `${sent === 1 ? 'The only query' : `None of ${countText(sent)} queries`} to the DHT was ${sent === 1 ? 'not ' : ''}answered.`,
      remedy,
    );
  }
  if (dht.nodes === 0)
    return warning('DHT', 'No node of the DHT is known yet.', 'Wait a moment, and run this again.');
  return fine('DHT', `${plural(dht.nodes, 'node')} of the DHT ${dht.nodes === 1 ? 'is' : 'are'} known.`);
}

function publicationFindings({ publications }: AppStatus): readonly Finding[] {
  return publications.flatMap(({ name, state, problem, lastError }) => {
    const why = problem ?? lastError?.text;
    if (problem === undefined && state !== 'failing' && state !== 'stopped') return [];
    const remedy = '"pkarrd status" says more of it.';
    return [
      warning(
        'publishing',
        `${name} is not published as it should be: ${why ?? state}.`.replace(/\.\.$/, '.'),
        remedy,
      ),
    ];
  });
}

function browserFinding({ http }: AppStatus): readonly Finding[] {
  if (http.state !== 'refused') return [];
  const [holder] = holdersOf(http);
  const who =
    holder === undefined
      ? `it is not to be had (${http.code})`
      : `${holder.name} has it (process ${holder.pid})`;
  return [
    warning(
      'browsers',
      `Sites of keys cannot be opened at http://KEY.localhost: ${http.address} is needed, and ${who}.`,
      'End the other program, or set "http" to other addresses or to "off".',
    ),
  ];
}

function errorFindings({ internalErrors }: AppStatus): readonly Finding[] {
  const count = internalErrors.reduce((sum, error) => sum + error.count, 0);
  if (count === 0) return [];
  const remedy = 'Report it with the output of "pkarrd status".';
  return [warning('running', `${plural(count, 'internal error')} happened since it started.`, remedy)];
}
