import { bun } from '../bun/api.ts';
import type { HttpsOptions, HttpsServer } from './shared/server.ts';

/**
 * Answers HTTP/2 and HTTP/1.1. Rejects with the system's error. Bun's own server takes no descriptor: given one, Bun serves it as
 * Node does.
 */
export async function openHttps(options: HttpsOptions): Promise<HttpsServer> {
  if (bun !== undefined && options.place.descriptor === undefined) {
    const { BunServer } = await import('./bun-server.ts');
    return await BunServer.open(bun, options);
  }
  const { SocketServer } = await import('./socket-server.ts');
  return await SocketServer.open(options);
}
