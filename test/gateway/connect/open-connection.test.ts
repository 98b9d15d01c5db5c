import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { test } from 'node:test';
import { AddressGuard } from '../../../src/gateway/connect/address-guard.ts';
import { openConnection } from '../../../src/gateway/connect/open-connection.ts';
import { GatewayFailure } from '../../../src/gateway/failure/failure.ts';
import { testKey } from '../../support/packets.ts';

const keys = [testKey(1).publicKey];

/** What a connection to a server of loopback comes to, in the clear, and the octets that the server got. */
async function attempt(guard: AddressGuard): Promise<readonly [outcome: string, octets: number]> {
  let octets = 0;
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.on('data', (data) => {
      octets += data.length;
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const target = { address: '127.0.0.1', port, keys, serverKey: undefined };
  try {
    const socket = await openConnection(target, guard, 5_000, new AbortController().signal);
    socket.destroy();
    return ['connected', octets];
  } catch (error) {
    assert.ok(error instanceof GatewayFailure, String(error));
    return [error.kind, octets];
  } finally {
    server.close();
    await once(server, 'close');
  }
}

test('an address is judged again when the connection stands', async () => {
  let judged = 0;
  const changing = new AddressGuard({
    ownAddresses: () => [],
    isPrivateAllowed: () => {
      judged += 1;
      return judged === 1;
    },
  });
  assert.deepEqual(await attempt(changing), ['address-refused', 0]);
});

test('a connection of an address to itself ends on this machine, and is refused unless the keys are exempt', async () => {
  class Unknowing extends AddressGuard {
    override allowed(): Uint8Array {
      return Uint8Array.of(127, 0, 0, 1);
    }
  }
  const ownAddresses = () => [];
  const refusing = new Unknowing({ ownAddresses, isPrivateAllowed: () => false });
  assert.deepEqual(await attempt(refusing), ['address-refused', 0]);
  const exempting = new Unknowing({ ownAddresses, isPrivateAllowed: () => true });
  assert.deepEqual(await attempt(exempting), ['connected', 0]);
});
