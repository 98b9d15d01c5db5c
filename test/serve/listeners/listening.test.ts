import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { test } from 'node:test';
import type { ListenAddress } from '../../../src/config/listen-address.ts';
import { decodeMessage } from '../../../src/dns/message.ts';
import { ListenError } from '../../../src/serve/listen-error.ts';
import type { ListenEvent } from '../../../src/serve/listeners/listeners.ts';
import { Listening } from '../../../src/serve/listeners/listening.ts';
import { answering, type Opener } from '../../../src/serve/open-listeners.ts';
import { isWildcard, ownHosts } from '../../../src/serve/own-hosts.ts';
import { BoundSockets } from '../../../src/system/activation/bound-sockets.ts';
import { askUdp, query, TcpClient } from '../../support/dns-client.ts';
import { scriptedResponder } from '../scripted-responder.ts';

/** A machine whose addresses, all of loopback, the test changes. */
function scene(addresses: readonly string[], opener = answering(scriptedResponder().responder)) {
  const machine = { lo: addresses.map((address) => ({ address })) };
  const events: ListenEvent[] = [];
  const bugs: unknown[] = [];
  const parts = {
    machine: () => machine,
    onEvent: (event: ListenEvent) => events.push(event),
    onBug: (error: unknown) => bugs.push(error),
  };
  return {
    events,
    bugs,
    /** Opens listeners at these addresses. */
    async open(listen: readonly ListenAddress[]): Promise<Listening> {
      const listening = new Listening({ listen }, parts);
      await listening.open(opener);
      return listening;
    },
    setAddresses: (now: readonly string[]) => {
      machine.lo = now.map((address) => ({ address }));
    },
  };
}

const hostsOf = ({ addresses }: Listening) => addresses.map(({ host }) => host);

/** Resolves when `is` is true. */
async function until(is: () => boolean): Promise<void> {
  while (!is()) await new Promise((resolve) => setTimeout(resolve, 5));
}

test('a wildcard is answered from each address that is asked, over UDP and TCP', async () => {
  const hosts = ['127.0.0.11', '127.0.0.12'];
  const { open } = scene([...hosts, '::1']);
  for (const [wildcard, own] of [
    ['0.0.0.0', hosts],
    ['::', ['::1']],
  ] as const) {
    const listening = await open([{ host: wildcard, port: 0 }]);
    assert.deepEqual(hostsOf(listening), own);
    const port = listening.addresses[0]?.port ?? 0;
    assert.ok(listening.addresses.every((address) => address.port === port && port > 0));
    for (const host of own) {
      // A connected socket takes replies from the address alone that it asked.
      const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
      socket.connect(port, host);
      const reply = new Promise<Uint8Array>((resolve) => socket.on('message', resolve));
      socket.on('connect', () =>
        socket.send(
          Buffer.from('123401000001000000000000016107657861 6d706c650000010001'.replace(' ', ''), 'hex'),
        ),
      );
      assert.equal(decodeMessage(await reply).answers.length, 1, host);
      socket.close();
      const client = new TcpClient({ host, port });
      client.send(query('a.example'));
      assert.equal((await client.next())?.answers.length, 1, host);
      client.socket.destroy();
    }
    await listening.close();
  }
});

test('an address that comes later is taken up, and one that goes and comes back answers all the time', async () => {
  const { open, events, setAddresses } = scene(['127.0.0.11']);
  const listening = await open([{ host: '0.0.0.0', port: 0 }]);
  const port = listening.addresses[0]?.port ?? 0;
  setAddresses(['127.0.0.11', '127.0.0.12']);
  await listening.networkChanged();
  assert.deepEqual(hostsOf(listening), ['127.0.0.11', '127.0.0.12']);
  assert.deepEqual(events, [{ kind: 'listening', address: { host: '127.0.0.12', port } }]);
  setAddresses(['127.0.0.12']);
  await listening.networkChanged();
  assert.equal((await askUdp({ host: '127.0.0.11', port }, query('a.example'))).answers.length, 1);
  await listening.close();
});

test('of addresses that are gone, a bounded number is kept', async () => {
  const { open, events, setAddresses } = scene(['127.0.1.1']);
  const listening = await open([{ host: '0.0.0.0', port: 0 }]);
  for (let i = 2; i <= 50; i++) {
    setAddresses([`127.0.1.${i}`]);
    await listening.networkChanged();
  }
  const hosts = hostsOf(listening);
  assert.equal(hosts.length, 33);
  assert.equal(events.filter(({ kind }) => kind === 'closed').length, 17);
  assert.deepEqual([hosts[0], hosts.at(-1)], ['127.0.1.18', '127.0.1.50']);
  await listening.close();
});

test('an address that the machine does not have is waited for, told once, and listened on when it is there', async () => {
  // An opener for which an address is there or not as the test says.
  const { responder } = scriptedResponder();
  const real = answering(responder);
  const absent = new Set(['127.0.0.13']);
  const opener: Opener = {
    udp: (address) => real.udp(absent.has(address.host) ? { ...address, host: '192.0.2.77' } : address),
    tcp: real.tcp,
    service: real.service,
  };
  const { open, events, bugs } = scene([], opener);
  const waited = { host: '127.0.0.13', port: 0 };
  const listening = await open([{ host: '127.0.0.11', port: 0 }, waited]);
  assert.deepEqual(hostsOf(listening), ['127.0.0.11']);
  const waiting = { kind: 'waiting', address: waited, reason: 'this machine does not have the address' };
  assert.deepEqual(events, [waiting]);
  await listening.networkChanged();
  assert.deepEqual(events, [waiting], 'told once');
  absent.clear();
  // Nobody says that the network changed: it is tried again every second.
  await until(() => events.length === 2);
  assert.equal(events[1]?.kind, 'listening');
  assert.deepEqual(hostsOf(listening), ['127.0.0.11', '127.0.0.13']);
  assert.deepEqual(bugs, []);
  await listening.close();
});

test('an address that is taken or forbidden is an error, and nothing is left open', async () => {
  const { open, events } = scene(['127.0.0.11']);
  const first = await open([{ host: '127.0.0.11', port: 0 }]);
  const { port = 0 } = first.addresses[0] ?? {};
  const free = { host: '127.0.0.12', port };
  for (const taken of ['127.0.0.11', '0.0.0.0']) {
    const opening = open([free, { host: taken, port }]);
    await assert.rejects(opening, { name: 'ListenError', code: 'EADDRINUSE' });
  }
  const again = await open([free]);
  assert.deepEqual(again.addresses, [free]);
  assert.deepEqual(events, []);
  await Promise.all([first.close(), again.close()]);
});

test('where some of the addresses of a wildcard are taken, the others are listened on, and it is told', async () => {
  const { open, events } = scene(['127.0.0.11', '127.0.0.12']);
  const other = await open([{ host: '127.0.0.11', port: 0 }]);
  const { port = 0 } = other.addresses[0] ?? {};
  const listening = await open([{ host: '0.0.0.0', port }]);
  assert.deepEqual(hostsOf(listening), ['127.0.0.12']);
  const [event] = events;
  assert.ok(events.length === 1 && event?.kind === 'waiting');
  assert.deepEqual(event.address, { host: '127.0.0.11', port });
  assert.match(event.reason, /EADDRINUSE/);
  await other.close();
  await until(() => events.length === 2);
  assert.deepEqual(hostsOf(listening).sort(), ['127.0.0.11', '127.0.0.12']);
  await listening.close();
});

/** An opener with a UDP socket that was given for `host`, and what else it may open. */
function givenOpener(
  host: string,
  code: string,
  mayOpen: (protocol: string, address: ListenAddress) => boolean,
) {
  const given = new BoundSockets([{ descriptor: 9, protocol: 'udp', host, port: 53 }]);
  const opened: string[] = [];
  const open = (protocol: 'udp' | 'tcp') => async (address: ListenAddress) => {
    const isGiven = given.find(protocol, address.host, address.port) !== undefined;
    if (!isGiven && !mayOpen(protocol, address))
      throw new ListenError(protocol, address, Object.assign(new Error(code), { code }));
    opened.push(`${protocol} ${address.host}`);
    return { port: address.port, stop: async () => {} };
  };
  const opener: Opener = {
    udp: open('udp'),
    tcp: open('tcp'),
    service: (_, address) => open('tcp')(address),
    given,
  };
  return { opener, opened };
}

test('beside sockets that were given, one that may not be opened is told, and the others answer', async () => {
  const { opener, opened } = givenOpener('127.0.0.1', 'EACCES', () => false);
  const { open, events } = scene(['127.0.0.1', '192.0.2.1'], opener);
  const listening = await open([
    { host: '127.0.0.1', port: 53 },
    { host: '192.0.2.1', port: 53 },
    { host: '0.0.0.0', port: 53 },
  ]);
  assert.deepEqual(opened, ['udp 127.0.0.1']);
  assert.deepEqual(hostsOf(listening), ['127.0.0.1']);
  assert.deepEqual(
    events.map((event) => event.kind === 'refused' && [event.error.protocol, event.error.address.host]),
    [
      ['tcp', '127.0.0.1'],
      ['udp', '192.0.2.1'],
      ['udp', '192.0.2.1'],
    ],
  );
  await listening.close();
});

test('beside sockets that were given, all others that may be opened are', async () => {
  const { opener, opened } = givenOpener('127.0.0.1', 'EACCES', () => true);
  const { open, events } = scene(['127.0.0.1', '192.0.2.1'], opener);
  const listening = await open([{ host: '0.0.0.0', port: 53 }]);
  assert.deepEqual(opened, ['udp 127.0.0.1', 'tcp 127.0.0.1', 'udp 192.0.2.1', 'tcp 192.0.2.1']);
  assert.deepEqual(events, []);
  await listening.close();
});

test('a socket for all addresses is not spread over those of the machine, and nothing is missing beside it', async () => {
  const { opener, opened } = givenOpener('::', 'EADDRINUSE', (protocol) => protocol === 'tcp');
  const { open, events } = scene(['127.0.0.1', '::1'], opener);
  const listening = await open([
    { host: '::', port: 53 },
    { host: '127.0.0.1', port: 53 },
  ]);
  assert.deepEqual(opened, ['udp ::', 'tcp ::']);
  assert.deepEqual(events, [{ kind: 'wildcard', address: { host: '::', port: 53 } }]);
  await listening.close();
});

test('an address that is named beside a wildcard is listened on once', async () => {
  const { open } = scene(['127.0.0.11', '127.0.0.12']);
  const named = await open([{ host: '127.0.0.11', port: 0 }]);
  const port = named.addresses[0]?.port ?? 0;
  await named.close();
  const [wildcard, one] = [
    { host: '0.0.0.0', port },
    { host: '127.0.0.11', port },
  ];
  for (const listen of [
    [wildcard, one],
    [one, wildcard],
  ]) {
    const listening = await open(listen);
    assert.deepEqual(hostsOf(listening).sort(), ['127.0.0.11', '127.0.0.12']);
    await listening.close();
  }
});

test('a wildcard stands for the addresses of its family, a link-local one with its interface', () => {
  const machine = {
    lo: [{ address: '127.0.0.1' }, { address: '::1' }],
    eth0: [{ address: '192.0.2.1' }, { address: '2001:db8::1' }, { address: 'fe80::1' }],
    eth1: [{ address: 'fe80::1' }, { address: '192.0.2.1' }],
    down: undefined,
  };
  assert.deepEqual(ownHosts('0.0.0.0', machine), ['127.0.0.1', '192.0.2.1']);
  assert.deepEqual(ownHosts('::', machine), ['::1', '2001:db8::1', 'fe80::1%eth0', 'fe80::1%eth1']);
  for (const host of ['0.0.0.0', '::', '0::0']) assert.ok(isWildcard(host), host);
  for (const host of ['0.0.0.1', '127.0.0.1', '::1', 'localhost', '']) assert.ok(!isWildcard(host), host);
});
