import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { test } from 'node:test';
import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import { TlsAuthorities } from '../../src/forward/tls/authorities.ts';
import { startHttpsServer, startTlsServer } from '../support/encrypted-upstream.ts';
import { MovableClock } from '../support/movable-clock.ts';
import { type ReceivedQuery, replyA, startScriptedUpstream } from '../support/scripted-upstream.ts';
import { certificateForTests } from '../support/test-certificate.ts';
import { addresses, ask, setUpForwarder } from './support.ts';

const { authority, certificate } = await certificateForTests();

/** A server that answers what `script` gives, and that can be told to drop the connection of a query. */
interface Server extends AsyncDisposable {
  readonly upstream: string;
  readonly connections: () => number;
}

type Answers = (query: ReceivedQuery, drop: () => void) => Uint8Array | undefined;

const servers: Record<string, (answers: Answers) => Promise<Server>> = {
  TCP: async (answers) => {
    const server = await startScriptedUpstream({
      script: (query) => {
        let drops = false;
        const answer = answers(query, () => {
          drops = true;
        });
        return drops ? { close: 'reset' } : answer;
      },
    });
    return {
      upstream: `tcp://${server.spec}`,
      connections: () => server.connections,
      [Symbol.asyncDispose]: () => server.close(),
    };
  },
  TLS: async (answers) => {
    const server = await startTlsServer(certificate, (query) => {
      const answer = answers(query, () => query.socket.destroy());
      if (answer !== undefined) query.send(answer);
    });
    return {
      upstream: `tls://127.0.0.1:${server.port}#dns.example`,
      connections: () => server.connections.length,
      [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
    };
  },
  HTTPS: async (answers) => {
    const server = await startHttpsServer(certificate, (query) => {
      const answer = answers(query, query.drop);
      if (answer !== undefined) query.send(answer);
    });
    return {
      upstream: `https://dns.example:${server.port}/dns-query@127.0.0.1`,
      connections: () => server.connections.length,
      [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
    };
  },
};

/** With a clock that stands still nothing is ever late, however busy the machine is. */
function forwarderTo(upstream: string, clock = new MovableClock()) {
  return setUpForwarder({ upstreams: [upstream], clock, authorities: TlsAuthorities.parse(authority.pem) });
}

for (const [protocol, start] of Object.entries(servers)) {
  test(`over ${protocol} a query that makes the server close takes no other with it`, async () => {
    await using server = await start((query, drop) => {
      if (query.name !== 'poison.example') return replyA(query);
      drop();
      return undefined;
    });
    using forwarder = forwarderTo(server.upstream);
    const poison = ask(forwarder, 'poison.example');
    const failed = assert.rejects(poison);
    const others = Array.from({ length: 200 }, (_, i) => ask(forwarder, `n${i}.example`));
    for (const reply of await Promise.all(others)) assert.deepEqual(addresses(reply), ['192.0.2.1']);
    await failed;
    assert.ok(server.connections() <= 10, `${server.connections()} connections`);
  });

  test(`over ${protocol} a server that closes every connection without a reply is given up soon, by all that wait`, async () => {
    await using server = await start((_, drop) => {
      drop();
      return undefined;
    });
    using forwarder = forwarderTo(server.upstream);
    const asked = Array.from({ length: 200 }, (_, i) => ask(forwarder, `n${i}.example`));
    for (const { status } of await Promise.allSettled(asked)) assert.equal(status, 'rejected');
    assert.ok(server.connections() <= 6, `${server.connections()} connections`);
  });

  test(`over ${protocol} a query that the server forgot is asked once more on a second connection, before its time is up`, async () => {
    const asked: string[] = [];
    await using server = await start((query) => {
      asked.push(query.name);
      const isForgotten =
        query.name.startsWith('forgotten') && asked.indexOf(query.name) === asked.length - 1;
      return isForgotten ? undefined : replyA(query);
    });
    const clock = new MovableClock();
    using forwarder = forwarderTo(server.upstream, clock);
    await ask(forwarder, 'first.example');
    const waiting = ['a', 'b', 'c'].map((name) => ask(forwarder, `forgotten-${name}.example`));
    while (asked.length < 4) await setImmediate();
    clock.advance(199);
    await setImmediate();
    assert.equal(server.connections(), 1);
    clock.advance(1);
    for (const reply of await Promise.all(waiting)) assert.deepEqual(addresses(reply), ['192.0.2.1']);
    assert.equal(server.connections(), 2);
    assert.equal(asked.length, 7);
  });

  test(`over ${protocol} a server that is silent for good is asked on two connections, and the query has its whole time`, async () => {
    let asked = 0;
    await using server = await start((query) => {
      if (query.name === 'first.example') return replyA(query);
      if (query.name === 'x.example') asked += 1;
      return undefined;
    });
    const clock = new MovableClock();
    using forwarder = forwarderTo(server.upstream, clock);
    await ask(forwarder, 'first.example');
    const failed = assert.rejects(ask(forwarder, 'x.example'), /did not answer over/);
    while (asked < 1) await setImmediate();
    clock.advance(200);
    while (asked < 2) await setImmediate();
    for (let ms = 200; ms < 3000; ms += 100) {
      clock.advance(100);
      await setImmediate();
    }
    await failed;
    assert.equal(asked, 2);
    // The others are for the probes, which ask whether it is back.
    assert.ok(server.connections() <= 6, `${server.connections()} connections`);
  });
}

test('a connection on which something was late is used again when it came, and closed when it did not', async () => {
  let release: () => void = () => {};
  await using server = await startTlsServer(certificate, (query) => {
    const isFirst = server.received.filter(({ name }) => name === query.name).length === 1;
    if (query.name === 'late.example' && isFirst) release = () => query.send(replyA(query));
    else if (query.name !== 'never.example' || !isFirst) query.send(replyA(query));
  });
  const clock = new MovableClock();
  using forwarder = forwarderTo(`tls://127.0.0.1:${server.port}#dns.example`, clock);
  /** Asks what is not answered the first time, and tells which connections it was asked on. */
  const askTwice = async (name: string): Promise<readonly number[]> => {
    const { length } = server.received;
    const asked = ask(forwarder, name);
    while (server.received.length === length) await setImmediate();
    clock.advance(200);
    await asked;
    return server.received.slice(length).map(({ connection }) => connection);
  };
  await ask(forwarder, 'first.example');
  assert.deepEqual(await askTwice('late.example'), [0, 1]);
  release();
  // It has nothing to tell us by: the reply is late, and not wrong.
  await sleep(20);
  assert.equal(forwarder.status().upstreams[0]?.wrongReplies.id, 0);
  assert.deepEqual(await askTwice('never.example'), [1, 0]);
  clock.advance(3000);
  while (server.openConnections > 1) await setImmediate();
  await ask(forwarder, 'last.example');
  assert.deepEqual([server.received.at(-1)?.connection, server.connections.length], [0, 2]);
});

test('over TLS queries that are asked at once share records, and the last has one of its own', async () => {
  await using server = await startTlsServer(certificate, (query) => query.send(replyA(query)));
  await using wire = await startRecordCounter(server.port);
  using forwarder = forwarderTo(`tls://127.0.0.1:${wire.port}#dns.example`);
  for (const batch of ['a', 'b', 'c']) {
    const before = wire.lengths.length;
    const asked = Array.from({ length: 300 }, (_, i) => ask(forwarder, `${batch}${i}.example`));
    assert.equal((await Promise.all(asked)).length, 300);
    const lengths = wire.lengths.slice(before);
    assert.ok(lengths.length < 50, `${lengths.length} records`);
    assert.equal(lengths.at(-1), ALONE);
    // The handshake has records too. None of the queries is in two.
    if (batch !== 'a') for (const length of lengths) assert.equal((length - ALONE) % 130, 0);
  }
});

test('over TLS queries that are asked one after the other have records of their own', async () => {
  await using server = await startTlsServer(certificate, (query) => query.send(replyA(query)));
  await using wire = await startRecordCounter(server.port);
  using forwarder = forwarderTo(`tls://127.0.0.1:${wire.port}#dns.example`);
  for (let i = 0; i < 20; i++) await ask(forwarder, `n${i}.example`);
  assert.equal(wire.lengths.filter((length) => length === ALONE).length, 20);
});

/**
 * The length of a record with one query: 2 octets of length, 128 of padded message (RFC 8467 §4.1), one of content type, 16 of the
 * AEAD tag (RFC 8446 §5.2).
 */
const ALONE = 147;

/** A port that leads to another one, and notes the length of each record of application data on the way there. */
async function startRecordCounter(to: number) {
  const lengths: number[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    const onward = connect(to, '127.0.0.1');
    for (const one of [socket, onward]) {
      sockets.add(one.setNoDelay(true));
      one.on('error', () => one.destroy());
    }
    onward.pipe(socket);
    let rest = Buffer.alloc(0);
    socket.on('data', (piece: Buffer) => {
      onward.write(piece);
      rest = Buffer.concat([rest, piece]);
      while (rest.length >= 5 && rest.length >= 5 + rest.readUInt16BE(3)) {
        const length = rest.readUInt16BE(3);
        if (rest[0] === 23) lengths.push(length);
        rest = rest.subarray(5 + length);
      }
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    lengths,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
