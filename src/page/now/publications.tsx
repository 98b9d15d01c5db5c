import { countText } from '../../observe/count-text.ts';
import { duration } from '../../observe/duration.ts';
import type { PublicationFigures } from '../figures/figures.ts';
import { NumberCell, Table } from '../parts/table.tsx';

/** What is kept in the network, without names: who may see this page need not know whose keys these are. */
export function Publications({ publications }: { readonly publications: readonly PublicationFigures[] }) {
  if (publications.length === 0) return null;
  return (
    <Table
      isFixed
      caption="Publications, in the order of the configuration"
      head={['What', 'State', { number: 'Held by' }, { number: 'Octets' }, { number: 'Again in' }]}
    >
      {publications.map(({ kind, state, held, nextInSeconds, hasProblem }, index) => (
        <tr>
          <th scope="row">
            {index + 1}. {kind === 'publish' ? 'zone' : 'key of somebody else'}
          </th>
          <td>
            <span class={`state ${state}`}>{states[state]}</span>
            {hasProblem ? <span class="small block">its file cannot be used</span> : null}
            {held === undefined ? null : (
              <span class="small block">published {duration(held.agoSeconds)} ago</span>
            )}
          </td>
          <NumberCell>{held === undefined ? '–' : `${held.nodes} of ${held.nodesAsked} nodes`}</NumberCell>
          <NumberCell>{held === undefined ? '–' : countText(held.octets)}</NumberCell>
          <NumberCell>{nextInSeconds === undefined ? '–' : duration(nextInSeconds)}</NumberCell>
        </tr>
      ))}
    </Table>
  );
}

const states: Readonly<Record<PublicationFigures['state'], string>> = {
  waiting: 'not published yet',
  running: 'is being published',
  held: 'published',
  failing: 'last try failed',
  stopped: 'stopped by an internal error',
};
