import type { TargetedSubmitEvent } from 'preact';
import type { PublishActions, PublishView } from './view.ts';

/** The id of the heading of the key that is open. */
export const KEY_TITLE_ID = 'key-title';
/** Characters of a passphrase, at least. */
const MIN_PASSPHRASE = 10;

/** Where the key comes from: it is made here, or in a file. */
export function KeyCard({
  view,
  on,
}: {
  readonly view: PublishView;
  readonly on: PublishActions | undefined;
}) {
  const isBusy = view.task !== 'none';
  const onSubmit = (event: TargetedSubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    if (isBusy) return;
    const fields = new FormData(event.currentTarget);
    const file = fields.get('file');
    const isFile = file instanceof File && file.name !== '';
    on?.openKey(isFile ? file : undefined, String(fields.get('secret')), String(fields.get('passphrase')));
    event.currentTarget.reset();
  };
  return (
    <div class="columns">
      <section class="card" aria-labelledby="new-title">
        <h2 id="new-title">Make a key</h2>
        <p>
          It is the name that you publish under. Whoever has its secret can publish there, and without it
          nobody can.
        </p>
        <p>
          The secret stays in this tab: it is not sent, and not stored. Save it in a file, encrypted, before
          you close the tab.
        </p>
        <p class="actions">
          <button
            type="button"
            disabled={on === undefined}
            aria-disabled={isBusy}
            onClick={() => on?.makeKey()}
          >
            Make a new key
          </button>
        </p>
      </section>
      <section class="card" aria-labelledby="open-title">
        <h2 id="open-title">Or open one that you have</h2>
        <form onSubmit={onSubmit} autocomplete="off">
          <fieldset disabled={on === undefined} aria-labelledby="open-title">
            <div class="field">
              <label for="file">Key file</label>
              <input id="file" name="file" type="file" />
            </div>
            <div class="field">
              <label for="secret">Or its 64 hexadecimal digits</label>
              <input id="secret" name="secret" type="password" autocomplete="off" />
            </div>
            <div class="field">
              <label for="passphrase">Passphrase, if the file is encrypted</label>
              <input id="passphrase" name="passphrase" type="password" autocomplete="off" />
            </div>
            <button type="submit" class="other" aria-disabled={isBusy}>
              Open the key
            </button>
          </fieldset>
        </form>
        <Problem view={view} />
      </section>
    </div>
  );
}

/** The key that is open, and how to keep it. */
export function OpenKeyCard({
  view,
  on,
}: {
  readonly view: PublishView;
  readonly on: PublishActions | undefined;
}) {
  const onSubmit = (event: TargetedSubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    if (view.task !== 'none') return;
    const form = event.currentTarget;
    const fields = new FormData(form);
    const again = form.elements.namedItem('again') as HTMLInputElement;
    const passphrase = String(fields.get('passphrase'));
    again.setCustomValidity(fields.get('again') === passphrase ? '' : 'This is another passphrase.');
    if (!form.reportValidity()) return;
    on?.saveKey(passphrase);
    form.reset();
  };
  return (
    <section class="card" aria-labelledby={KEY_TITLE_ID}>
      <h2 id={KEY_TITLE_ID} tabIndex={-1}>
        1. The key
      </h2>
      <p>
        <code class="name">{view.key}</code>
      </p>
      <p class={view.isKept ? 'small' : 'warning'}>
        {view.isKept
          ? 'It is in a file of yours.'
          : 'It is in this tab alone. Save it: without it nobody can change what is published here.'}
      </p>
      <form onSubmit={onSubmit} autocomplete="off">
        <fieldset class="row" disabled={on === undefined}>
          <legend>Save it in a file that a passphrase opens</legend>
          <div class="field">
            <label for="passphrase">Passphrase, at least {MIN_PASSPHRASE} characters</label>
            <input
              id="passphrase"
              name="passphrase"
              type="password"
              autocomplete="off"
              required
              minLength={MIN_PASSPHRASE}
            />
          </div>
          <div class="field">
            <label for="again">The same again</label>
            <input
              id="again"
              name="again"
              type="password"
              autocomplete="off"
              required
              onInput={(event) => event.currentTarget.setCustomValidity('')}
            />
          </div>
          <button
            type="submit"
            class={view.isKept ? 'other' : undefined}
            aria-disabled={view.task !== 'none'}
          >
            Save the key
          </button>
        </fieldset>
      </form>
      <p class="small">
        <code>pkarrd keygen --from FILE</code> makes a key file for the command line of it.
      </p>
      <Problem view={view} />
    </section>
  );
}

function Problem({ view: { problem } }: { readonly view: PublishView }) {
  return problem?.of === 'key' ? (
    <p class="problem" role="alert">
      {problem.sentence}
    </p>
  ) : null;
}
