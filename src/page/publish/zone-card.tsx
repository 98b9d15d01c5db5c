import { MAX_MESSAGE_LENGTH, type ZoneMessage } from '../../library/zone.ts';
import { plural } from '../../observe/count-text.ts';
import { Meter } from '../parts/meter.tsx';
import type { PublishActions, PublishView } from './view.ts';

/** Characters that the editor takes: more than the compiler, which says so, and not so many that a browser stands still. */
const MOST_TYPED = 300_000;
/** The id of the editor. */
export const ZONE_ID = 'zone';
/** Errors that are listed; more are of no use to somebody who types. */
const MAX_LISTED = 10;

/** The records: an editor that says while somebody types what is wrong, and how much room is left. */
export function ZoneCard({
  view,
  on,
}: {
  readonly view: PublishView;
  readonly on: PublishActions | undefined;
}) {
  const { zone, task, problem } = view;
  const length = zone?.ok ? zone.message.length : zone?.length;
  return (
    <section class="card" aria-labelledby="zone-title">
      <h2 id="zone-title">2. The records</h2>
      <label for={ZONE_ID}>Zone file</label>
      <textarea
        id={ZONE_ID}
        rows={12}
        maxLength={MOST_TYPED}
        spellcheck={false}
        autocapitalize="none"
        autocomplete="off"
        aria-describedby="zone-state"
        aria-invalid={zone !== undefined && !zone.ok}
        value={view.text}
        onInput={(event) => on?.edit(event.currentTarget.value)}
      />
      <p
        id="zone-state"
        role="status"
        class={zone === undefined || zone.ok ? 'count small' : 'count small problem'}
      >
        {stateOf(view)}
      </p>
      <Meter share={(length ?? 0) / MAX_MESSAGE_LENGTH} />
      <p class="actions">
        <button
          type="button"
          disabled={zone?.ok !== true}
          aria-disabled={task !== 'none'}
          onClick={() => on?.publish()}
        >
          {task === 'publishing' ? 'Publishing …' : 'Sign and publish'}
        </button>
        {view.isElsewhere ? (
          <button type="button" class="other" aria-disabled={task !== 'none'} onClick={() => on?.takeOver()}>
            Take over what is published
          </button>
        ) : null}
      </p>
      {problem?.of === 'zone' ? (
        <p class="problem" role="alert">
          {problem.sentence}
        </p>
      ) : null}
      {zone === undefined ? null : (
        <Messages
          of={zone.ok ? 'warning' : 'error'}
          messages={zone.ok ? zone.warnings : zone.errors}
          goTo={on?.goTo}
        />
      )}
    </section>
  );
}

/** The octets that are used, or how many errors there are. */
function stateOf({ zone }: PublishView): string {
  if (zone === undefined) return `0 of ${MAX_MESSAGE_LENGTH} octets`;
  if (zone.ok)
    return `${zone.message.length} of ${MAX_MESSAGE_LENGTH} octets, ${plural(zone.records.length, 'record')}`;
  if (zone.length === undefined) return plural(zone.errors.length, 'error');
  return `${zone.length} of ${MAX_MESSAGE_LENGTH} octets: ${zone.length - MAX_MESSAGE_LENGTH} too many`;
}

function Messages({
  of,
  messages,
  goTo,
}: {
  readonly of: 'error' | 'warning';
  readonly messages: readonly ZoneMessage[];
  readonly goTo: PublishActions['goTo'] | undefined;
}) {
  if (messages.length === 0) return null;
  return (
    <ul class={`messages ${of}s`} aria-label={`${of}s`}>
      {messages.slice(0, MAX_LISTED).map(({ message, at }) => (
        <li>
          {at === undefined ? null : (
            <button type="button" class="place" onClick={() => goTo?.(at)}>
              Line {at.line}
            </button>
          )}{' '}
          {message}
        </li>
      ))}
    </ul>
  );
}
