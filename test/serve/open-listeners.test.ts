import assert from 'node:assert/strict';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { test } from 'node:test';
import { AnswerCache } from '../../src/cache/answer-cache.ts';
import { recordsAnswer } from '../../src/resolve/answer.ts';
import { everybody } from '../../src/serve/clients/access-list.ts';
import { unlimited } from '../../src/serve/clients/rate-limit.ts';
import { answering, closeListeners, openListeners } from '../../src/serve/open-listeners.ts';
import { Responder } from '../../src/serve/responder.ts';

const responder = new Responder({
  resolver: { resolve: async () => recordsAnswer({ answers: [] }) },
  cache: new AnswerCache({ maxBytes: 1_000, maxStale: 0, now: () => 0 }),
  access: everybody,
  rate: unlimited,
  cameBackFrom: () => undefined,
  onLoop: () => {},
  trustAuthenticData: false,
  now: () => 0,
  onBug: (error) => {
    throw error;
  },
});

/** An address that no other test listens on: what is taken here is nobody's loss. */
const host = '127.0.0.77';

test('port 0 is one that is free for UDP and for TCP, however many are taken for TCP alone', async () => {
  // Every fourth port that the system draws from: without another draw, forty openings all succeed once in 100,000 runs.
  const taken = await takeTcpPorts(Array.from({ length: 7_000 }, (_, n) => 32_768 + n * 4));
  try {
    assert.ok(taken.length > 6_000, `${taken.length} ports`);
    const pairs = await openListeners(Array(40).fill({ host, port: 0 }), answering(responder));
    for (const { address, udp, tcp } of pairs) {
      assert.equal(udp?.port, address.port);
      assert.equal(tcp?.port, address.port);
    }
    await closeListeners(pairs);
  } finally {
    for (const server of taken) server.close();
  }
});

test('a port that was asked for and is taken is told, and no other is taken in its place', async () => {
  const [server = assert.fail('No port is free.')] = await takeTcpPorts([0]);
  const { port } = server.address() as AddressInfo;
  await assert.rejects(openListeners([{ host, port }], answering(responder)), {
    name: 'ListenError',
    protocol: 'tcp',
    code: 'EADDRINUSE',
  });
  server.close();
});

/** Listens on those of the ports that are free. */
async function takeTcpPorts(ports: readonly number[]): Promise<readonly Server[]> {
  const taken = ports.map(
    (port) =>
      new Promise<Server | undefined>((resolve) => {
        const server = createServer();
        server.once('error', () => resolve(undefined));
        server.listen(port, host, () => resolve(server));
      }),
  );
  return (await Promise.all(taken)).filter((server) => server !== undefined);
}
