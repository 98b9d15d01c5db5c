import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createGateway, type Gateway, type GatewayParts } from '../../src/gateway/gateway.ts';
import { createLog } from '../../src/observe/log.ts';
import type { KeyPair } from '../../src/pkarr/key-pair.ts';
import { type Answer, askGateway, closed, openSite, packetOf, portOf, type Wishes } from './key-site.ts';
import { KnownPackets } from './known-packets.ts';

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
    return portOf(this.#server);
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
    const server = await openSite(key, listener);
    this.#sites.push(server);
    return server;
  }

  /** Publishes records in zone-file form, later than all before. */
  publish(key: KeyPair, zone: string): void {
    this.#signed += 1;
    this.lookups.put(packetOf(key, zone, this.#signed));
  }

  /** Asks the gateway as a program does. */
  async get(host: string, wishes: Wishes = {}): Promise<Answer> {
    return await askGateway(this.port, host, wishes);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.gateway.close();
    await Promise.all([this.#server, ...this.#sites].map(closed));
  }
}
