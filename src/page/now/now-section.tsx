import { countText, plural } from '../../observe/count-text.ts';
import { duration } from '../../observe/duration.ts';
import type { Verdict } from '../../observe/verdict.ts';
import type { Figures } from '../figures/figures.ts';
import { HISTORY_SECONDS, type NowView } from '../figures/now-view.ts';
import { millisecondsText, octetsText, rateText, shareText } from '../parts/format.ts';
import { Facts } from '../parts/table.tsx';
import { Chart } from './chart.tsx';
import { Publications } from './publications.tsx';
import { Sources } from './sources.tsx';
import { Upstreams } from './upstreams.tsx';

/** How the resolver does at this moment. */
export function NowSection({ view }: { readonly view: NowView }) {
  const { figures } = view;
  return (
    <>
      <VerdictLine verdict={figures.verdict} />
      <Tiles view={view} />
      <Upstreams upstreams={figures.upstreams} />
      <Publications publications={figures.publications} />
      <Sources recent={view.recent} />
      <div class="columns">
        <Facts caption="Mainline DHT" rows={dhtRows(figures)} />
        <Facts caption="Since the start" rows={startRows(figures)} />
      </div>
    </>
  );
}

function VerdictLine({ verdict: { level, sentence, notes } }: { readonly verdict: Verdict }) {
  return (
    <section class={`verdict ${level}`}>
      <h1>
        <span class="mark" aria-hidden="true">
          {marks[level]}
        </span>
        {sentence}
      </h1>
      {notes.map((note) => (
        <p>{note}</p>
      ))}
    </section>
  );
}

/** A shape for each level, for who sees no colours. */
const marks = { good: '✓', fair: '!', bad: '✕' } as const;

function Tiles({ view }: { readonly view: NowView }) {
  const { figures, recent, points } = view;
  const { rate, hitShare, seconds } = recent;
  const common = { seconds: HISTORY_SECONDS, end: figures.at };
  const rateNow = points.at(-1)?.rate ?? rate;
  const hits = hitShare === undefined ? '–' : shareText(hitShare);
  const since = `in the last ${duration(seconds)}`;
  return (
    <div class="tiles">
      <section class="tile">
        <h2>Queries a second</h2>
        <p class="big">{rateText(rateNow)}</p>
        <Chart
          {...common}
          label={`Queries a second over the last two minutes: now ${rateText(rateNow)}`}
          points={points.map(({ at, rate: value }) => ({ at, value }))}
          least={5}
        />
        <p class="small">{`${rateText(rate)} a second ${since}`}</p>
      </section>
      <section class="tile">
        <h2>Answered from the cache</h2>
        <p class="big">{hits}</p>
        <Chart
          {...common}
          label={`Share of answers from the cache over the last two minutes: ${hits} ${since}`}
          points={points.map(({ at, hitShare: value }) => ({ at, value }))}
          least={1}
        />
        <p class="small">{since}</p>
      </section>
      <Durations view={view} />
    </div>
  );
}

function Durations({ view: { figures, recent, points } }: { readonly view: NowView }) {
  const { percentiles, seconds } = recent;
  const median = percentiles === undefined ? '–' : millisecondsText(percentiles.p50);
  const since = `in the last ${duration(seconds)}`;
  return (
    <section class="tile">
      <h2>Time to answer</h2>
      <p class="big">{median}</p>
      <Chart
        seconds={HISTORY_SECONDS}
        end={figures.at}
        label={`Median time to answer over the last two minutes: ${median} ${since}`}
        points={points.map(({ at, medianMs: value }) => ({ at, value }))}
        least={1}
      />
      <p class="small">
        {percentiles === undefined
          ? `no answer ${since}`
          : `half within that, 90 % within ${millisecondsText(percentiles.p90)}, 99 % within ${millisecondsText(percentiles.p99)}`}
      </p>
    </section>
  );
}

function dhtRows({ dht, packets }: Figures): readonly (readonly [string, string])[] {
  const held = [
    ['Packets held', countText(packets.held)],
    ['Lookups', `${countText(packets.lookups)}, ${countText(packets.running)} running`],
  ] as const;
  const { connection, node } = dht;
  const serves = node?.isServing
    ? 'yes'
    : `no${node?.whyNotServing === undefined ? '' : `: ${node.whyNotServing}`}`;
  return [
    ['Connection', connection],
    ...(node === undefined
      ? []
      : [
          ['Queries answered', `${countText(node.answered)} of ${countText(node.asked)}`] as const,
          ['Serves others', serves] as const,
        ]),
    ...held,
  ];
}

function startRows(figures: Figures): readonly (readonly [string, string])[] {
  const { cache, workers, listen } = figures;
  return [
    ['Running for', duration(figures.uptimeSeconds)],
    ['Answers on', listen.join(', ') || 'nothing yet'],
    ['Queries', `${countText(figures.queries)}, ${countText(figures.inFlight)} in progress`],
    ['Answers in the cache', `${countText(cache.entries)}, ${octetsText(cache.octets)}`],
    ...(workers === undefined
      ? []
      : [['Processes', `${workers.running} of ${plural(workers.wanted, 'worker')}`] as const]),
    ['Version', figures.version],
  ];
}
