import { countText } from '../../observe/count-text.ts';
import { duration } from '../../observe/duration.ts';
import type { AnswerSource } from '../../observe/metrics/traffic.ts';
import type { Recent } from '../figures/now-view.ts';
import { millisecondsText } from '../parts/format.ts';
import { Meter } from '../parts/meter.tsx';
import { NumberCell, Table } from '../parts/table.tsx';

/** Where answers came from, and how long they took. Every source has its row, so that none moves the others. */
export function Sources({ recent: { sources, seconds } }: { readonly recent: Recent }) {
  const all = sources.reduce((sum, { answers }) => sum + answers, 0);
  return (
    <Table
      isFixed
      caption="Where answers came from"
      note={`In the last ${duration(seconds)}, and the time within which 50, 90 and 99 % of them came.`}
      head={['From', { number: 'Count' }, { number: '50 %' }, { number: '90 %' }, { number: '99 %' }]}
    >
      {sources.map(({ source, answers, percentiles }) => (
        <tr class={answers === 0 ? 'idle' : undefined}>
          <th scope="row">
            {names[source]}
            <Meter share={all === 0 ? 0 : answers / all} />
          </th>
          <NumberCell>{countText(answers)}</NumberCell>
          <NumberCell>{timeText(percentiles?.p50)}</NumberCell>
          <NumberCell>{timeText(percentiles?.p90)}</NumberCell>
          <NumberCell>{timeText(percentiles?.p99)}</NumberCell>
        </tr>
      ))}
    </Table>
  );
}

function timeText(milliseconds: number | undefined): string {
  return milliseconds === undefined ? '–' : millisecondsText(milliseconds);
}

const names: Readonly<Record<AnswerSource, string>> = {
  cache: 'the cache',
  local: 'pkarrd itself',
  packet: 'packets in memory',
  store: 'packets on disk',
  upstream: 'upstream resolvers',
  relay: 'relays',
  dht: 'the DHT',
};
