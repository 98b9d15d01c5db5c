import { once } from 'node:events';
import { createServer } from 'node:net';
import type { ListenAddress } from '../../../config/listen-address.ts';
import { defaultHttp } from '../../../config/table/browsers.ts';

/**
 * Where the gateway of the demo listens: where it does by default, or, when another program is there, such as the service, at
 * any free port of the same addresses.
 */
export async function freeGateway(): Promise<readonly ListenAddress[]> {
  for (const address of defaultHttp) {
    if (await isTaken(address)) return defaultHttp.map(({ host }) => ({ host, port: 0 }));
  }
  return defaultHttp;
}

async function isTaken({ host, port }: ListenAddress): Promise<boolean> {
  const server = createServer();
  try {
    server.listen(port, host);
    await once(server, 'listening');
    return false;
  } catch (error) {
    // An address that this machine does not have, such as ::1 without IPv6, is taken by nobody.
    return (error as NodeJS.ErrnoException).code === 'EADDRINUSE';
  } finally {
    if (server.listening) await new Promise((resolve) => server.close(resolve));
  }
}
