import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { relayCertificate } from './relay-certificate.ts';

/** One request as a relay got it. */
export interface RelayRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

/** A real HTTP server on loopback that answers as the test says. */
export interface RelayServer {
  readonly port: number;
  /** `http://127.0.0.1:PORT`. */
  readonly url: string;
  readonly requests: readonly RelayRequest[];
  /** Connections that were opened. */
  readonly connections: number;
  /** Closes the connections that are kept and idle. */
  closeIdle(): void;
  close(): Promise<void>;
}

/** Starts one; `answer` writes the reply. */
export async function startRelayServer(
  answer: (request: RelayRequest, reply: ServerResponse) => void,
  options: { readonly isSecure?: boolean } = {},
): Promise<RelayServer> {
  const requests: RelayRequest[] = [];
  let connections = 0;
  const handle = async (incoming: IncomingMessage, reply: ServerResponse) => {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming as AsyncIterable<Buffer>) chunks.push(chunk);
    const { method = '', url: path = '', headers } = incoming;
    const request = { method, path, headers, body: Buffer.concat(chunks) };
    requests.push(request);
    answer(request, reply);
  };
  const server = options.isSecure ? createSecureServer(relayCertificate, handle) : createServer(handle);
  server.on('connection', () => {
    connections++;
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    requests,
    get connections() {
      return connections;
    },
    closeIdle: () => server.closeIdleConnections(),
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
