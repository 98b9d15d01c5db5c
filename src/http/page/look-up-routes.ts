import { LookupError } from '../../gateway/lookups.ts';
import { lookUpDocument } from '../../page/documents.tsx';
import type { LookUpStep, ProblemCause } from '../../page/look-up/step.ts';
import { emptyView, withStep } from '../../page/look-up/view.ts';
import { sections } from '../../page/sections.ts';
import type { Calls } from '../calls/calls.ts';
import type { RemoteCalls } from '../calls/remote-calls.ts';
import { failureReply } from '../routing/lookup-failure.ts';
import { ownHeaders } from '../routing/own-headers.ts';
import { type Reply, respond } from '../routing/respond.ts';
import type { Exchange, Route } from '../routing/route.ts';
import { loadedFiles } from './page-files.ts';
import { documentHeaders } from './page-headers.ts';

/**
 * A look-up, of `?name=` and `?type=`: as a document when all is known, for browsers without scripting and for who opens its
 * address; and as steps, a JSON value on each line. Both cause traffic, so no page elsewhere may have a browser ask for them.
 */
export function lookUpRoutes(calls: Pick<RemoteCalls<Calls>, 'ask'>): readonly Route[] {
  const follow = async ({ query, client, signal }: Exchange, onStep: (step: LookUpStep) => void) => {
    const request = { name: query.get('name') ?? '', type: query.get('type') ?? '', client };
    try {
      await calls.ask('look-up', request, signal, onStep);
    } catch (error) {
      if (!(error instanceof LookupError)) throw error;
      onStep({
        kind: 'problem',
        sentence: error.message,
        cause: error.kind === 'internal' ? 'internal' : 'busy',
      });
    }
  };
  const access = { elsewhere: 'nothing', clients: 'allow-from' } as const;
  return [
    {
      path: sections['look-up'].path,
      methods: ['GET', 'HEAD'],
      access,
      async handle(exchange) {
        const { query, request, response, client } = exchange;
        const name = query.get('name') ?? '';
        // The name KEY.localhost is this machine to each browser.
        const port = isLoopback(client) ? request.socket.localPort : undefined;
        let view = emptyView(name, query.get('type') ?? '', port);
        if (name !== '' && request.method === 'HEAD') {
          // Nothing is looked up, so the length of what GET has is not known: RFC 9110 §8.6 forbids to tell another one.
          response.writeHead(200, { ...ownHeaders, ...documentHeaders });
          response.end();
          return;
        }
        if (name !== '') {
          await follow(exchange, (step) => {
            view = withStep(view, step);
          });
          view = { ...view, state: 'done' };
        }
        const { status, headers } = outcomeOf(view.cause);
        respond(response, {
          status,
          headers: { ...documentHeaders, ...headers },
          body: lookUpDocument(view, loadedFiles),
        });
      },
    },
    {
      path: `${sections['look-up'].path}/steps`,
      methods: ['GET'],
      access,
      async handle(exchange) {
        const { response } = exchange;
        // The bounds of a lookup bound what is written.
        await follow(exchange, (step) => {
          if (!response.headersSent) {
            // What comes up later is told by its step alone.
            const { status, headers } = outcomeOf(step.kind === 'problem' ? step.cause : undefined);
            response.writeHead(status, { ...ownHeaders, 'content-type': 'application/x-ndjson', ...headers });
          }
          response.write(`${JSON.stringify(step)}\n`);
        });
        response.end();
      },
    },
  ];
}

/** The status of a look-up, and with it when to come again: whoever asks by a program sees no sentence. */
function outcomeOf(cause: ProblemCause | undefined): Required<Pick<Reply, 'status' | 'headers'>> {
  switch (cause) {
    case undefined:
      return { status: 200, headers: {} };
    case 'limited':
      return { status: 429, headers: { 'retry-after': '1' } };
    default:
      return failureReply(cause);
  }
}

function isLoopback(client: string): boolean {
  return client === '::1' || /^(?:::ffff:)?127\./.test(client);
}
