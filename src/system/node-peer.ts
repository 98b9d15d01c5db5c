import { createSocket, type SocketType } from 'node:dgram';
import { MAX_BIND_TRIES, type OpenPeer } from './peer-socket.ts';

/** Opens a socket on Node. With a look-up that answers at once, all of it happens before this returns. */
export const openNodePeer: OpenPeer = (options) => {
  const { host, port, datagram, nextLocalPort, onDatagram, onError } = options;
  const socket = createSocket(isIPv6Address(host) ? udp6 : udp4);
  let isOpen = true;
  let isBinding = true;
  let bindError: Error | undefined;
  const fail = (error: unknown) => {
    if (isOpen) onError(error);
  };
  socket.on('error', (error) => {
    if (isBinding) bindError = error;
    else fail(error);
  });
  for (let tries = 0; tries < MAX_BIND_TRIES; tries++) {
    bindError = undefined;
    socket.bind({ port: nextLocalPort(), exclusive: true });
    if (bindError === undefined) break;
  }
  isBinding = false;
  if (bindError !== undefined) {
    process.nextTick(fail, bindError);
  } else {
    socket.on('message', (octets) => {
      if (isOpen) onDatagram(octets);
    });
    socket.connect(port, host);
    try {
      socket.send(datagram, 0, datagram.length, (error) => {
        if (error !== null) fail(error);
      });
    } catch (error) {
      // Not connected: the reason arrives as 'error' on the next tick, before this does.
      process.nextTick(fail, error);
    }
  }
  return {
    close() {
      if (!isOpen) return;
      isOpen = false;
      socket.close();
    },
  };
};

/** Addresses are numeric already; dgram's own look-up would ask the system's resolver, which may be us. */
function numericLookup(
  hostname: string,
  _options: unknown,
  callback: (error: null, address: string, family: number) => void,
): void {
  callback(null, hostname, isIPv6Address(hostname) ? 6 : 4);
}

/** Of a text that is a numeric address. */
function isIPv6Address(address: string): boolean {
  return address.includes(':');
}

const udp4: { type: SocketType; lookup: typeof numericLookup } = { type: 'udp4', lookup: numericLookup };
const udp6: { type: SocketType; lookup: typeof numericLookup; ipv6Only: boolean } = {
  type: 'udp6',
  lookup: numericLookup,
  ipv6Only: true,
};
