import { holdersOf } from '../../app/http/holders.ts';
import type { AppStatus, ConfigurationStatus } from '../../app/status.ts';
import type { AskOptions } from '../../control/client.ts';
import type { ForwarderStatus, UpstreamStatus } from '../../forward/choice/status.ts';
import { thisMachine } from '../../integrate/machine.ts';
import { findIntegration } from '../../integrate/overwritten.ts';
import type { AutoServingState, DhtStatus } from '../../mainline/dht-node.ts';
import { duration } from '../../observe/duration.ts';
import type { CertificateStatus } from '../../serve/certificate/current-certificate.ts';
import type { WorkersStatus } from '../../serve/front.ts';
import { type Command, configFlag, Exit, jsonFlag, type Terminal, writeJson } from '../command.ts';
import { askRunning } from './ask-program.ts';
import { publicationLines } from './publication-text.ts';

/** Shows the state of the running program. */
export const status: Command = {
  name: 'status',
  description: [
    'Shows the state of the running pkarrd: its upstreams, which of them is asked ' +
      'next and why, its caches, its DHT node, and its publications: how many nodes hold them, when they are published ' +
      'again, and the last error. Names of queries are not shown. A last line ' +
      'tells when somebody has overwritten what "pkarrd integrate" set. Other users than root and that of pkarrd see less.',
    'The exit code is 1 while the configuration on disk is invalid and another one is used.',
  ],
  operands: [],
  flags: [configFlag, jsonFlag],
  settings: ['stateDir'],
  async run(invocation, terminal) {
    const options: AskOptions = { sockets: ['control', 'status'] };
    // The socket belongs to a pkarrd of this version: only its user can have created it.
    const found = (await askRunning(invocation, terminal, ['status'], options)) as AppStatus;
    const integration = await findIntegration(thisMachine);
    if (invocation.has('json')) writeJson(terminal, { ...found, ...(integration && { integration }) });
    else {
      writeStatus(terminal, found);
      for (const problem of integration?.problems ?? []) terminal.out(`integrate   ${problem}\n`);
    }
    const { configuration } = found;
    return configuration === undefined || configuration.state === 'current' ? Exit.OK : Exit.FAILED;
  },
};

/** What is wrong with the configuration on disk, before anything else. */
function writeConfiguration(terminal: Terminal, configuration: ConfigurationStatus | undefined): void {
  if (configuration === undefined || configuration.state === 'current') return;
  const { state, problems, acceptedAt = 0 } = configuration;
  const used = {
    accepted: `using the last accepted one, of ${new Date(acceptedAt).toISOString()}`,
    defaults: 'using the defaults, since none was accepted before',
    refused: 'using the one before the last reload',
  }[state];
  const [first, ...others] = problems.map(
    ({ where, message }) => `${where}: ${message.replaceAll('\n', '; ')}`,
  );
  terminal.out(`INVALID     the configuration cannot be used, ${used}: ${first}\n`);
  for (const problem of others) terminal.out(`${' '.repeat(12)}${problem}\n`);
}

function writeStatus(
  terminal: Terminal,
  {
    uptime,
    listen,
    certificate,
    queries,
    cache,
    forwarder,
    portalIsLikely,
    workers,
    packets,
    store,
    dht,
    publications,
    http,
    configuration,
    internalErrors,
  }: AppStatus,
): void {
  writeConfiguration(terminal, configuration);
  const asked = cache.hits + cache.misses;
  const rate = asked === 0 ? '' : `, ${((100 * cache.hits) / asked).toFixed(1)} % hits`;
  terminal.out(
    `up          ${duration(uptime)}, ${queries.queries} queries, ${queries.inFlight} in flight\n`,
  );
  terminal.out(`listen      ${listen.join(' ') || 'none yet'}\n`);
  if (certificate !== undefined) writeCertificate(terminal, certificate);
  if (workers !== undefined) terminal.out(`workers     ${workersLine(workers)}\n`);
  terminal.out(`cache       ${cache.entries} answers, ${(cache.bytes / 1e6).toFixed(1)} MB${rate}\n`);
  writeUpstreams(terminal, forwarder);
  if (portalIsLikely)
    terminal.out('portal      likely: no chosen upstream answers; open a page in a browser to log in\n');
  terminal.out(
    `packets     ${packets.keysHeld} keys held, ${packets.lookupsStarted} lookups, ${packets.lookupsRunning} running\n`,
  );
  if (store !== 'writing') terminal.out(`state       ${stateLines[store]}\n`);
  if (dht === undefined) {
    terminal.out('dht         not started\n');
  } else {
    const { sent, answered } = dht.queries;
    terminal.out(
      `dht         ${dht.nodes} nodes known, ${answered} of ${sent} queries answered, port ${dht.port}\n`,
    );
    for (const line of servingLines(dht)) terminal.out(`dht-serve   ${line}\n`);
  }
  if (http.state !== 'off') terminal.out(`browsers    ${browserLine(http)}\n`);
  for (const publication of publications) {
    terminal.out(publicationLines(publication).join('\n').concat('\n'));
  }
  for (const { kind, part, place, count, agoSeconds } of internalErrors) {
    terminal.out(`bug         ${count} × ${kind} in ${part} at ${place}, last ${duration(agoSeconds)} ago\n`);
  }
}

/** Why nothing is kept over a restart, and what to do. */
const stateLines: Readonly<Record<Exclude<AppStatus['store'], 'writing'>, string>> = {
  'read-only':
    'cannot be written, so nothing is kept over a restart; see the log, give back its state directory, and restart pkarrd',
  waiting:
    'cannot be written for now (is the disk full?), so packets are kept in memory; it is tried again every 30 s',
  closed: 'pkarrd is stopping',
};
function writeCertificate(
  terminal: Terminal,
  { names, notAfter, warnings, problem }: CertificateStatus,
): void {
  const until = new Date(notAfter).toISOString().slice(0, 10);
  terminal.out(`certificate for ${names.join(' ') || 'no name'}, until ${until}\n`);
  for (const { text, remedy } of warnings) terminal.out(`WARNING     ${text} ${remedy}\n`);
  if (problem !== undefined)
    terminal.out(
      `WARNING     The certificate before stays in force, since its files changed and cannot be used: ${problem}\n`,
    );
}

/** Where browsers open the sites of keys, or why they cannot. */
function browserLine(http: Exclude<AppStatus['http'], { readonly state: 'off' }>): string {
  if (http.state !== 'refused') {
    const [first] = http.addresses;
    // Those without TLS come first; where there are none, there is the relay alone.
    return first?.startsWith('https:') === false
      ? `http://KEY.localhost:${first.replace(/.*:/, '')}`
      : `not served: "http" is off`;
  }
  const holders = holdersOf(http)
    .map(({ name, pid }) => `${name}, process ${pid}`)
    .join('; ');
  return `not served: ${http.address} is not to be had (${holders || http.code}); tried again every 10 s`;
}

/** What the DHT node does for others; nothing unless it was asked to. */
function servingLines({ serving, autoServing, served, storedItems }: DhtStatus): readonly string[] {
  const counts = `${served.answered} of ${served.received} queries of others answered, ${storedItems} items stored`;
  if (serving) return [`${autoServing === undefined ? 'on' : 'auto'}, ${counts}`];
  if (autoServing === undefined || autoServing === 'serving') return [];
  return [`auto, not serving: ${obstacles[autoServing]}`];
}

const obstacles: Readonly<Record<Exclude<AutoServingState, 'serving'>, string>> = {
  'no-own-address': 'no interface has the address that other nodes see',
  metered: 'the connection is metered',
  'not-reached': 'no query arrived from outside in the last 15 minutes',
  trial: 'queries arrive from outside, but not for 15 minutes yet',
};

function workersLine({ running, wanted, restarts }: WorkersStatus): string {
  const shares = running.map(({ pid, queries }) => `process ${pid}: ${queries} queries`);
  return [`${running.length} of ${wanted} running`, `${restarts} restarted`, ...shares].join(', ');
}

const NO_UPSTREAMS =
  'none: the network gave none, so ordinary names are not found; connect to one, or name some in the configuration: ' +
  'upstream = ["9.9.9.9"]';

function writeUpstreams(terminal: Terminal, { upstreams, routes, next }: ForwarderStatus): void {
  if (upstreams.length === 0) terminal.out(`upstreams   ${NO_UPSTREAMS}\n`);
  for (const upstream of upstreams) terminal.out(`upstream    ${upstreamLine(upstream)}\n`);
  for (const { domain, upstreams: routed, link } of routes) {
    const of = link === undefined ? '' : ` (link ${link})`;
    terminal.out(`route       ${domain} ${routed.join(' ')}${of}\n`);
  }
  if (next !== undefined) terminal.out(`asked next  ${next.label}: ${reasons[next.why]}\n`);
}

/** Why an upstream is chosen. */
const reasons: Readonly<Record<NonNullable<ForwarderStatus['next']>['why'], string>> = {
  'not-measured': 'not measured yet',
  returned: 'it recovered recently',
  'measured-long-ago': 'last measured long ago',
  best: 'the fastest',
  late: 'all are slow',
  dead: 'none answers, so all are tried',
  again: 'retry',
};

function upstreamLine(upstream: UpstreamStatus): string {
  const { label, role, state, srttMs, success, asked, answered, lastFailure, quirks } = upstream;
  const words = [`${label} (${role}) ${state}`, `${answered} of ${asked} answered`];
  if (srttMs !== undefined)
    words.push(`round trip ${srttMs.toFixed(1)} ms`, `success ${(100 * success).toFixed(0)} %`);
  if (lastFailure !== undefined) {
    words.push(`last error ${duration(lastFailure.agoMs / 1000)} ago: ${lastFailure.text}`);
  }
  return [...words, ...quirks].join(', ');
}
