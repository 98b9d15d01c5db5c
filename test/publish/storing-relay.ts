import { PublicKey } from '../../src/pkarr/public-key.ts';
import { SignedPacket } from '../../src/pkarr/signed-packet.ts';
import { createRelayClient, type RelayClient } from '../../src/relay/client.ts';
import { type RelayServer, startRelayServer } from '../relay/relay-server.ts';

/** A small relay that keeps packets, as relays of version 7 do. */
export interface StoringRelay {
  readonly server: RelayServer;
  readonly client: RelayClient;
  readonly packets: Map<string, SignedPacket>;
  /** While it is set, it answers so in place of all else. */
  refuse: { readonly status: number; readonly headers: Record<string, string> } | undefined;
  close(): Promise<void>;
}

/** Starts one on loopback. */
export async function startStoringRelay(): Promise<StoringRelay> {
  const packets = new Map<string, SignedPacket>();
  const server = await startRelayServer(({ method, path, body }, reply) => {
    if (relay.refuse !== undefined) {
      reply.writeHead(relay.refuse.status, relay.refuse.headers).end();
      return;
    }
    const key = PublicKey.fromLabel(path.slice(1));
    const held = packets.get(key.text);
    if (method === 'GET') {
      if (held === undefined) reply.writeHead(404).end();
      else reply.writeHead(200).end(held.toRelayPayload());
      return;
    }
    const verdict = SignedPacket.fromRelayPayload(key, body);
    if (!verdict.ok) reply.writeHead(400).end();
    else if (held !== undefined && held.timestamp > verdict.packet.timestamp) reply.writeHead(409).end();
    else {
      packets.set(key.text, verdict.packet);
      reply.writeHead(204, { 'Pkarr-Dht-Stored-Nodes': '3' }).end();
    }
  });
  const client = createRelayClient({
    url: new URL(server.url),
    now: () => performance.now(),
    nowWall: () => Date.now(),
    resolveHost: async (host) => [host],
  });
  const relay: StoringRelay = {
    server,
    client,
    packets,
    refuse: undefined,
    async close() {
      client.close();
      await server.close();
    },
  };
  return relay;
}
