import { hydrate } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { type NowEvent, type NowView, withEvent } from '../figures/now-view.ts';
import { NowSection } from '../now/now-section.tsx';
import { LiveEvents } from './live-events.ts';

/** Keeps the section up to date while somebody can see it. */
export function startNow(root: Element, view: NowView): void {
  hydrate(<LiveNow first={view} />, root);
}

function LiveNow({ first }: { readonly first: NowView }) {
  const [view, setView] = useState(first);
  useEffect(() => {
    const events = new LiveEvents<NowEvent>('/events', (event) =>
      setView((before) => withEvent(before, event)),
    );
    return () => events.close();
  }, []);
  return <NowSection view={view} />;
}
