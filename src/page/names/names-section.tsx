import { countText } from '../../observe/count-text.ts';
import { NumberCell, Table } from '../parts/table.tsx';
import { sections } from '../sections.ts';
import type { NamesView, WatchedKey } from './view.ts';

/** The user's own names for keys, and what became of those keys. It changes seldom, and needs no script. */
export function NamesSection({
  view,
  gatewayPort,
}: {
  readonly view: NamesView;
  /** The port at which the sites of keys are opened. */
  readonly gatewayPort: number | undefined;
}) {
  const { names, keys, left } = view;
  return (
    <>
      <h1>Your names for keys</h1>
      {names.length === 0 ? (
        <div class="card">
          <p>
            There are none. <code>pkarrd name add alice KEY</code> makes <code>alice.internal</code> mean a
            key.
          </p>
        </div>
      ) : (
        <Table caption="Names" head={['Name', 'Key', 'From']}>
          {names.map(({ name, key, from, isHidden }) => (
            <tr>
              <th scope="row">{isHidden ? name : <NameLink name={name} port={gatewayPort} />}</th>
              <td>
                <KeyLink of={key} />
              </td>
              <td>{isHidden ? 'added, hidden by the configuration' : from}</td>
            </tr>
          ))}
        </Table>
      )}
      {keys.map((key) => (
        <History key={key.key} of={key} />
      ))}
      {left === 0 ? null : (
        <p>{left === 1 ? '1 more key is not shown.' : `${countText(left)} more keys are not shown.`}</p>
      )}
    </>
  );
}

function NameLink({ name, port }: { readonly name: string; readonly port: number | undefined }) {
  return port === undefined ? <span>{name}</span> : <a href={`http://${name}.localhost:${port}/`}>{name}</a>;
}

function KeyLink({ of }: { readonly of: string }) {
  return (
    <a href={`${sections['look-up'].path}?name=${of}`}>
      <code>{of}</code>
    </a>
  );
}

function History({ of: { key, names, isWatched, packets } }: { readonly of: WatchedKey }) {
  const title = names.join(', ') || key;
  return (
    <section class="card">
      <h2>{isWatched ? `${title}, watched` : title}</h2>
      <p class="small">
        <KeyLink of={key} />
      </p>
      {packets.length === 0 ? (
        <p>No packet of it was seen yet.</p>
      ) : (
        <Table
          caption={`The last packets of ${title}`}
          head={['Signed', 'First seen here', { number: 'Octets' }, 'Changes']}
        >
          {packets.map(({ signed, firstSeen, octets, added, removed }) => (
            <tr>
              <th scope="row">{signed}</th>
              <td>{firstSeen}</td>
              <NumberCell>{countText(octets)}</NumberCell>
              <td>
                {removed.map((line) => (
                  <code class="block">{`− ${line}`}</code>
                ))}
                {added.map((line) => (
                  <code class="block">{`+ ${line}`}</code>
                ))}
                {added.length + removed.length === 0 ? 'none' : null}
              </td>
            </tr>
          ))}
        </Table>
      )}
    </section>
  );
}
