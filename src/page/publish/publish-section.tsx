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
      <div class="title">
        <h1>Publish under a key</h1>
        {view.isSecure ? (
          <p class="phase" role="status">
            {phaseOf(view)}
          </p>
        ) : null}
      </div>
      {view.isSecure ? (
        <>
          <noscript>
            <p>
              Keys are used in the browser alone, which needs scripting. Without it,{' '}
              <code>pkarrd keygen</code> and <code>pkarrd publish</code> do the same.
            </p>
          </noscript>
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

/** What is said aloud. */
function phaseOf({ task, published, isEdited }: PublishView): string {
  return task === 'none' && published !== undefined && !isEdited ? 'Published.' : phases[task];
}

const phases = {
  none: '',
  opening: 'Opening the key …',
  reading: 'Looking for what is published under it …',
  saving: 'Encrypting the key …',
  publishing: 'Publishing …',
} as const satisfies Readonly<Record<PublishView['task'], string>>;

function ResultCard({ name, published }: { readonly name: string; readonly published: Published }) {
  const { nodes, date, site } = published;
  return (
    <section class="card done" aria-labelledby="result-title">
      <h2 id="result-title">3. Published</h2>
      <p>
        {plural(nodes, 'node')} of the DHT hold{nodes === 1 ? 's' : ''} the packet of{' '}
        <time dateTime={date}>{date.replace('T', ' ').replace(/\.\d+Z$|Z$/, ' UTC')}</time>.
      </p>
      <p class="actions">
        <a
          class="button"
          target="_blank"
          href={`${sections['look-up'].path}?name=${name}&type=`}
          rel="noopener"
        >
          Look it up in a new tab
        </a>
        {site === undefined ? null : (
          <a class="button" target="_blank" rel="noopener" href={site}>
            Open the site in a new tab
          </a>
        )}
      </p>
      <p class="small">
        Nodes drop a packet after some hours or days. Publish it again here, or have <code>pkarrd serve</code>{' '}
        keep it published.
      </p>
    </section>
  );
}
