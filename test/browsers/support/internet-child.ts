/** Runs in a network of its own, which to the machine under test is the Internet: it has the addresses of the sites, and serves them. */
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { TLSSocket } from 'node:tls';
import type { FromInternet, Site, ToInternet } from './internet-messages.ts';
import { acceptWebSocket } from './websocket.ts';

process.on('message', (message: ToInternet) => {
  work(message).then(
    () => tell({ kind: 'done' }),
    (error: unknown) => tell({ kind: 'done', error: String(error) }),
  );
});
process.on('disconnect', () => process.exit());
// Now it has its network: before, `unshare` was running.
tell({ kind: 'done' });

function tell(message: FromInternet): void {
  process.send?.(message);
}

async function work(message: ToInternet): Promise<void> {
  if (message.kind === 'open') return await open(message.site);
  ip('link', 'set', 'lo', 'up');
  ip('address', 'add', `${message.address}/24`, 'dev', 'wan');
  ip('link', 'set', 'wan', 'up');
}

function ip(...words: readonly string[]): void {
  const { status, stderr } = spawnSync('ip', words, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`ip ${words.join(' ')}: ${stderr}`);
}

async function open(site: Site): Promise<void> {
  const { address, tls, port = tls === undefined ? 80 : 443 } = site;
  ip('address', 'replace', `${address}/32`, 'dev', 'lo');
  const server = tls === undefined ? createServer(answer(site)) : createTlsServer({ ...tls }, answer(site));
  server.on('upgrade', (request: IncomingMessage, socket, head) => {
    note(site, request);
    acceptWebSocket(request, socket, head, (text, connection) => connection.send(`${site.name}: ${text}`));
  });
  server.listen(port, address);
  await once(server, 'listening');
}

function note({ name }: Site, { headers: { host = '' }, url = '', socket }: IncomingMessage): void {
  const serverName = socket instanceof TLSSocket ? socket.servername || undefined : undefined;
  tell({ kind: 'request', request: { site: name, host, path: url, serverName } });
}

function answer(site: Site): RequestListener {
  return (request, response) => {
    note(site, request);
    const { host = '', origin } = request.headers;
    const { status = 200, headers, body } = site.pages?.[request.url ?? ''] ?? {};
    const page = `<!doctype html><html lang="en"><title>${site.name}</title><h1>${site.name}</h1><p>${host}`;
    // Who is another origin is told by the browser, not kept out by the site.
    response.writeHead(status, {
      'content-type': 'text/html',
      'access-control-allow-origin': origin ?? '*',
      ...headers,
    });
    response.end(body ?? page);
  };
}
