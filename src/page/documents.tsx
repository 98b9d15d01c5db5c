import { type LoadedFiles, renderDocument } from './document.tsx';
import type { NowView } from './figures/now-view.ts';
import { LookUpSection } from './look-up/look-up-section.tsx';
import type { LookUpView } from './look-up/view.ts';
import { NamesSection } from './names/names-section.tsx';
import type { NamesView } from './names/view.ts';
import { NowSection } from './now/now-section.tsx';
import { PublishSection } from './publish/publish-section.tsx';
import type { PublishView } from './publish/view.ts';

/** How the resolver does, as a document. */
export function nowDocument(view: NowView, files: LoadedFiles): string {
  return renderDocument({ section: 'now', content: <NowSection view={view} />, data: view, files });
}

/** A look-up and what came of it, as a document. */
export function lookUpDocument(view: LookUpView, files: LoadedFiles): string {
  const title = view.question?.name.replace(/\.$/, '');
  return renderDocument({
    section: 'look-up',
    ...(title !== undefined && { title }),
    content: <LookUpSection view={view} />,
    data: view,
    files,
  });
}

/** The user's own names for keys, as a document. */
export function namesDocument(view: NamesView, gatewayPort: number | undefined, files: LoadedFiles): string {
  const content = <NamesSection view={view} gatewayPort={gatewayPort} />;
  // No script goes on from it.
  return renderDocument({ section: 'names', content, data: null, files });
}

/** Where records are made and signed, as a document. */
export function publishDocument(view: PublishView, files: LoadedFiles): string {
  return renderDocument({ section: 'publish', content: <PublishSection view={view} />, data: view, files });
}
