import { plural } from '../../observe/count-text.ts';
import { duration } from '../../observe/duration.ts';
import { millisecondsText } from '../parts/format.ts';
import { Table } from '../parts/table.tsx';
import { AskedChart } from './asked-chart.tsx';
import type { Asked, NetworkEnd } from './step.ts';
import { type LookUpView, tallyOf } from './view.ts';

/**
 * Who was asked for the packet, how near they are to the key, when they answered, and what they said. The text that grows is below all that
 * would be moved by it.
 */
export function NetworkCard({ view }: { readonly view: LookUpView }) {
  const { asked, packet, network, place } = view;
  const { holders, behind, answered } = tallyOf(view);
  return (
    <section class="card">
      <h2>Who holds it</h2>
      <AskedChart asked={asked} newest={packet?.timestamp} />
      <details>
        <summary>Each of them</summary>
        <Table
          caption="In the order of their answers"
          head={[{ number: 'After' }, 'Who', { number: 'Near' }, 'Said']}
        >
          {asked.map((one) => (
            <tr>
              <td class="number">{millisecondsText(one.atMs)}</td>
              <th scope="row">{one.label}</th>
              <td class="number">{one.sharedBits === undefined ? '–' : plural(one.sharedBits, 'bit')}</td>
              <td>{saidText(one, packet?.timestamp)}</td>
            </tr>
          ))}
        </Table>
        <p class="small">
          Near: leading bits that the id of the node has in common with the place of the key in the DHT, the
          SHA-1 of its octets.
        </p>
      </details>
      <p class="counts">
        {asked.length === 0
          ? 'Nobody has answered yet.'
          : `${plural(asked.length, 'node or relay', 'nodes and relays')} asked, ${answered} answered: ${packet === undefined ? 'none has a packet' : `${holders} ${holders === 1 ? 'holds' : 'hold'} this packet${behind === 0 ? '' : `, ${behind} another one`}`}.`}
        {network === undefined ? null : ` ${endText(network)}`}
        {asked.length === 0 && network !== undefined && place !== undefined
          ? ' A lookup of this key was in progress already, and its steps are not known.'
          : null}
      </p>
    </section>
  );
}

function endText({ outcome, text, againInSeconds, atMs }: NetworkEnd): string {
  const after = millisecondsText(atMs);
  switch (outcome) {
    case 'found':
      return `All was known after ${after}. The network is asked again within ${duration(againInSeconds ?? 0)}.`;
    case 'absent':
      return `Nothing is published under this key: known after ${after}.`;
    case 'unusable':
      return 'What is published under this key is not a packet of DNS records.';
    case 'busy':
      return 'Too many keys were looked up in a short time: try again in a moment.';
    case 'unreachable':
      return `The key could not be looked up: ${text ?? 'nobody answered'}.`;
  }
}

/** What one of them said; `newest` is the timestamp of the packet that is shown. */
function saidText({ said, timestamp }: Asked, newest: string | undefined): string {
  if (timestamp !== undefined) return timestamp === newest ? 'holds this packet' : 'holds another packet';
  return texts[said];
}

const texts: Readonly<Record<Asked['said'], string>> = {
  item: 'holds a packet',
  seq: 'holds a packet',
  nothing: 'has nothing for this key',
  invalid: 'has something that the key did not sign',
  refused: 'refused to answer',
  silent: 'did not answer',
};
