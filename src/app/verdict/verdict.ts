import type { UpstreamStatus } from '../../forward/choice/status.ts';
import type { Verdict } from '../../observe/verdict.ts';
import { howToGetPort, otherPortMeans } from '../default-port.ts';
import { hostOnly } from '../host-only.ts';
import type { AppStatus, ConfigurationStatus } from '../status.ts';
import { whyNotConnected } from './dht-text.ts';

/** Seconds after the start in which the DHT is still being joined. */
const JOINING = 30;

type Finding = readonly [level: Verdict['level'], sentence: string];

/** What a status means: the worst first, and what works when nothing is wrong. Everybody may see it. */
export function verdictOf(status: AppStatus): Verdict {
  const names = status.workers?.running.length === 0 ? [] : [ordinaryNames(status), keyNames(status)];
  const isDown = names.some(([level]) => level === 'bad');
  const findings: readonly Finding[] = [
    ...addresses(status),
    ...workers(status),
    ...names,
    ...routes(status),
    ...(isDown ? [['fair', 'What is cached is still answered.'] as const] : []),
    ...configuration(status),
    ...publications(status),
    ...certificate(status),
    ...sites(status),
    ...store(status),
    ...internalErrors(status),
  ];
  const [first, ...others] = (['bad', 'fair', 'good'] as const).flatMap((wanted) =>
    findings.filter(([level]) => level === wanted),
  );
  if (first === undefined || first[0] === 'good') {
    const sentence = isTried(status) ? 'Healthy.' : 'Ready.';
    return { level: 'good', sentence, notes: findings.map(([, text]) => text) };
  }
  return { level: first[0], sentence: first[1], notes: others.map(([, text]) => text) };
}

/** Whether any upstream has shown that it answers. Before that, nobody knows. */
function isTried({ forwarder }: AppStatus): boolean {
  return forwarder.upstreams.some((upstream) => upstream.isDefault && doesAnswer(upstream));
}

function addresses({ listen, portNotPermitted }: AppStatus): readonly Finding[] {
  if (listen.length === 0) return [['bad', 'No address to answer on is available.']];
  if (portNotPermitted === undefined) return [];
  const [address = ''] = listen;
  const what = `Port ${portNotPermitted} is only for root and services, so ${address} answers, ${otherPortMeans}`;
  return [['fair', `${what}. ${howToGetPort}`]];
}

function workers({ workers: known }: AppStatus): readonly Finding[] {
  if (known === undefined || known.running.length >= known.wanted) return [];
  const { wanted, running } = known;
  if (running.length === 0)
    return [
      [
        'bad',
        `No query is answered, because none of ${wanted} worker processes runs; they are started again.`,
      ],
    ];
  const others = wanted - running.length === 1 ? 'the other is' : 'the others are';
  return [['fair', `Workers: ${running.length} of ${wanted} processes run; ${others} started again.`]];
}

function ordinaryNames({ forwarder, portalIsLikely }: AppStatus): Finding {
  if (portalIsLikely)
    return [
      'bad',
      'Ordinary names: not answered, because the network seems to have a captive portal. Open any page in a browser, and log in.',
    ];
  const upstreams = forwarder.upstreams.filter(({ isDefault }) => isDefault);
  const { length } = upstreams;
  if (length === 0) {
    const none = 'there is no upstream resolver';
    return forwarder.routes.length === 0
      ? ['bad', `Ordinary names: not answered, because ${none}. Connect to a network, or set “upstream”.`]
      : ['bad', `Ordinary names: only those with a route are answered, because ${none} for others.`];
  }
  const dead = upstreams.filter(({ state }) => state === 'dead');
  const answering = upstreams.filter(doesAnswer);
  if (dead.length === length)
    return ['bad', `Ordinary names: not answered, because ${deadText(dead, length)}.`];
  const also = dead.length === 0 ? '' : `; ${deadText(dead, length)}`;
  const level = dead.length === 0 ? 'good' : 'fair';
  if (answering.length === 0) {
    const untried = upstreams.filter(({ state }) => state !== 'dead');
    const wasAsked = untried.some(({ asked }) => asked > 0);
    return [level, `Ordinary names: ${wasAsked ? untoldText(untried) : unaskedText(untried)}${also}.`];
  }
  const who =
    length === 1
      ? nameOf(answering[0])
      : answering.length === length
        ? `${length} upstream resolvers`
        : `${answering.length} of ${length} upstream resolvers`;
  return [level, `Ordinary names: answered by ${who}${also}.`];
}

/** Routes whose upstream resolvers are all dead; for a route to the others, see there. */
function routes({ forwarder }: AppStatus): readonly Finding[] {
  const isDead = (label: string) =>
    forwarder.upstreams.some((one) => one.label === label && !one.isDefault && one.state === 'dead');
  const dead = forwarder.routes.filter(({ upstreams }) => upstreams.length > 0 && upstreams.every(isDead));
  if (dead.length === 0) return [];
  return [['fair', `Routes: no upstream resolver of ${dead.length} of ${forwarder.routes.length} answers.`]];
}

/** It has answered, in this network, and nothing says that it does so no longer. */
function doesAnswer({ state, srttMs }: UpstreamStatus): boolean {
  return state === 'alive' || (state === 'late' && srttMs !== undefined);
}

function unaskedText(untried: readonly UpstreamStatus[]): string {
  const [only] = untried;
  return untried.length === 1
    ? `${nameOf(only)} was not asked yet`
    : `${untried.length} upstream resolvers were not asked yet`;
}

function untoldText(untried: readonly UpstreamStatus[]): string {
  const [only] = untried;
  return untried.length === 1
    ? `whether ${nameOf(only)} answers is not known yet`
    : `whether ${untried.length} upstream resolvers answer is not known yet`;
}

/** That they do not answer, and why the last of them that failed did. */
function deadText(dead: readonly UpstreamStatus[], all: number): string {
  const failures = dead.flatMap(({ lastFailure }) => lastFailure ?? []);
  const [last] = failures.sort((a, b) => a.agoMs - b.agoMs);
  const why = last === undefined ? '' : ` (${last.kind.replaceAll('-', ' ')})`;
  if (dead.length === 1) return `${nameOf(dead[0])} does not answer${why}`;
  return dead.length === all
    ? `none of ${all} upstream resolvers answers${why}`
    : `${dead.length} of them do not answer${why}`;
}

/** Without user, path and query of a URL. */
function nameOf(upstream: UpstreamStatus | undefined): string {
  return hostOnly(upstream?.label ?? '');
}

function keyNames(status: AppStatus): Finding {
  const { sources, dht, uptime } = status;
  const relays = `${sources.relays} ${sources.relays === 1 ? 'relay' : 'relays'}`;
  const hasRelays = sources.relays > 0;
  if (sources.dht === 'off')
    return hasRelays
      ? ['good', `Keys: looked up at ${relays}; the DHT is off.`]
      : ['fair', 'Keys: not looked up, because the DHT is off and there is no relay.'];
  const why = dht === undefined ? 'its node is being started' : whyNotConnected(status);
  if (why === undefined) return ['good', 'Keys: looked up in the DHT.'];
  if (uptime < JOINING && dht?.unsent === undefined) return ['fair', 'Keys: the DHT is being joined.'];
  return hasRelays
    ? ['fair', `Keys: looked up at ${relays} alone, because the DHT is not connected: ${why}.`]
    : ['bad', `Keys: not looked up, because the DHT is not connected: ${why}.`];
}

function configuration({ configuration: known }: AppStatus): readonly Finding[] {
  if (known === undefined || known.state === 'current') return [];
  const what = 'The configuration on disk is invalid';
  return [['fair', `${what}, so ${used[known.state]} used. “pkarrd check” says what is wrong.`]];
}

const used: Readonly<Record<Exclude<ConfigurationStatus['state'], 'current'>, string>> = {
  accepted: 'the last one that was accepted is',
  defaults: 'the defaults are',
  refused: 'the one before stays in force and is',
};

function publications({ publications: all }: AppStatus): readonly Finding[] {
  const failing = all.filter(({ state }) => state === 'failing' || state === 'stopped').length;
  const wrong = all.filter(({ problem }) => problem !== undefined).length;
  const some = (count: number) => (all.length === 1 ? 'the one' : `${count} of ${all.length}`);
  return [
    ...(failing > 0
      ? [
          [
            'fair',
            `Publications: ${some(failing)} could not be put into the network at the last try.`,
          ] as const,
        ]
      : []),
    ...(wrong > 0
      ? [['fair', `Publications: the zone or key file of ${some(wrong)} cannot be used.`] as const]
      : []),
  ];
}

function certificate({ certificate: known }: AppStatus): readonly Finding[] {
  if (known === undefined) return [];
  const warnings = known.warnings.map(({ text }) => ['fair', text] as const);
  return known.problem === undefined
    ? warnings
    : [
        ['fair', 'The new files of the certificate cannot be used, so the one before stays in force.'],
        ...warnings,
      ];
}

function sites({ http }: AppStatus): readonly Finding[] {
  return http.state === 'refused'
    ? [
        [
          'fair',
          `Browsers: sites of keys cannot be opened, because ${http.address} is not to be had (${http.code}).`,
        ],
      ]
    : [];
}

function store({ store: state }: AppStatus): readonly Finding[] {
  return state === 'read-only' || state === 'waiting'
    ? [['fair', 'The state directory cannot be written, so packets are lost at a restart.']]
    : [];
}

function internalErrors({ internalErrors: errors }: AppStatus): readonly Finding[] {
  const count = errors.reduce((sum, error) => sum + error.count, 0);
  if (count === 0) return [];
  return [
    ['fair', `${count} internal error${count === 1 ? '' : 's'} since the start: “pkarrd status” says where.`],
  ];
}
