import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { platform } from 'node:os';
import { test } from 'node:test';
import { findPortHolders } from '../../../src/system/activation/port-holder.ts';
import type { ProcFiles } from '../../../src/system/activation/proc-files.ts';

const onLinux = { skip: platform() === 'linux' ? false : 'there is no /proc' };

function pids(protocol: 'udp' | 'tcp', host: string, port: number): readonly number[] {
  return findPortHolders(protocol, { host, port }).map(({ pid }) => pid);
}

test('a process that holds a UDP port is found by address and port', onLinux, async () => {
  for (const [type, host] of [
    ['udp4', '127.0.0.1'],
    ['udp6', '::1'],
  ] as const) {
    const socket = createSocket(type);
    socket.bind(0, host);
    await once(socket, 'listening');
    const { port } = socket.address();
    assert.deepEqual(pids('udp', host, port), [process.pid]);
    assert.deepEqual(pids('udp', '127.9.9.9', port), []);
    assert.deepEqual(pids('tcp', host, port), []);
    socket.close();
    await once(socket, 'close');
    assert.deepEqual(pids('udp', host, port), []);
  }
});

test('a process that listens on all addresses holds each of them', onLinux, async () => {
  const server = createServer().listen(0, '0.0.0.0');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  assert.deepEqual(pids('tcp', '127.0.0.1', port), [process.pid]);
  server.close();
});

test('a connection from a port does not hold it', onLinux, async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  await once(client, 'connect');
  assert.deepEqual(pids('tcp', '127.0.0.1', client.localPort ?? 0), []);
  client.destroy();
  server.close();
});

const table = (rows: readonly string[]) =>
  [
    '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode',
    ...rows,
  ].join('\n');

/** A system with one process, 42, that has the socket 777. */
function scripted(files: Readonly<Record<string, string>>): ProcFiles {
  const lists: Readonly<Record<string, readonly string[]>> = {
    '/proc': ['42', 'net', 'self'],
    '/proc/42/fd': ['0', '7'],
  };
  const links: Readonly<Record<string, string>> = {
    '/proc/42/fd/7': 'socket:[777]',
    '/proc/42/fd/0': '/dev/null',
  };
  const from =
    <T>(table: Readonly<Record<string, T>>) =>
    (path: string): T => {
      const found = table[path];
      if (found === undefined) throw Object.assign(new Error(path), { code: 'ENOENT' });
      return found;
    };
  return { read: from(files), list: from(lists), link: from(links) };
}

test('a socket of IPv6 on all addresses holds the port of IPv4', () => {
  const row = `  1: ${'0'.repeat(32)}:0035 ${'0'.repeat(32)}:0000 07 00000000:00000000 00:00000000 00000000 0 0 777 2 0 0`;
  const files = scripted({ '/proc/net/udp6': table([row]), '/proc/42/comm': 'dnsmasq\n' });
  assert.deepEqual(findPortHolders('udp', { host: '127.0.0.1', port: 53 }, files), [
    { pid: 42, name: 'dnsmasq' },
  ]);
  assert.deepEqual(findPortHolders('udp', { host: '127.0.0.1', port: 54 }, files), []);
});

test('what cannot be read is not known, whatever the files hold', () => {
  assert.deepEqual(findPortHolders('udp', { host: '127.0.0.1', port: 53 }, scripted({})), []);
  const garbage = table(['', 'x', '1: zz:35 0 07', `1: 0100007F:0035 0 07 ${'0 '.repeat(5)}999 2`]);
  const files = scripted({ '/proc/net/udp': garbage });
  assert.deepEqual(findPortHolders('udp', { host: '127.0.0.1', port: 53 }, files), []);
  const nameless = `1: 0100007F:0035 00000000:0000 07 0:0 00:0 0 0 0 777 2`;
  assert.deepEqual(
    findPortHolders('udp', { host: '127.0.0.1', port: 53 }, scripted({ '/proc/net/udp': table([nameless]) })),
    [{ pid: 42, name: 'unknown' }],
  );
});
