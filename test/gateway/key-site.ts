import { once } from 'node:events';
import {
  createServer,
  request as httpRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type RequestListener,
  type Server,
} from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { makeKeyCertificate } from '../../src/certificate/key-certificate.ts';
import type { KeyPair } from '../../src/pkarr/key-pair.ts';
import { secretPem } from '../../src/pkarr/key-pem.ts';
import { SignedPacket } from '../../src/pkarr/signed-packet.ts';
import { parseZoneFile } from '../../src/pkarr/zone/file/zone-file.ts';

/** An answer, read to its end. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly trailers: NodeJS.Dict<string>;
  /** False when the connection ended inside of the body. */
  readonly isWhole: boolean;
}

/** A request as a test writes it. */
export interface Wishes {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** A server on loopback with the certificate of `key`; without a key in the clear. */
export async function openSite(key: KeyPair | undefined, listener: RequestListener): Promise<Server> {
  const server =
    key === undefined
      ? createServer({ requestTimeout: 0 }, listener)
      : (createTlsServer(
          { cert: makeKeyCertificate(key), key: secretPem(key), requestTimeout: 0 },
          listener,
        ) as unknown as Server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

/** The port of a server that listens. */
export function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}

/** Ends a server and its connections. */
export async function closed(server: Server): Promise<void> {
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
}

/** A packet with records in zone-file form, signed at `seconds` since 1970. */
export function packetOf(key: KeyPair, zone: string, seconds: number): SignedPacket {
  const { records } = parseZoneFile(zone, { origin: key.publicKey.name });
  return SignedPacket.sign(key, records, BigInt(seconds) * 1_000_000n);
}

/** Asks a gateway at a port of loopback for the site of `host`, as a program does. */
export async function askGateway(port: number, host: string, wishes: Wishes = {}): Promise<Answer> {
  const { method = 'GET', path = '/', headers = {}, body } = wishes;
  const request = httpRequest({
    ...{ host: '127.0.0.1', port, method, path, agent: false },
    headers: { host, ...headers },
  });
  request.end(body);
  const [answer] = (await once(request, 'response')) as [IncomingMessage];
  return await readAnswer(answer);
}

/** An answer with its body, which may end too early. */
export async function readAnswer(answer: IncomingMessage): Promise<Answer> {
  const { statusCode = 0, headers } = answer;
  const parts: Buffer[] = [];
  answer.on('data', (octets: Buffer) => parts.push(octets));
  answer.on('error', () => {});
  await new Promise((resolve) => answer.once('close', resolve));
  const body = Buffer.concat(parts).toString();
  return { status: statusCode, headers, body, trailers: answer.trailers, isWhole: answer.complete };
}
