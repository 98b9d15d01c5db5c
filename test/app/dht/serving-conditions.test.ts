import assert from 'node:assert/strict';
import type { NetworkInterfaceInfo } from 'node:os';
import { test } from 'node:test';
import { ServingConditionsWatch } from '../../../src/app/dht/serving-conditions.ts';
import type { ServingConditions } from '../../../src/mainline/dht-node.ts';
import { MovableClock } from '../../support/movable-clock.ts';

const ipv4 = (address: string): NetworkInterfaceInfo => ({
  address,
  family: 'IPv4',
  netmask: '255.255.255.0',
  mac: '00:00:00:00:00:00',
  internal: false,
  cidr: `${address}/24`,
});

test('the node is told the public IPv4 addresses, those of metered connections apart, at once and every minute', async () => {
  const clock = new MovableClock();
  const told: ServingConditions[] = [];
  const asked: string[] = [];
  const machine = {
    lo: [ipv4('127.0.0.1')],
    lan: [ipv4('192.168.1.2'), ipv4('100.64.0.1')],
    wan: [ipv4('45.1.1.1'), ipv4('10.0.0.1')],
    mobile: [ipv4('46.1.1.1')],
    down: undefined,
  };
  let metered = ['mobile'];
  const watch = new ServingConditionsWatch({
    machine: () => machine,
    isMetered: async (name) => {
      asked.push(name);
      return metered.includes(name);
    },
    clock,
    tell: (conditions) => told.push(conditions),
  });
  await new Promise(setImmediate);
  assert.deepEqual(told, [{ hosts: ['45.1.1.1'], metered: ['46.1.1.1'] }]);
  assert.deepEqual(asked, ['wan', 'mobile'], 'of interfaces with a public address');
  metered = ['wan', 'mobile'];
  clock.advance(60_000);
  await new Promise(setImmediate);
  assert.deepEqual(told.at(-1), { hosts: [], metered: ['45.1.1.1', '46.1.1.1'] });
  metered = [];
  watch.look();
  await new Promise(setImmediate);
  assert.deepEqual(told.at(-1), { hosts: ['45.1.1.1', '46.1.1.1'], metered: [] });
  watch.close();
  clock.advance(600_000);
  await new Promise(setImmediate);
  assert.deepEqual([told.length, clock.waiting], [3, 0]);
});

test('what was found before a change of the network is not told after it, however long it took to read', async () => {
  const clock = new MovableClock();
  const told: ServingConditions[] = [];
  const reads: ((isMetered: boolean) => void)[] = [];
  let address = '45.1.1.1';
  const watch = new ServingConditionsWatch({
    machine: () => ({ wan: [ipv4(address)] }),
    isMetered: () => new Promise((resolve) => reads.push(resolve)),
    clock,
    tell: (conditions) => told.push(conditions),
  });
  address = '46.1.1.1';
  watch.look();
  for (const read of [...reads].reverse()) {
    read(false);
    await new Promise(setImmediate);
  }
  assert.deepEqual(told, [{ hosts: ['46.1.1.1'], metered: [] }]);
  watch.close();
});
