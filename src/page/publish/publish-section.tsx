import { plural } from '../../observe/count-text.ts';
import { sections } from '../sections.ts';
import { KeyCard, OpenKeyCard } from './key-card.tsx';
import type { PublishActions, Published, PublishView } from './view.ts';
import { ZoneCard } from './zone-card.tsx';

/**
 * Publishes records under a key. All is done in the browser: the zone is compiled and signed there, and the packet alone is
 * sent.
 */
export function PublishSection({ view, on }: { readonly view: PublishView; readonly on?: PublishActions }) {
  const { key, published } = view;
  return (
    <>
      <h1>Publish under a key</h1>
      {view.isSecure ? (
        <>
          <noscript>
            <p>
              Keys are used in the browser alone, which needs scripting. Without it,{' '}
              <code>pkarrd keygen</code> and <code>pkarrd publish</code> do the same.
            </p>
          </noscript>
          <p class="phase" role="status">
            {phases[view.task]}
          </p>
          {key === undefined ? (
            <KeyCard key="none" view={view} on={on} />
          ) : (
            <>
              <OpenKeyCard key={key} view={view} on={on} />
              <ZoneCard view={view} on={on} />
            </>
          )}
          {published === undefined || key === undefined ? null : (
            <ResultCard name={key} published={published} />
          )}
        </>
      ) : (
        <p>
          Somebody on the way to this page could change it and take your key, because it came without TLS.
          Open it on the machine where pkarrd runs, or over https. On the command line,{' '}
          <code>pkarrd publish</code> does the same.
        </p>
      )}
    </>
  );
}

const phases = {
  none: '',
  opening: 'Opening the key …',
  reading: 'Looking for what is published under it …',
  saving: 'Encrypting the key …',
  publishing: 'Publishing …',
} as const satisfies Readonly<Record<PublishView['task'], string>>;

function ResultCard({ name, published }: { readonly name: string; readonly published: Published }) {
  return (
    <section class="card" aria-labelledby="result-title">
      <h2 id="result-title">Published</h2>
      <p role="status">
        {plural(published.nodes, 'node')} of the DHT hold{published.nodes === 1 ? 's' : ''} the packet of{' '}
        {published.date}.
      </p>
      <ul class="plain">
        <li>
          <a href={`${sections['look-up'].path}?name=${name}&type=`}>Look it up</a>
        </li>
        {published.site === undefined ? null : (
          <li>
            <a href={published.site}>Open the site</a>
          </li>
        )}
      </ul>
      <p class="small">
        Nodes drop a packet after some hours or days. Publish it again here, or have <code>pkarrd serve</code>{' '}
        keep it published.
      </p>
    </section>
  );
}
