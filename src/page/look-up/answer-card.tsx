import type { LookUpView } from './view.ts';
import { whyOf } from './why.ts';

/** The answer of the resolver, where it came from, and how to ask for it elsewhere. */
export function AnswerCard({ view }: { readonly view: LookUpView }) {
  const { answer, question, packet, gatewayPort } = view;
  if (question === undefined || answer === undefined) return null;
  const host = question.name.replace(/\.$/, '');
  const site = `http://${host}.localhost:${gatewayPort}/`;
  return (
    <section class="card">
      <h2>The answer</h2>
      <p>{whyOf(view)}</p>
      <pre>{`$ ${question.command}\n${answer.text}`}</pre>
      {packet !== undefined && gatewayPort !== undefined ? (
        <p>
          Its site, in this browser: <a href={site}>{site}</a>
        </p>
      ) : null}
    </section>
  );
}
