import type { TargetedSubmitEvent } from 'preact';
import type { PublishActions, PublishView } from './view.ts';

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
  const isBusy = on === undefined || view.task !== 'none';
  const onSubmit = (event: TargetedSubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    const fields = new FormData(event.currentTarget);
    const file = fields.get('file');
    const isFile = file instanceof File && file.size > 0;
    on?.openKey(isFile ? file : undefined, String(fields.get('secret')), String(fields.get('passphrase')));
    event.currentTarget.reset();
  };
  return (
    <section class="card" aria-labelledby="key-title">
      <h2 id="key-title">The key</h2>
      <p class="small">
        It is the name that you publish under. Whoever has its secret can publish there, and without it nobody
        can. The secret stays in this tab: it is not sent, and not stored.
      </p>
      <p>
        <button type="button" disabled={isBusy} onClick={() => on?.makeKey()}>
          Make a new key
        </button>
      </p>
      <form class="stack" onSubmit={onSubmit} autocomplete="off">
        <fieldset disabled={isBusy}>
          <legend>Or open one that you have</legend>
          <div class="field">
            <label for="file">Key file</label>
            <input id="file" name="file" type="file" />
          </div>
          <div class="field">
            <label for="secret">Or its 64 hexadecimal digits</label>
            <input id="secret" name="secret" type="password" autocomplete="off" maxLength={66} />
          </div>
          <div class="field">
            <label for="passphrase">Passphrase, if the file is encrypted</label>
            <input id="passphrase" name="passphrase" type="password" autocomplete="off" />
          </div>
          <button type="submit">Open the key</button>
        </fieldset>
      </form>
      <Problem view={view} />
    </section>
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
    <section class="card" aria-labelledby="key-title">
      <h2 id="key-title">The key</h2>
      <p>
        <code>{view.key}</code>
      </p>
      <p class={view.isKept ? 'small' : 'problem'}>
        {view.isKept
          ? 'It is in a file of yours.'
          : 'It is in this tab alone. Save it: without it nobody can change what is published here.'}
      </p>
      <form class="stack" onSubmit={onSubmit} autocomplete="off">
        <fieldset disabled={view.task !== 'none'}>
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
          <button type="submit">Save the key</button>
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
