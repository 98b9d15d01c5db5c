import { nowDocument } from '../../page/documents.tsx';
import { sections } from '../../page/sections.ts';
import { limits } from '../limits.ts';
import { ownHeaders } from '../routing/own-headers.ts';
import { respond } from '../routing/respond.ts';
import type { Route } from '../routing/route.ts';
import type { LiveFigures } from './live-figures.ts';
import { loadedFiles } from './page-files.ts';
import { documentHeaders } from './page-headers.ts';

/** How the resolver does: the document, and what follows it once a second as server-sent events (HTML §9.2). */
export function nowRoutes(figures: LiveFigures): readonly Route[] {
  return [
    {
      path: sections.now.path,
      methods: ['GET', 'HEAD'],
      access: { elsewhere: 'links', clients: 'allow-from' },
      async handle({ response, signal }) {
        const body = nowDocument(await figures.view(signal), loadedFiles);
        respond(response, { status: 200, headers: documentHeaders, body });
      },
    },
    {
      path: '/events',
      methods: ['GET'],
      access: { elsewhere: 'nothing', clients: 'allow-from' },
      handle({ response, signal }) {
        if (figures.followers >= limits.followers) {
          respond(response, { status: 503, headers: { 'retry-after': '10' } });
          return;
        }
        response.writeHead(200, { ...ownHeaders, 'content-type': 'text/event-stream' });
        response.flushHeaders();
        const leave = figures.follow({
          event(event) {
            // Who does not read is told nothing more until it has read what there is.
            if (!response.writableNeedDrain) response.write(`data: ${JSON.stringify(event)}\n\n`);
          },
          end: () => response.end(),
        });
        signal.addEventListener('abort', leave, { once: true });
      },
    },
  ];
}
