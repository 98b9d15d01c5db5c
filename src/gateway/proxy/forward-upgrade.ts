import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { GatewayFailure } from '../failure/failure.ts';
import { type Exchange, fetchedBy } from './exchange.ts';
import type { HeaderLines } from './header-lines.ts';
import { requestHeaders } from './request-headers.ts';
import { RequestTimers } from './request-timers.ts';
import { responseHeaders } from './response-headers.ts';
import { asFailure, beginRequest } from './site-request.ts';
import type { Turns } from './turns.ts';

/**
 * Opens a WebSocket (RFC 6455) with the site and joins the two connections. It returns when they are joined, or when an answer
 * that refuses began.
 * @throws GatewayFailure, and the reason of `stop`, as long as nothing was sent to the client.
 */
export async function forwardUpgrade(exchange: Exchange, client: Duplex, head: Buffer): Promise<void> {
  const { request, urls, stop, limits, turns } = exchange;
  const headers = requestHeaders(request, urls);
  headers.set('connection', ['Upgrade']);
  headers.set('upgrade', ['websocket']);
  // A connection that served a request is as good as a fresh one, but what was closed meanwhile cannot be told from a refusal.
  const toSite = beginRequest(exchange, headers, true);
  const timers = new RequestTimers(exchange, toSite);
  toSite.end();
  try {
    await new Promise<void>((resolve, reject) => {
      toSite.on('upgrade', (answer, site, siteHead) => {
        const lines = answerLines(answer, exchange);
        client.write(headText(101, 'Switching Protocols', upgradeLines(lines)));
        join({ client, site, ms: limits.socketIdleMs, turns });
        stop.signal.addEventListener('abort', () => client.destroy(), { once: true });
        if (siteHead.length > 0) client.write(siteHead);
        if (head.length > 0) site.write(head);
        resolve();
      });
      toSite.on('response', (answer) => {
        relayRefusal(answer, exchange, client);
        resolve();
      });
      toSite.on('error', reject);
      toSite.on('close', () => reject(new GatewayFailure('bad-reply')));
    });
  } catch (error) {
    toSite.destroy();
    stop.signal.throwIfAborted();
    throw asFailure(error);
  } finally {
    timers.answered();
  }
}

/** Writes an answer and closes the connection after it. */
export function endWithAnswer(
  client: Duplex,
  {
    status,
    headers,
    body,
  }: { readonly status: number; readonly headers: HeaderLines; readonly body: string },
): void {
  headers.set('connection', ['close']);
  client.end(headText(status, 'Refused', headers) + body);
}

/** The site answers with something else than a WebSocket. The end of the connection is the end of the body. */
function relayRefusal(answer: IncomingMessage, exchange: Exchange, client: Duplex): void {
  const lines = answerLines(answer, exchange);
  lines.set('connection', ['close']);
  client.write(headText(answer.statusCode ?? 502, answer.statusMessage ?? '', lines));
  const idle = setTimeout(() => client.destroy(), exchange.limits.idleMs);
  answer.on('data', () => idle.refresh());
  answer.on('error', () => client.destroy());
  answer.pipe(client);
  client.once('close', () => {
    clearTimeout(idle);
    answer.destroy();
  });
}

function answerLines(answer: IncomingMessage, exchange: Exchange): HeaderLines {
  return responseHeaders(answer, fetchedBy(exchange, answer), exchange.urls);
}

function upgradeLines(lines: HeaderLines): HeaderLines {
  return lines.set('connection', ['Upgrade']).set('upgrade', ['websocket']);
}

/** Streams both ways until one side ends, or neither sends anything for `ms` milliseconds. */
function join({
  client,
  site,
  ms,
  turns,
}: {
  readonly client: Duplex;
  readonly site: Duplex;
  readonly ms: number;
  readonly turns: Turns;
}): void {
  const end = () => {
    clearTimeout(idle);
    client.destroy();
    site.destroy();
  };
  const idle = setTimeout(end, ms);
  for (const [from, to] of [
    [client, site],
    [site, client],
  ] as const) {
    from.on('data', ({ length }: Buffer) => {
      idle.refresh();
      turns.passed(length);
    });
    from.on('error', end);
    from.once('close', end);
    from.pipe(to);
  }
}

/** A status line and fields (RFC 9112 §2.1), octets as they came. */
function headText(status: number, message: string, lines: HeaderLines): string {
  const fields = [...lines].flatMap(([name, values]) => values.map((value) => `${name}: ${value}\r\n`));
  return `HTTP/1.1 ${status} ${message}\r\n${fields.join('')}\r\n`;
}
