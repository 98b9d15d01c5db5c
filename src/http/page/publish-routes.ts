import { TLSSocket } from 'node:tls';
import { publishDocument } from '../../page/documents.tsx';
import { emptyPublishView } from '../../page/publish/view.ts';
import { sections } from '../../page/sections.ts';
import { isLocalName } from '../routing/local-name.ts';
import { respond } from '../routing/respond.ts';
import type { Exchange, Route } from '../routing/route.ts';
import { publishFiles } from './page-files.ts';
import { documentHeaders } from './page-headers.ts';

/** The document in which a browser makes packets, which its script puts to the relay. Nothing secret comes here. */
export function publishRoutes(): readonly Route[] {
  return [
    {
      path: sections.publish.path,
      methods: ['GET', 'HEAD'],
      access: { elsewhere: 'links', clients: 'allow-from' },
      handle(exchange) {
        const body = publishDocument(emptyPublishView(isTrustworthy(exchange)), publishFiles);
        respond(exchange.response, { status: 200, headers: documentHeaders, body });
      },
    },
  ];
}

/** Whether browsers will call it a secure context (Secure Contexts §3.1): over TLS, or from this machine. */
function isTrustworthy({ request }: Exchange): boolean {
  const { host, 'x-forwarded-proto': forwarded } = request.headers;
  return isLocalName(host) || request.socket instanceof TLSSocket || forwarded === 'https';
}
