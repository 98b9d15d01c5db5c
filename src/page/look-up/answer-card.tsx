import { siteLink } from './site-link.ts';
import type { LookUpView } from './view.ts';
import { whyOf } from './why.ts';

/** The answer of the resolver, where it came from, and how to ask for it elsewhere. */
export function AnswerCard({ view }: { readonly view: LookUpView }) {
  const { answer, question } = view;
  if (question === undefined || answer === undefined) return null;
  const site = siteLink(view);
  return (
    <section class="card">
      <h2>The answer</h2>
      <p>{whyOf(view)}</p>
      <details>
        <summary>How it came about, step by step</summary>
        <ol>
          {answer.way.map((sentence) => (
            <li key={sentence}>{sentence}</li>
          ))}
        </ol>
      </details>
      {answer.advice.map((sentence) => (
        <p key={sentence}>{sentence}</p>
      ))}
      <pre>{`$ ${question.command}\n${answer.text}`}</pre>
      {site === undefined ? null : (
        <p>
          Its site, in this browser: <a href={site}>{site}</a>
        </p>
      )}
    </section>
  );
}
