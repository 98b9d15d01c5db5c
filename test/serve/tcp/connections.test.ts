import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { test } from 'node:test';
import { Type } from '../../../src/dns/codes.ts';
import { decodeMessage } from '../../../src/dns/message.ts';
import { Protocol } from '../../../src/dns/protocol.ts';
import { recordsAnswer } from '../../../src/resolve/answer.ts';
import { TcpConnections } from '../../../src/serve/tcp/connections.ts';
import { frame, query } from '../../support/dns-client.ts';
import { scriptedResponder } from '../scripted-responder.ts';

/** The server's end of a connection from any address, as far as it is used. */
class FakeSocket extends EventEmitter {
  readonly remoteAddress: string;
  /** Octets that the client has not read. */
  writableLength = 0;
  destroyed = false;
  readonly answers: number[] = [];

  constructor(remoteAddress: string) {
    super();
    this.remoteAddress = remoteAddress;
  }
  get writable(): boolean {
    return !this.destroyed;
  }
  write(octets: Buffer): void {
    this.answers.push(decodeMessage(octets.subarray(2)).id);
  }
  destroy(): void {
    this.destroyed = true;
    this.emit('close');
  }
  setNoDelay(): void {}
  isPaused(): boolean {
    return false;
  }
}

/** Connections from any addresses: eight in all, four for one client, and `young` that do not count yet. */
function scene(young = 0) {
  const { responder, held } = scriptedResponder();
  const limits = { connections: 8, connectionsPerClient: 4, young, idle: 10_000, idleUnderPressure: 2_000 };
  const connections = new TcpConnections(responder, limits);
  const sockets: FakeSocket[] = [];
  const open = async (address: string, name?: string): Promise<FakeSocket> => {
    const socket = new FakeSocket(address);
    connections.accept(socket as unknown as Socket, Protocol.TCP).use(socket as unknown as Socket);
    sockets.push(socket);
    if (name !== undefined) socket.emit('data', frame(query(name, Type.A, { id: 7 })));
    // Until it was answered, or counts as waiting.
    await new Promise(setImmediate);
    await new Promise(setImmediate);
    return socket;
  };
  return {
    connections,
    held,
    open,
    close: () => {
      for (const socket of sockets) socket.destroy();
      for (const release of held) release(recordsAnswer({}));
    },
  };
}

const open = ({ destroyed }: FakeSocket) => !destroyed;

test('whoever has the most connections gives up an idle one for a new one', async () => {
  const { open: connect, connections, close } = scene();
  const greedy = [];
  for (let i = 0; i < 4; i++) greedy.push(await connect('192.0.2.1'));
  const others = [];
  for (let i = 2; i < 6; i++) others.push(await connect(`192.0.2.${i}`));
  const late = await connect('192.0.2.9', 'a.example');
  assert.deepEqual(late.answers, [7]);
  assert.deepEqual(greedy.map(open), [false, true, true, true], 'the oldest of those of the greediest');
  assert.ok([...others, late].every(open));
  assert.deepEqual(connections.statistics(), { open: 8, accepted: 9, evicted: 1 });
  close();
});

test('one client has so many connections and no more, and the addresses of an IPv6 site are one client', async () => {
  const { open: connect, connections, close } = scene();
  const site = [];
  for (let i = 0; i < 7; i++) site.push(await connect(`2001:db8:0:1${i}::${i}`));
  assert.deepEqual(site.map(open), [false, false, false, true, true, true, true]);
  const neighbour = await connect('2001:db8:0:200::1');
  assert.ok(open(neighbour));
  assert.equal(connections.statistics().open, 5);
  close();
});

test('however many connections wait for slow answers, what can be answered at once is', async () => {
  const { open: connect, close, held } = scene();
  const slow = [];
  for (let i = 0; i < 12; i++) slow.push(await connect(`192.0.2.${i >> 2}`, `slow${i}.example`));
  assert.equal(held.length, 12);
  // Three in four may wait, of one client and of all: 3 of each of 3 clients are 9, and 6 may.
  assert.equal(slow.filter(open).length, 6);
  for (const client of ['192.0.2.0', '192.0.2.200']) {
    const quick = await connect(client, 'a.example');
    assert.deepEqual(quick.answers, [7], client);
    quick.destroy();
  }
  assert.equal(slow.filter(open).length, 6, 'and nobody had to go for it');
  close();
});

test('connections that were accepted a moment ago do not count, up to a number', async () => {
  const { open: connect, connections, close } = scene(20);
  const rush = [];
  for (let i = 0; i < 20; i++)
    rush.push(await connect('192.0.2.1', i % 2 === 0 ? 'slow.example' : undefined));
  assert.ok(rush.every(open));
  await new Promise((resolve) => setTimeout(resolve, 500));
  await connect('192.0.2.1', 'a.example');
  assert.equal(rush.filter(open).length, 3, 'half a second later they do');
  // Of too many at once all count, as if none were young.
  for (let i = 0; i < 25; i++) await connect('192.0.2.2');
  assert.ok(connections.statistics().open <= 8 + 21, `${connections.statistics().open}`);
  close();
});

test('of those who wait, the oldest of the client with the most goes first', async () => {
  const { open: connect, close } = scene();
  const fair = await connect('192.0.2.1', 'slow.example');
  const greedy = [];
  for (let i = 0; i < 9; i++) greedy.push(await connect(`192.0.2.${2 + (i % 3)}`, `slow${i}.example`));
  assert.ok(open(fair));
  assert.equal(greedy.filter(open).length, 5);
  assert.deepEqual(greedy.map(open).slice(-3), [true, true, true]);
  close();
});

test('when none is idle, a client that does not read its answers gives way, and not one that waits for one', async () => {
  const { open: connect, close } = scene();
  const waiting = [];
  for (let i = 0; i < 6; i++) waiting.push(await connect(`192.0.2.${i}`, `slow${i}.example`));
  const unread = [await connect('192.0.2.10', 'a.example'), await connect('192.0.2.11', 'a.example')];
  for (const socket of unread) socket.writableLength = 1;
  const quick = await connect('192.0.2.0', 'a.example');
  assert.deepEqual(quick.answers, [7]);
  assert.deepEqual(unread.map(open), [false, true]);
  assert.ok(waiting.every(open));
  close();
});
