import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { listenAddressToText } from '../../config/listen-address.ts';
import type { Settings } from '../../config/settings.ts';
import { ReloadError } from '../configuration/reload-error.ts';

type DhtSettings = Pick<Settings, 'dht' | 'dhtListen'>;

/**
 * Finds out whether the node of the DHT could have its port, before another one is closed for it.
 * @throws ReloadError when it could not.
 */
export async function checkDhtPort(before: DhtSettings, { dht, dhtListen }: DhtSettings): Promise<void> {
  const isOurs = before.dht && before.dhtListen.port === dhtListen.port;
  if (!dht || isOurs || dhtListen.port === 0) return;
  const socket = createSocket('udp4');
  try {
    socket.bind({ address: dhtListen.host, port: dhtListen.port, exclusive: true });
    await once(socket, 'listening');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    throw new ReloadError(`dht-listen: ${listenAddressToText(dhtListen)} cannot be had: ${message}.`, {
      cause: error,
    });
  } finally {
    socket.close();
  }
}
