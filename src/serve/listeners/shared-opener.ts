import type { ListenAddress } from '../../config/listen-address.ts';
import { canonicalAddress } from '../../ip/address.ts';
import type { Opener } from '../open-listeners.ts';
import type { Opened } from '../opened.ts';
import type { Service } from '../served-address.ts';

/** A socket, and how many use it. */
interface Shared {
  readonly opened: Opened;
  users: number;
}

/**
 * An opener that has one socket for each address, whoever opens it: it is closed when the last one who opened it has stopped
 * it. So one set of listeners can take the place of another, and the sockets that both have stay open.
 */
export function sharedOpener(opener: Opener): Opener {
  const services = new Map<Service, (address: ListenAddress) => Promise<Opened>>();
  return {
    ...opener,
    udp: shared((address) => opener.udp(address)),
    tcp: shared((address) => opener.tcp(address)),
    service(service, address) {
      const known = services.get(service) ?? shared((place) => opener.service(service, place));
      services.set(service, known);
      return known(address);
    },
  };
}

function shared(
  open: (address: ListenAddress) => Promise<Opened>,
): (address: ListenAddress) => Promise<Opened> {
  const sockets = new Map<string, Shared>();
  return async (address) => {
    // Port 0 means another port each time.
    const known = address.port === 0 ? undefined : sockets.get(keyOf(address.host, address.port));
    if (known !== undefined) return use(known, sockets);
    const opened = await open(address);
    const entry: Shared = { opened, users: 0 };
    sockets.set(keyOf(address.host, opened.port), entry);
    return use(entry, sockets);
  };
}

function use(entry: Shared, sockets: Map<string, Shared>): Opened {
  entry.users++;
  let isStopped = false;
  const { opened } = entry;
  return {
    port: opened.port,
    ...(opened.leave !== undefined && { leave: () => leave(opened) }),
    async stop() {
      if (isStopped) return;
      isStopped = true;
      if (--entry.users > 0) return;
      for (const [key, other] of sockets) if (other === entry) sockets.delete(key);
      await opened.stop();
    },
  };
}

async function leave(opened: Opened): Promise<void> {
  await opened.leave?.();
}

function keyOf(host: string, port: number): string {
  return `${canonicalAddress(host) ?? host} ${port}`;
}
