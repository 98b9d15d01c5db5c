import type { TargetedSubmitEvent } from 'preact';
import { sections } from '../sections.ts';
import type { LookUpView } from './view.ts';

/** The types that the form offers; others can be had by the address of the page. */
const types = ['A', 'AAAA', 'CNAME', 'HTTPS', 'MX', 'NS', 'PTR', 'SOA', 'SRV', 'SVCB', 'TXT', 'ANY'] as const;

/** A key or a name, and a type. Without scripting the browser sends it. */
export function LookUpForm({
  view: { typed, type },
  onLookUp,
}: {
  readonly view: LookUpView;
  readonly onLookUp?: (name: string, type: string) => void;
}) {
  const onSubmit = (event: TargetedSubmitEvent<HTMLFormElement>) => {
    if (onLookUp === undefined) return;
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    onLookUp(String(form.get('name') ?? ''), String(form.get('type') ?? ''));
  };
  const others = types.some((one) => one === type) || type === '' ? [] : [type];
  return (
    <search>
      <form class="look-up" action={sections['look-up'].path} method="get" onSubmit={onSubmit}>
        <div class="field wide">
          <label for="name">Key or name</label>
          <input
            id="name"
            name="name"
            value={typed}
            required
            autocomplete="off"
            autocapitalize="none"
            spellcheck={false}
            aria-describedby="hint"
          />
        </div>
        <div class="field">
          <label for="type">Type</label>
          <select id="type" name="type">
            {[...types, ...others].map((one) => (
              <option value={one} selected={one === (type || 'A')}>
                {one}
              </option>
            ))}
          </select>
        </div>
        <button type="submit">Look up</button>
        <p id="hint" class="small">
          A key, a name below one, any other name, an address, or what you copied from an address bar.
        </p>
      </form>
    </search>
  );
}
