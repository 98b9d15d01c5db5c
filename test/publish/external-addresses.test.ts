import assert from 'node:assert/strict';
import type { NetworkInterfaceInfo } from 'node:os';
import { test } from 'node:test';
import type { NetworkKind } from '../../src/mainline/addresses.ts';
import { noExternalAddresses } from '../../src/pkarr/zone/file/placeholders.ts';
import { externalAddresses } from '../../src/publish/external-addresses.ts';

const none = noExternalAddresses;

function ipv4(externalHost: string | undefined, network: NetworkKind = 'public') {
  const status = externalHost === undefined ? {} : { externalHost };
  return externalAddresses(network, status, {}, none).get('external_ipv4');
}

function ipv6(addresses: readonly string[], previous = none, network: NetworkKind = 'public') {
  const interfaces = { eth0: addresses.map(info) };
  return externalAddresses(network, undefined, interfaces, previous).get('external_ipv6');
}

function info(address: string): NetworkInterfaceInfo {
  const rest = { address, netmask: '', mac: '', internal: false, cidr: null };
  return address.includes(':') ? { family: 'IPv6', scopeid: 0, ...rest } : { family: 'IPv4', ...rest };
}

test('the IPv4 address is the one that nodes agree on, if the Internet can reach it', () => {
  assert.equal(ipv4('93.184.216.34'), '93.184.216.34');
  for (const host of [
    undefined,
    '10.0.0.1',
    '127.0.0.1',
    '192.168.1.1',
    '100.64.0.1',
    '169.254.1.1',
    '192.0.2.1',
    'x',
  ]) {
    assert.equal(ipv4(host), undefined, host);
  }
});

test('in a test network loopback is where everybody is', () => {
  assert.equal(ipv4('127.0.0.1', 'test'), '127.0.0.1');
  assert.equal(ipv4('93.184.216.34', 'test'), undefined);
  assert.equal(ipv6(['::1', '2a00::1'], none, 'test'), '::1');
});

test('the IPv6 address is one of the machine that the Internet can reach', () => {
  assert.equal(
    ipv6(['fe80::1', 'fd00::1', '::1', '192.0.2.1', '2001:db8::1', '2002::1', '2a00:1450::5']),
    '2a00:1450::5',
  );
  assert.equal(ipv6(['fe80::1', '2001::1', '3fff::1']), undefined);
});

test('an IPv6 address stays as long as the machine has it', () => {
  const previous = new Map([['external_ipv6', '2a00::9']]);
  assert.equal(ipv6(['2a00::1', '2a00::9'], previous), '2a00::9');
  assert.equal(ipv6(['2a00::2', '2a00::1'], previous), '2a00::1');
});
