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

/**
 * How the resolver does at this moment.
 *
 * @param props `isLost`: the program tells nothing any more, and what is shown was so before.
 */
export function NowSection({ view, isLost = false }: { readonly view: NowView; readonly isLost?: boolean }) {
  const { figures } = view;
  return (
    <>
      <VerdictLine verdict={isLost ? lostVerdict(figures) : figures.verdict} />
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
    <section class={`verdict ${level}`} aria-live="polite">
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

function lostVerdict({ at }: Figures): Verdict {
  const then = new Date(at).toLocaleTimeString();
  return {
    level: 'bad',
    sentence: 'pkarrd does not answer.',
    notes: [`Is it running? What is shown here was so at ${then}.`],
  };
}

/** A shape for each level, for who sees no colours. */
const marks = { good: '✓', fair: '!', bad: '✕' } as const;

function Tiles({ view }: { readonly view: NowView }) {
  const { figures, recent, points } = view;
  const { rate, hitShare, seconds } = recent;
  const common = { seconds: secondsOf(view), end: figures.at };
  const over = `over the last ${duration(common.seconds)}`;
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
          label={`Queries a second ${over}: now ${rateText(rateNow)}`}
          points={points.map(({ at, rate: value }) => ({ at, value }))}
          least={5}
          textOf={rateText}
        />
        <p class="small">{`${rateText(rate)} a second ${since}`}</p>
      </section>
      <section class="tile">
        <h2>Answered from the cache</h2>
        <p class="big">{hits}</p>
        <Chart
          {...common}
          label={`Share of answers from the cache ${over}: ${hits} ${since}`}
          points={points.map(({ at, hitShare: value }) => ({ at, value }))}
          least={1}
          textOf={shareText}
        />
        <p class="small">{since}</p>
      </section>
      <Durations view={view} />
    </div>
  );
}

/** Seconds that the charts show: figures are made only while somebody looks, so there are few at first. */
function secondsOf({ figures, points }: NowView): number {
  const known = Math.ceil((figures.at - (points[0]?.at ?? figures.at)) / 1000);
  return Math.min(HISTORY_SECONDS, Math.max(LEAST_SECONDS, known));
}

/** Seconds that a chart shows at least. */
const LEAST_SECONDS = 20;

function Durations({ view }: { readonly view: NowView }) {
  const { figures, recent, points } = view;
  const seconds = secondsOf(view);
  const { percentiles } = recent;
  const median = percentiles === undefined ? '–' : millisecondsText(percentiles.p50);
  const since = `in the last ${duration(recent.seconds)}`;
  return (
    <section class="tile">
      <h2>Time to answer</h2>
      <p class="big">{median}</p>
      <Chart
        seconds={seconds}
        end={figures.at}
        label={`Median time to answer over the last ${duration(seconds)}: ${median} ${since}`}
        points={points.map(({ at, medianMs: value }) => ({ at, value }))}
        least={1}
        textOf={millisecondsText}
      />
      <p class="small">
        {percentiles === undefined
          ? `no answer ${since}`
          : `half within that, 90\u00a0% within ${millisecondsText(percentiles.p90)}, 99\u00a0% within ${millisecondsText(percentiles.p99)}`}
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
    ['In the cache', `${plural(cache.entries, 'answer')}, ${octetsText(cache.octets)}`],
    ...(workers === undefined
      ? []
      : [['Processes', `${workers.running} of ${plural(workers.wanted, 'worker')}`] as const]),
    ['Version', figures.version],
  ];
}
