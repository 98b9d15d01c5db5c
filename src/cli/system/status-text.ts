import { holdersOf } from '../../app/http/holders.ts';
import type { AppStatus, ConfigurationStatus } from '../../app/status.ts';
import { connectionText, servingText } from '../../app/verdict/dht-text.ts';
import { verdictOf } from '../../app/verdict/verdict.ts';
import { wrapText } from '../../config/wrap-text.ts';
import type { ForwarderStatus, UpstreamStatus } from '../../forward/choice/status.ts';
import { countText, plural } from '../../observe/count-text.ts';
import { duration } from '../../observe/duration.ts';
import type { CertificateStatus } from '../../serve/certificate/current-certificate.ts';
import type { WorkersStatus } from '../../serve/front.ts';
import { hanging } from '../text-columns.ts';
import { publicationLines } from './publication-text.ts';

/** What `status` prints: the verdict first, then the parts, a word and what is to be said of it on each line. */
export function statusLines(status: AppStatus): readonly string[] {
  const { sentence, notes } = verdictOf(status);
  return [
    sentence,
    ...notes,
    '',
    ...programLines(status),
    ...upstreamLines(status.forwarder),
    ...packetLines(status),
  ];
}

/** Columns of the word that a line begins with. */
const WORD = 12;

/** The place of the words of one line. */
function line(what: string, text: string): string {
  return `${what.padEnd(WORD)}${text}`;
}

/** The lines of `statusLines` for a terminal that is `width` columns wide: what is longer goes on below its text. */
export function fitStatusLines(lines: readonly string[], width: number): readonly string[] {
  const sentences = lines.indexOf('');
  return lines.flatMap((text, index) =>
    index <= sentences
      ? wrapText(text, width)
      : hanging(text.slice(0, WORD), text.slice(WORD), { column: WORD, width }),
  );
}

function programLines(status: AppStatus): readonly string[] {
  const { version, pid, uptime, listen, queries, cache, certificate, workers, configuration } = status;
  const asked = cache.hits + cache.misses;
  const share = asked === 0 ? '' : `, ${((100 * cache.hits) / asked).toFixed(1)} % hits`;
  const size = `${(cache.bytes / 1e6).toFixed(1)} of ${(cache.maxBytes / 1e6).toFixed(1)} MB`;
  return [
    line('pkarrd', `${version}, process ${pid}, up ${duration(uptime)}`),
    ...configurationLines(configuration),
    line('listen', listen.join(' ') || 'none yet'),
    ...(certificate === undefined ? [] : certificateLines(certificate)),
    ...(workers === undefined ? [] : [line('workers', workersText(workers))]),
    line('queries', `${countText(queries.queries)}, ${countText(queries.inFlight)} in progress`),
    line('cache', `${plural(cache.entries, 'answer')}, ${size}${share}`),
  ];
}

/** Which file it is, and what is wrong with it. */
function configurationLines(configuration: ConfigurationStatus | undefined): readonly string[] {
  if (configuration === undefined) return [];
  const { state, file, problems, acceptedAt = 0 } = configuration;
  const text = {
    current: file ?? 'no file, so the defaults',
    accepted: `the last accepted one, of ${new Date(acceptedAt).toISOString()}, since the one on disk is invalid`,
    defaults: 'the defaults, since the one on disk is invalid and none was accepted before',
    refused: 'the one before the last reload, since the one on disk is invalid',
  }[state];
  return [
    line('config', text),
    ...problems.map(({ where, message }) => line('INVALID', `${where}: ${message.replaceAll('\n', '; ')}`)),
  ];
}

function certificateLines({ names, notAfter, warnings, problem }: CertificateStatus): readonly string[] {
  const until = new Date(notAfter).toISOString().slice(0, 10);
  return [
    line('certificate', `for ${names.join(' ') || 'no name'}, until ${until}`),
    ...warnings.map(({ text, remedy }) => line('WARNING', `${text} ${remedy}`)),
    ...(problem === undefined
      ? []
      : [
          line(
            'WARNING',
            `The certificate before stays in force, since its files changed and cannot be used: ${problem}`,
          ),
        ]),
  ];
}

function workersText({ running, wanted, restarts }: WorkersStatus): string {
  const shares = running.map(({ pid, queries }) => `process ${pid}: ${plural(queries, 'query', 'queries')}`);
  return [`${running.length} of ${wanted} running`, `${restarts} restarted`, ...shares].join(', ');
}

function upstreamLines({ upstreams, routes, next }: ForwarderStatus): readonly string[] {
  return [
    ...(upstreams.length === 0 ? [line('upstreams', NO_UPSTREAMS)] : []),
    ...upstreams.map((upstream) => line('upstream', upstreamText(upstream))),
    ...routes.map(({ domain, upstreams: routed, link }) =>
      line('route', `${domain} ${routed.join(' ')}${link === undefined ? '' : ` (link ${link})`}`),
    ),
    ...(next === undefined ? [] : [line('asked next', `${next.label}: ${reasons[next.why]}`)]),
  ];
}

const NO_UPSTREAMS =
  'none: the network gave none, so ordinary names are not found; connect to one, or name some in the configuration: ' +
  'upstream = ["9.9.9.9"]';

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

function upstreamText(upstream: UpstreamStatus): string {
  const { label, role, isDefault, state, srttMs, success, asked, answered, lastFailure, quirks } = upstream;
  const words = [
    `${label} (${isDefault ? role : 'of a route'}) ${state}`,
    asked === 0 ? 'not asked yet' : `${countText(answered)} of ${countText(asked)} answered`,
  ];
  if (srttMs !== undefined)
    words.push(`round trip ${srttMs.toFixed(1)} ms`, `success ${(100 * success).toFixed(0)} %`);
  if (lastFailure !== undefined)
    words.push(`last error ${duration(lastFailure.agoMs / 1000)} ago: ${lastFailure.text}`);
  return [...words, ...quirks].join(', ');
}

/** Packets and what they come from: the store, the DHT; and what is published and shown. */
function packetLines(status: AppStatus): readonly string[] {
  const { packets, store, dht, http, publications, internalErrors } = status;
  const lookups = `${plural(packets.lookupsStarted, 'lookup')}, ${countText(packets.lookupsRunning)} running`;
  const serving = dht && servingText(dht);
  return [
    line('packets', `${plural(packets.keysHeld, 'key')} held, ${lookups}`),
    ...(store === 'writing' ? [] : [line('state', stateTexts[store])]),
    line('dht', dhtText(status)),
    ...(serving === undefined ? [] : [line('dht-serve', serving)]),
    ...(http.state === 'off' ? [] : [line('browsers', browserText(http))]),
    ...publications.flatMap(publicationLines),
    ...internalErrors.map(({ kind, part, place, count, agoSeconds }) =>
      line('bug', `${count} × ${kind} in ${part} at ${place}, last ${duration(agoSeconds)} ago`),
    ),
  ];
}

/** Why nothing is kept over a restart, and what to do. */
const stateTexts: Readonly<Record<Exclude<AppStatus['store'], 'writing'>, string>> = {
  'read-only':
    'cannot be written, so nothing is kept over a restart; see the log, give back its state directory, and restart pkarrd',
  waiting:
    'cannot be written for now (is the disk full?), so packets are kept in memory; it is tried again every 30 s',
  closed: 'pkarrd is stopping',
};

function dhtText(status: AppStatus): string {
  const { dht, sources } = status;
  const relays = sources.relays === 0 ? [] : [`${plural(sources.relays, 'relay')} to ask`];
  const node =
    dht === undefined
      ? []
      : [
          `${countText(dht.queries.answered)} of ${plural(dht.queries.sent, 'query', 'queries')} answered, port ${dht.port}`,
        ];
  return [connectionText(status), ...node, ...relays].join('; ');
}

/** Where browsers open the sites of keys, or why they cannot. */
function browserText(http: Exclude<AppStatus['http'], { readonly state: 'off' }>): string {
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
