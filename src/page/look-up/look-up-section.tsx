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
      {isKey ? <NetworkCard view={view} /> : null}
      {isNetworkOver && packet !== undefined ? (
        <PacketCard packet={packet} view={view} {...(check !== undefined && { check })} />
      ) : null}
      {isNetworkOver ? <AnswerCard view={view} /> : null}
    </>
  );
}

/** What is said aloud: the phases alone, not each node. */
function phaseOf(view: LookUpView): string {
  const { state, packet, question, answer } = view;
  if (state === 'none') return '';
  if (state === 'running')
    return packet === undefined ? 'Looking it up …' : 'A packet was found. The other nodes are asked …';
  if (question?.key === undefined) return answer === undefined ? '' : `Done: ${answer.rcode}.`;
  const { holders, answered } = tallyOf(view);
  return packet === undefined
    ? 'Done: no packet was found.'
    : `Done: ${holders} of ${answered} that answered hold the packet.`;
}
