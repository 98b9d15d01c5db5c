import { countText } from '../../observe/count-text.ts';
import { duration } from '../../observe/duration.ts';
import type { UpstreamFigures } from '../figures/figures.ts';
import { millisecondsText } from '../parts/format.ts';
import { NumberCell, Table } from '../parts/table.tsx';

/** The upstream resolvers, and how each of them does. */
export function Upstreams({ upstreams }: { readonly upstreams: readonly UpstreamFigures[] }) {
  if (upstreams.length === 0) return null;
  return (
    <Table
      isFixed
      caption="Upstream resolvers"
      head={['Resolver', 'State', { number: 'Round trip' }, { number: 'Replies' }]}
    >
      {upstreams.map((upstream) => (
        <tr>
          <th scope="row" class="long">
            {upstream.label}
            {upstream.isFallback ? ' (fallback)' : ''}
            {upstream.isAskedNext ? <span class="tag">asked next</span> : null}
          </th>
          <td>
            <span class={`state ${upstream.state}`}>{stateText(upstream)}</span>
            {upstream.lastFailure === undefined ? null : (
              <span class="small block">
                {upstream.lastFailure.what} {duration(upstream.lastFailure.agoSeconds)} ago
              </span>
            )}
          </td>
          <NumberCell>
            {upstream.roundTripMs === undefined ? '–' : millisecondsText(upstream.roundTripMs)}
          </NumberCell>
          <NumberCell>{`${countText(upstream.answered)} of ${countText(upstream.asked)}`}</NumberCell>
        </tr>
      ))}
    </Table>
  );
}

function stateText({ state, asked }: UpstreamFigures): string {
  // After a change of the network, too, nothing is known of it.
  return state === 'new' && asked > 0 ? 'not known yet' : states[state];
}

const states: Readonly<Record<UpstreamFigures['state'], string>> = {
  new: 'not asked yet',
  alive: 'answers',
  late: 'is slow',
  dead: 'does not answer',
};
