import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BootstrapNames } from '../../../src/app/dht/bootstrap-names.ts';
import { Class, Type } from '../../../src/dns/codes.ts';
import { Name } from '../../../src/dns/name.ts';
import type { NodeAddress } from '../../../src/mainline/dht-node.ts';
import { type Log, silentLog } from '../../../src/observe/log.ts';
import { recordsAnswer } from '../../../src/resolve/answer.ts';
import { ResolveError } from '../../../src/resolve/errors.ts';
import type { Resolver } from '../../../src/resolve/query.ts';
import { MovableClock } from '../../support/movable-clock.ts';

const HOSTS = [
  { host: 'one.example', port: 6881 },
  { host: 'two.example', port: 25401 },
];

/** Names that have an address when `network.isUp`; `asked` has the names in order, `told` what was found each time. */
function scene(hosts: readonly NodeAddress[] = HOSTS) {
  const network = { isUp: false };
  const asked: string[] = [];
  const told: (readonly NodeAddress[])[] = [];
  const warnings: string[] = [];
  const log: Log = { ...silentLog, warn: (message) => warnings.push(message) };
  const resolver: Resolver = {
    async resolve({ question }) {
      asked.push(question.name.toString());
      if (!network.isUp) throw new ResolveError('upstream-silent', 'no upstream answers');
      const answers = question.name.toString().startsWith('one')
        ? [
            {
              name: Name.parse('one.example'),
              type: Type.A,
              class: Class.IN,
              ttl: 60,
              rdata: Uint8Array.of(192, 0, 2, 1),
            },
          ]
        : [];
      return recordsAnswer({ answers });
    },
  };
  const clock = new MovableClock();
  const names = new BootstrapNames({ hosts, resolver, log, clock, onAddresses: (found) => told.push(found) });
  return { names, network, clock, asked, told, warnings };
}

test('hosts are resolved when that is asked for, once, and only those that have an address are told', async () => {
  const { names, network, asked, told, clock } = scene();
  network.isUp = true;
  assert.deepEqual(asked, []);
  await Promise.all([names.resolve(), names.resolve()]);
  await names.resolve();
  assert.equal(asked.length, 2);
  assert.deepEqual(told, [[{ host: '192.0.2.1', port: 6881 }]]);
  assert.equal(clock.waiting, 0);
  names.close();
});

test('without an address it is tried again after pauses that double up to a minute, each told once', async () => {
  const { names, asked, told, warnings, clock } = scene();
  await names.resolve();
  const pauses: number[] = [];
  for (let seconds = 0, before = asked.length; seconds < 300; seconds += 0.5) {
    clock.advance(500);
    await new Promise((done) => setImmediate(done));
    if (asked.length === before) continue;
    before = asked.length;
    pauses.push(seconds + 0.5 - pauses.reduce((sum, pause) => sum + pause, 0));
  }
  assert.deepEqual(pauses, [0.5, 1, 2, 4, 8, 16, 32, 60, 60, 60]);
  assert.equal(warnings.length, 1 + pauses.length);
  assert.deepEqual(told, []);
  names.close();
  assert.equal(clock.waiting, 0);
});

test('whoever asks ends the pause, also after a long time without a network', async () => {
  const { names, network, told, warnings, clock } = scene();
  await names.resolve();
  for (let minutes = 0; minutes < 10; minutes++) {
    clock.advance(60_000);
    await new Promise((done) => setImmediate(done));
  }
  const before = warnings.length;
  clock.advance(1000);
  await names.resolve();
  assert.equal(warnings.length, before, 'what was asked for in a pause is told by nobody');
  network.isUp = true;
  clock.advance(1000);
  await names.resolve();
  assert.equal(told.length, 1);
  assert.equal(clock.waiting, 0, 'nothing more is to be tried');
  names.close();
});

test('of many who ask one after the other only one every 0.2 s asks the upstreams', async () => {
  const { names, asked, clock } = scene();
  for (let count = 0; count < 50; count++) {
    await names.resolve();
    clock.advance(10);
  }
  assert.equal(asked.length, 3 * HOSTS.length);
  names.close();
});

test('a change of network is tried at once, and the next pause is short again', async () => {
  const { names, network, asked, told, clock } = scene();
  await names.resolve();
  clock.advance(300_000);
  await new Promise((done) => setImmediate(done));
  const before = asked.length;
  names.networkChanged();
  await new Promise((done) => setImmediate(done));
  assert.equal(asked.length, before + HOSTS.length);
  network.isUp = true;
  names.networkChanged();
  await new Promise((done) => setImmediate(done));
  assert.equal(told.length, 1);
  names.networkChanged();
  await new Promise((done) => setImmediate(done));
  assert.equal(asked.length, before + 2 * HOSTS.length, 'what is resolved is not asked again');
  names.close();
});

test('without hosts nothing is asked', async () => {
  const { names, clock, asked } = scene([]);
  await names.resolve();
  names.networkChanged();
  assert.deepEqual([asked.length, clock.waiting], [0, 0]);
  names.close();
});
