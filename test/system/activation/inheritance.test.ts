import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BoundSockets } from '../../../src/system/activation/bound-sockets.ts';
import { type ProcView, takeInheritance } from '../../../src/system/activation/inheritance.ts';
import { fc } from '../../support/property.ts';

const LISTEN = '0A';
const UNCONNECTED = '07';

/** A line of a table of the kernel, as proc_pid_net(5) shows it. */
const row = (local: string, state: string, inode: number) =>
  `   0: ${local} 00000000:0000 ${state} 00000000:00000000 00:00000000 00000000     0        0 ${inode} 2 0000000000000000 0`;

const table = (...rows: readonly string[]) => ['  sl  local_address rem_address   st', ...rows].join('\n');

/** 127.0.0.1:53 and [::1]:53, both protocols, a connection, and a socket that is no Internet socket. */
const tables: Readonly<Record<string, string>> = {
  udp: table(row('0100007F:0035', UNCONNECTED, 11)),
  udp6: table(row('00000000000000000000000001000000:0035', UNCONNECTED, 12)),
  tcp: table(row('0100007F:0035', LISTEN, 13), row('0100007F:0035', '01', 15)),
  tcp6: table(row('00000000000000000000000001000000:0035', LISTEN, 14)),
};

/** What descriptors 3, 4, … are. */
function proc(...links: readonly string[]): ProcView {
  const absent = () => Object.assign(new Error('ENOENT'), { code: 'ENOENT' });
  return {
    read(path) {
      const text = tables[path.replace('/proc/self/net/', '')];
      if (text === undefined) throw absent();
      return text;
    },
    link(path) {
      const link = links[Number(path.replace('/proc/self/fd/', '')) - 3];
      if (link === undefined) throw absent();
      return link;
    },
  };
}

const handedOver = (count: number, names = '') => ({
  LISTEN_PID: '42',
  LISTEN_FDS: String(count),
  LISTEN_FDNAMES: names,
});

test('sockets are told apart by inode: kind, family and address, whatever their order', () => {
  const links = ['socket:[14]', 'socket:[11]', 'socket:[13]', 'socket:[12]'];
  const expected = [
    { protocol: 'tcp', host: '::1', port: 53 },
    { protocol: 'udp', host: '127.0.0.1', port: 53 },
    { protocol: 'tcp', host: '127.0.0.1', port: 53 },
    { protocol: 'udp', host: '::1', port: 53 },
  ];
  for (let turn = 0; turn < 4; turn++) {
    const { sockets, unusable } = takeInheritance(handedOver(4), 42, proc(...links));
    assert.deepEqual(unusable, []);
    assert.deepEqual(
      sockets,
      expected.map((socket, index) => ({ descriptor: 3 + index, name: '', purpose: 'dns', ...socket })),
    );
    links.push(links.shift() ?? '');
    expected.push(expected.shift() ?? assert.fail());
  }
});

test('the variables are removed, and those for another process are not followed', () => {
  for (const listenPid of ['41', '', '042', undefined]) {
    const environment: NodeJS.ProcessEnv = {
      ...handedOver(1),
      LISTEN_PID: listenPid,
      LISTEN_PIDFDID: '7',
      HOME: '/',
    };
    assert.deepEqual(takeInheritance(environment, 42, proc('socket:[11]')).sockets, []);
    assert.deepEqual(environment, { HOME: '/' });
  }
});

test('a name says what a socket is for; without one it is for DNS', () => {
  const names = ['pkarrd.socket', 'dot', 'pkarrd-doh.socket', 'unknown', 'http', 'adopt'];
  const { sockets } = takeInheritance(
    handedOver(6, names.join(':')),
    42,
    proc(...names.map(() => 'socket:[13]')),
  );
  assert.deepEqual(
    sockets.map(({ name, purpose }) => [name, purpose]),
    names.map((name, index) => [name, ['dns', 'dot', 'doh', 'dns', 'http', 'dns'][index]]),
  );
});

test('files that were opened for us are known by name, and what is no listening socket is told', () => {
  const links = ['socket:[99]', '/dev/null', 'socket:[15]', 'socket:[98]', 'socket:[97]'];
  const { sockets, files, unusable } = takeInheritance(
    handedOver(6, 'notify:x:accepted:journal:y:gone'),
    42,
    proc(...links),
  );
  assert.deepEqual(sockets, []);
  assert.deepEqual(
    [...files],
    [
      ['notify', 3],
      ['journal', 6],
    ],
  );
  assert.deepEqual(
    unusable.map(({ descriptor, name, why }) => [descriptor, name, why.split(/[,;]/)[0]]),
    [
      [4, 'x', 'is no socket'],
      [5, 'accepted', 'is a connection'],
      [7, 'y', 'is no UDP or TCP socket of our network'],
      [8, 'gone', 'cannot be looked at in /proc/self/fd'],
    ],
  );
});

test('no variables and no table of the kernel make it fail or take long', () => {
  const anything = fc.oneof(fc.string(), fc.integer().map(String), fc.constant('999999999'));
  fc.assert(
    fc.property(anything, anything, anything, (count, names, text) => {
      const { sockets, unusable } = takeInheritance(
        { LISTEN_PID: '42', LISTEN_FDS: count, LISTEN_FDNAMES: names },
        42,
        { read: () => `head\n${text}`, link: () => text },
      );
      assert.ok(sockets.length + unusable.length <= 1_024);
    }),
  );
});

test('an address is found in whatever spelling, and without its zone', () => {
  const sockets = new BoundSockets([
    { descriptor: 3, protocol: 'udp', host: 'fe80::1', port: 53 },
    { descriptor: 4, protocol: 'tcp', host: '::1', port: 53 },
    { descriptor: 5, protocol: 'tcp', host: '::1', port: 53 },
  ]);
  assert.equal(sockets.find('udp', 'fe80:0:0::1%eth0', 53), 3);
  assert.equal(sockets.find('tcp', '0:0:0:0:0:0:0:1', 53), 4);
  assert.equal(sockets.find('udp', '::1', 53), undefined);
  assert.equal(sockets.find('tcp', '::1', 5300), undefined);
  assert.ok(sockets.has('::1', 53) && !sockets.has('::', 53));
});
