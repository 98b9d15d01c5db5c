import { hydrate } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { LookUpSection } from '../look-up/look-up-section.tsx';
import type { SignatureCheck } from '../look-up/packet-card.tsx';
import type { LookUpStep } from '../look-up/step.ts';
import { emptyView, type LookUpView, withStep } from '../look-up/view.ts';
import { sections, titleText } from '../sections.ts';
import { checkSignature } from './check-signature.ts';
import { readLines } from './read-lines.ts';

/** Characters that are asked for: more is no address with a name in it, and does not fit into the head of a request. */
const MAX_TYPED = 4_000;

/** Looks names up without loading the page anew, and shows each step when it happens. */
export function startLookUp(root: Element, view: LookUpView): void {
  hydrate(<LiveLookUp first={view} />, root);
}

function LiveLookUp({ first }: { readonly first: LookUpView }) {
  const [view, setView] = useState(first);
  const [check, setCheck] = useState<SignatureCheck>();
  const running = useRef<AbortController | undefined>(undefined);
  const { gatewayPort } = first;

  const lookUp = async (name: string, type: string) => {
    running.current?.abort();
    const controller = new AbortController();
    running.current = controller;
    let next: LookUpView = { ...emptyView(name, type, gatewayPort), state: 'running' };
    const show = (changed: LookUpView) => {
      next = changed;
      if (!controller.signal.aborted) setView(next);
    };
    show(next);
    document.title = titleOf(name);
    try {
      if (name.length > MAX_TYPED) throw new LookUpProblem('This is too long for a name.');
      const response = await fetch(`${sections['look-up'].path}/steps?${query(name, type)}`, {
        signal: controller.signal,
      });
      // A refusal has its sentence in the same form.
      const isInSteps = response.headers.get('content-type') === 'application/x-ndjson';
      if (!isInSteps || response.body === null)
        throw new LookUpProblem(`pkarrd did not look it up (${response.status}).`);
      for await (const step of readLines<LookUpStep>(response.body)) show(withStep(next, step));
    } catch (error) {
      if (controller.signal.aborted) return;
      const isExpected = error instanceof LookUpProblem;
      const sentence = isExpected
        ? error.message
        : 'pkarrd does not answer, or not to the end. Is it running?';
      show(withStep(next, { kind: 'problem', sentence }));
    }
    show({ ...next, state: 'done' });
  };

  useEffect(() => {
    const onBack = () => {
      const asked = new URLSearchParams(location.search);
      const name = asked.get('name') ?? '';
      document.title = titleOf(name);
      running.current?.abort();
      if (name === '') setView(emptyView('', '', gatewayPort));
      else lookUp(name, asked.get('type') ?? '').catch(reportError);
    };
    addEventListener('popstate', onBack);
    return () => removeEventListener('popstate', onBack);
  }, []);

  const { packet } = view;
  const signed = packet && `${packet.key} ${packet.signature} ${packet.timestamp}`;
  useEffect(() => {
    setCheck(undefined);
    if (packet !== undefined) checkSignature(packet).then(setCheck, reportError);
  }, [signed]);

  return (
    <LookUpSection
      view={view}
      {...(check !== undefined && { check })}
      onLookUp={(name, type) => {
        if (name.length <= MAX_TYPED)
          history.pushState(null, '', `${sections['look-up'].path}?${query(name, type)}`);
        lookUp(name, type).catch(reportError);
      }}
    />
  );
}

/** Why nothing was looked up, as a sentence. */
class LookUpProblem extends Error {}

function titleOf(name: string): string {
  return titleText('look-up', name.length > MAX_TYPED ? '' : name);
}

function query(name: string, type: string): string {
  return String(new URLSearchParams({ name, type }));
}
