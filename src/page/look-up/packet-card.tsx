import { Meter } from '../parts/meter.tsx';
import { Facts, Table } from '../parts/table.tsx';
import type { PacketView } from './step.ts';
import { type LookUpView, tallyOf } from './view.ts';

/** What the browser itself found: `running`, or whether the signature is valid; `impossible` without a secure context. */
export type SignatureCheck = 'running' | 'valid' | 'invalid' | 'impossible';

/** The packet: who signed it, when, and the records in it. */
export function PacketCard({
  packet,
  view,
  check,
}: {
  readonly packet: PacketView;
  readonly view: LookUpView;
  readonly check?: SignatureCheck;
}) {
  const { holders, answered } = tallyOf(view);
  return (
    <section class="card packet">
      <Facts
        caption="The signed packet"
        rows={[
          ['Key', <code>{packet.key}</code>],
          [
            'Signature',
            <>
              <span class={`state ${check === 'invalid' ? 'dead' : 'alive'}`}>{checkText(check)}</span>
              <code class="block small">{packet.signature}</code>
            </>,
          ],
          ['Signed', `${packet.date}, ${agoText(packet.age)}`],
          ['Octets', <Octets packet={packet} />],
          ['Held by', `${holders} of ${answered} nodes and relays that answered`],
        ]}
      />
      <Table caption="Its records" head={['Name', { number: 'TTL' }, 'Type', 'Data']}>
        {packet.records.map(({ name, ttl, type, data }) => (
          <tr>
            <th scope="row">{name}</th>
            <td class="number">{ttl}</td>
            <td>{type}</td>
            <td>
              <code>{data}</code>
            </td>
          </tr>
        ))}
      </Table>
    </section>
  );
}

function checkText(check: SignatureCheck | undefined): string {
  switch (check) {
    case 'valid':
      return '✓ valid: verified by pkarrd, and again by this browser';
    case 'invalid':
      return '✕ this browser finds that the key did not sign this packet';
    default:
      return '✓ valid: verified by pkarrd';
  }
}

/** `3 minutes`, or that it is dated ahead. */
function agoText(age: string): string {
  return age.startsWith('dated') ? age : `${age} ago`;
}

function Octets({ packet: { octets, maxOctets } }: { readonly packet: PacketView }) {
  return (
    <>
      {octets} of {maxOctets}
      <Meter share={octets / maxOctets} />
    </>
  );
}
