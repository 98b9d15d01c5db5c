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
import { createGateway, type Gateway, type GatewayParts } from '../../src/gateway/gateway.ts';
import { createLog } from '../../src/observe/log.ts';
import type { KeyPair } from '../../src/pkarr/key-pair.ts';
import { SignedPacket } from '../../src/pkarr/signed-packet.ts';
import { parseZoneFile } from '../../src/pkarr/zone/file/zone-file.ts';
import { KnownPackets } from './known-packets.ts';

/** An answer, read to its end. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly rawHeaders: readonly string[];
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

/** A gateway on a server of loopback, sites with certificates of keys, and packets that lead to them. */
export class GatewayScene {
  readonly lookups = new KnownPackets();
  readonly gateway: Gateway;
  readonly logged: string[] = [];
  readonly #server: Server;
  readonly #sites: Server[] = [];
  #signed = 1;

  private constructor(parts: Partial<GatewayParts>) {
    this.gateway = createGateway({
      lookups: this.lookups,
      isPrivateAllowed: () => true,
      ownAddresses: () => ['127.0.0.1', '::1'],
      log: createLog({
        level: 'debug',
        journal: false,
        now: Date.now,
        write: (line) => this.logged.push(line),
      }),
      ...parts,
    });
    this.#server = createServer({ requestTimeout: 0 }, (request, response) =>
      this.gateway.handle(request, response),
    );
    this.#server.on('upgrade', (request, socket, head) => this.gateway.upgrade(request, socket, head));
  }

  /** Every key may lead to loopback, unless `parts` say something else. */
  static async open(parts: Partial<GatewayParts> = {}): Promise<GatewayScene> {
    const scene = new GatewayScene(parts);
    scene.#server.listen(0, '127.0.0.1');
    await once(scene.#server, 'listening');
    return scene;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** `KEY.localhost:PORT`, with labels before it. */
  host(key: KeyPair, labels = ''): string {
    return `${labels}${key.publicKey}.localhost:${this.port}`;
  }

  /** A server with the certificate of `key`; without a key in the clear. @returns its port. */
  async site(key: KeyPair | undefined, listener: RequestListener): Promise<number> {
    return portOf(await this.server(key, listener));
  }

  /** The same, as the server itself. */
  async server(key: KeyPair | undefined, listener: RequestListener): Promise<Server> {
    const server =
      key === undefined
        ? createServer({ requestTimeout: 0 }, listener)
        : (createTlsServer(
            { cert: makeKeyCertificate(key), key: key.exportPem(), requestTimeout: 0 },
            listener,
          ) as unknown as Server);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    this.#sites.push(server);
    return server;
  }

  /** Publishes records in zone-file form, later than all before. */
  publish(key: KeyPair, zone: string): SignedPacket {
    this.#signed += 1;
    const packet = packetOf(key, zone, this.#signed);
    this.lookups.put(packet);
    return packet;
  }

  /** Asks the gateway as a program does. */
  async get(host: string, { method = 'GET', path = '/', headers = {}, body }: Wishes = {}): Promise<Answer> {
    const request = httpRequest({
      host: '127.0.0.1',
      port: this.port,
      method,
      path,
      agent: false,
      headers: { host, ...headers },
    });
    request.end(body);
    const [answer] = (await once(request, 'response')) as [IncomingMessage];
    return await readAnswer(answer);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.gateway.close();
    await Promise.all([this.#server, ...this.#sites].map(closed));
  }
}

/** The port of a server that listens. */
export function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}

/** A packet with records in zone-file form, signed at `seconds` since 1970. */
export function packetOf(key: KeyPair, zone: string, seconds: number): SignedPacket {
  const { records } = parseZoneFile(zone, { origin: key.publicKey.name });
  return SignedPacket.sign(key, records, BigInt(seconds) * 1_000_000n);
}

/** An answer with its body, which may end too early. */
export async function readAnswer(answer: IncomingMessage): Promise<Answer> {
  const { statusCode = 0, headers, rawHeaders } = answer;
  const parts: Buffer[] = [];
  answer.on('data', (octets: Buffer) => parts.push(octets));
  answer.on('error', () => {});
  await new Promise((resolve) => answer.once('close', resolve));
  const body = Buffer.concat(parts).toString();
  return {
    status: statusCode,
    headers,
    rawHeaders,
    body,
    trailers: answer.trailers,
    isWhole: answer.complete,
  };
}

async function closed(server: Server): Promise<void> {
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
}
