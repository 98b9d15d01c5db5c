import { AnswerCard } from './answer-card.tsx';
import { LookUpForm } from './look-up-form.tsx';
import { NetworkCard } from './network-card.tsx';
import { PacketCard, type SignatureCheck } from './packet-card.tsx';
import { type LookUpView, tallyOf } from './view.ts';

/**
 * Looks a name up. What comes is added below what is there already, so that nothing that somebody reads moves.
 *
 * @param props `check`: what the browser found of the signature. `onLookUp`: called in place of sending the form.
 */
export function LookUpSection({
  view,
  check,
  onLookUp,
}: {
  readonly view: LookUpView;
  readonly check?: SignatureCheck;
  readonly onLookUp?: (name: string, type: string) => void;
}) {
  const { question, problem, state, network, packet } = view;
  const isKey = question?.key !== undefined;
  // A later part is held back until those before it are complete.
  const isNetworkOver = !isKey || network !== undefined || problem !== undefined || state === 'done';
  return (
    <>
      <h1>Look up a name</h1>
      <LookUpForm view={view} {...(onLookUp !== undefined && { onLookUp })} />
      <p class="phase" role="status">
        {phaseOf(view)}
      </p>
      {problem === undefined ? null : <p class="problem">{problem}</p>}
      {state === 'none' ? <WhatIsShown /> : null}
      {isKey ? <NetworkCard view={view} /> : null}
      {isNetworkOver && packet !== undefined ? (
        <PacketCard packet={packet} view={view} {...(check !== undefined && { check })} />
      ) : null}
      {isNetworkOver ? <AnswerCard view={view} /> : null}
    </>
  );
}

/** What there is to be seen, for who has not looked anything up. */
function WhatIsShown() {
  return (
    <div class="columns quiet">
      <section class="card">
        <h2>A name that ends in a key</h2>
        <p>
          You see which nodes of the DHT and which relays were asked, how near they are to the key, and what
          they said; the signed packet, whose signature your browser verifies itself; and how to open its
          site.
        </p>
      </section>
      <section class="card">
        <h2>Any other name</h2>
        <p>
          You see the answer as dig prints it, which upstream resolver or cache it came from, and how long it
          took.
        </p>
      </section>
    </div>
  );
}

/** What is said aloud: the phases alone, not each node. */
function phaseOf(view: LookUpView): string {
  const { state, packet, question, answer } = view;
  if (state === 'none') return '';
  if (state === 'running')
    return packet === undefined ? 'Looking it up …' : 'A packet was found. The other nodes are asked …';
  if (question?.key === undefined)
    return answer === undefined
      ? ''
      : `Done: ${outcomes[answer.rcode] ?? 'the answer is an error'} (${answer.rcode}).`;
  const { holders, answered } = tallyOf(view);
  return packet === undefined
    ? 'Done: no packet was found.'
    : `Done: ${holders} of ${answered} that answered hold the packet.`;
}

/** What an answer means, by its RCODE. */
const outcomes: Readonly<Record<string, string>> = {
  NOERROR: 'the name exists',
  NXDOMAIN: 'there is no such name',
  SERVFAIL: 'it could not be resolved',
  REFUSED: 'nobody may answer this',
};
