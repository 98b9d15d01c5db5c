import { once } from 'node:events';
import { type ClientHttp2Session, connect } from 'node:http2';
import { setTimeout as sleep } from 'node:timers/promises';
import { type HttpsServer, paddedQuery } from './h2load.ts';
import { HOST, residentBytes } from './process.ts';
import { sized } from './quick.ts';

/** Sessions that are open at once: fewer than any of the servers allows one client. */
export const SESSIONS = sized(100, 4);

/** Sessions that come before: what a server does once is not what a session costs. */
const FIRST = sized(20, 2);

/** Milliseconds for a server to free what it frees; sessions stay open for as long without a request. */
const SETTLE = sized(2_000, 50);

/** Octets of memory by which a server grows for each session that has asked once and stays open. */
export async function octetsOfSession(target: HttpsServer): Promise<number> {
  const first = await openSessions(target.port, FIRST);
  await sleep(SETTLE);
  const before = residentBytes(target.server.pid);
  const sessions = await openSessions(target.port, SESSIONS - FIRST);
  await sleep(SETTLE);
  const grown = residentBytes(target.server.pid) - before;
  for (const session of [...first, ...sessions]) session.destroy();
  return grown / sessions.length;
}

async function openSessions(port: number, count: number): Promise<readonly ClientHttp2Session[]> {
  const sessions: ClientHttp2Session[] = [];
  for (let index = 0; index < count; index++) {
    const session = connect(`https://${HOST}:${port}`, { rejectUnauthorized: false });
    const stream = session.request({
      ...{ ':method': 'POST', ':path': '/dns-query', 'content-length': paddedQuery.length },
      'content-type': 'application/dns-message',
    });
    stream.end(paddedQuery);
    await once(stream.resume(), 'end');
    sessions.push(session);
  }
  return sessions;
}
