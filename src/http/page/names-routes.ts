import { isLoopback } from '../../ip/loopback.ts';
import { namesDocument } from '../../page/documents.tsx';
import { sections } from '../../page/sections.ts';
import type { Calls } from '../calls/calls.ts';
import type { RemoteCalls } from '../calls/remote-calls.ts';
import { isLocalName } from '../routing/local-name.ts';
import { respond } from '../routing/respond.ts';
import type { Route } from '../routing/route.ts';
import { loadedFiles } from './page-files.ts';
import { documentHeaders } from './page-headers.ts';

/**
 * The user's own names for keys. Whom somebody knows is nobody's business in the network: only browsers of this machine are shown
 * it, whoever else may send queries.
 */
export function namesRoutes(calls: Pick<RemoteCalls<Calls>, 'ask'>): readonly Route[] {
  return [
    {
      path: sections.names.path,
      methods: ['GET', 'HEAD'],
      access: { elsewhere: 'links', clients: 'allow-from' },
      async handle({ request, response, client, signal }) {
        if (!isLoopback(client) || !isLocalName(request.headers.host)) {
          respond(response, {
            status: 403,
            body: 'Names are shown on the machine itself and nowhere else.\n',
          });
          return;
        }
        const view = await calls.ask('names', undefined, signal);
        const body = namesDocument(view, request.socket.localPort, loadedFiles);
        respond(response, { status: 200, headers: documentHeaders, body });
      },
    },
  ];
}
