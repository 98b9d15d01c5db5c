import type { Figures } from './figures.ts';

/** How the program does, as a person would be told. */
export interface Verdict {
  /** `good`: all works. `fair`: it works, and something should be looked at. `bad`: some names cannot be resolved. */
  readonly level: 'good' | 'fair' | 'bad';
  /** The worst thing, as one sentence. */
  readonly sentence: string;
  /** What else there is, a sentence each. */
  readonly notes: readonly string[];
}

/** Seconds after the start in which the DHT is still being joined. */
const JOINING = 30;

type Finding = readonly [level: Verdict['level'], sentence: string];

/** What the figures mean: the worst first, and what works when nothing is wrong. */
export function verdictOf(figures: Figures): Verdict {
  const findings = checks.flatMap((check) => check(figures));
  const ordered = [...ofLevel(findings, 'bad'), ...ofLevel(findings, 'fair')];
  const [first, ...others] = ordered;
  if (first === undefined)
    return { level: 'good', sentence: 'Everything works.', notes: [whatWorks(figures)] };
  return { level: first[0], sentence: first[1], notes: others.map(([, sentence]) => sentence) };
}

function ofLevel(findings: readonly Finding[], wanted: Verdict['level']): readonly Finding[] {
  return findings.filter(([level]) => level === wanted);
}

const checks: readonly ((figures: Figures) => readonly Finding[])[] = [
  ({ listen }) => (listen.length === 0 ? [['bad', 'No address to answer on is available.']] : []),
  ({ isPortalLikely }) =>
    isPortalLikely
      ? [['bad', 'A captive portal is likely: open any page in a browser, and log in to the network.']]
      : [],
  ({ upstreams, isPortalLikely }) => (isPortalLikely ? [] : upstreamFindings(upstreams)),
  ({ dht, uptimeSeconds }) => dhtFindings(dht, uptimeSeconds),
  ({ publications }) => publicationFindings(publications),
  ({ workers }) =>
    workers !== undefined && workers.running < workers.wanted
      ? [['fair', `${workers.running} of ${workers.wanted} worker processes run.`]]
      : [],
  ({ isStoreWritten }) =>
    isStoreWritten
      ? []
      : [['fair', 'The state directory cannot be written, so packets are lost at a restart.']],
  ({ internalErrors: count }) =>
    count === 0
      ? []
      : [['fair', `${count} internal error${count === 1 ? '' : 's'} since the start: see “pkarrd status”.`]],
];

function upstreamFindings(upstreams: Figures['upstreams']): readonly Finding[] {
  const dead = upstreams.filter(({ state }) => state === 'dead').length;
  if (upstreams.length === 0)
    return [['bad', 'Ordinary names cannot be resolved: there is no upstream resolver to ask.']];
  if (dead < upstreams.length)
    return dead === 0
      ? []
      : [
          [
            'fair',
            `${dead} of ${upstreams.length} upstream resolvers ${dead === 1 ? 'does' : 'do'} not answer.`,
          ],
        ];
  return [
    [
      'bad',
      `Ordinary names cannot be resolved: ${dead === 1 ? 'the upstream resolver does not answer' : `none of ${dead} upstream resolvers answers`}.`,
    ],
  ];
}

function dhtFindings(dht: Figures['dht'], uptimeSeconds: number): readonly Finding[] {
  if (dht.state === 'off' || (dht.state === 'running' && dht.nodes > 0)) return [];
  return uptimeSeconds < JOINING
    ? [['fair', 'The DHT is being joined.']]
    : [['bad', 'Names of keys cannot be looked up: no node of the DHT is reached.']];
}

function publicationFindings(publications: Figures['publications']): readonly Finding[] {
  const failing = publications.filter(({ state }) => state === 'failing' || state === 'stopped').length;
  const wrong = publications.filter(({ hasProblem }) => hasProblem).length;
  return [
    ...(failing > 0
      ? [
          [
            'fair',
            `${failing} of ${publications.length} publications could not be put into the network.`,
          ] as const,
        ]
      : []),
    ...(wrong > 0
      ? [
          [
            'fair',
            `${wrong} of ${publications.length} publications have a file that cannot be used.`,
          ] as const,
        ]
      : []),
  ];
}

function whatWorks({ dht, upstreams }: Figures): string {
  const count = upstreams.length;
  const ordinary = `${count} upstream resolver${count === 1 ? '' : 's'}`;
  return dht.state === 'off'
    ? `${ordinary} answer${count === 1 ? 's' : ''} for ordinary names; the DHT is off.`
    : `Names of keys come from the DHT, and other names from ${ordinary}.`;
}
