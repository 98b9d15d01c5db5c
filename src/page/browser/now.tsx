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
  const [isLost, setLost] = useState(false);
  useEffect(() => {
    const onEvent = (event: NowEvent) => {
      setLost(false);
      setView((before) => withEvent(before, event));
    };
    const events = new LiveEvents<NowEvent>('/events', onEvent, () => setLost(true));
    return () => events.close();
  }, []);
  return <NowSection view={view} isLost={isLost} />;
}
