import { type RelayServer, startRelayServer } from '../relay/relay-server.ts';

/** A relay that keeps what is put to it, and answers pages of every origin. */
export async function startStoringRelay(): Promise<RelayServer> {
  const packets = new Map<string, Buffer>();
  return await startRelayServer(({ method, path, body }, reply) => {
    reply.setHeader('access-control-allow-origin', '*');
    reply.setHeader('access-control-allow-methods', 'GET, PUT');
    if (method === 'PUT') packets.set(path, body);
    const packet = packets.get(path);
    if (method === 'GET' && packet !== undefined) reply.end(packet);
    else reply.writeHead(method === 'GET' ? 404 : 204, { 'pkarr-dht-stored-nodes': '3' }).end();
  });
}
