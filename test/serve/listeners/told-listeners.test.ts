import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ListenFailure, ToldListeners } from '../../../src/serve/listeners/told-listeners.ts';
import { answering } from '../../../src/serve/open-listeners.ts';
import { askUdp, query } from '../../support/dns-client.ts';
import { scriptedResponder } from '../scripted-responder.ts';

const opener = answering(scriptedResponder().responder);
const any = { host: '127.0.0.21', port: 0 };

function scene() {
  const failures: ListenFailure[] = [];
  return {
    failures,
    told: (addresses = [any]) => new ToldListeners(addresses, (failure) => failures.push(failure)),
  };
}

test('a worker listens at the addresses that it is told, at the start, meanwhile and later', async () => {
  const { told, failures } = scene();
  const listeners = told();
  const opening = listeners.open(opener);
  const meanwhile = listeners.listenAt({ host: '127.0.0.22', port: 0 });
  const [first] = await opening;
  await meanwhile;
  assert.ok(first !== undefined);
  const later = { host: '127.0.0.23', port: first.port };
  // Told twice, as when it was told both at the start and when it came.
  await Promise.all([listeners.listenAt(later), listeners.listenAt(later), listeners.listenAt(first)]);
  for (const address of [first, later])
    assert.equal((await askUdp(address, query('a.example'))).answers.length, 1);
  assert.deepEqual(failures, []);
  await listeners.leave(later);
  await listeners.close();
});

test('one told before it opens is opened with the others, and none after it was closed', async () => {
  const { told } = scene();
  const listeners = told([]);
  await listeners.listenAt(any);
  const opened = await listeners.open(opener);
  assert.deepEqual(
    opened.map(({ host }) => host),
    [any.host],
  );
  await listeners.close();
  await listeners.listenAt(any);
  const again = told(opened as never);
  assert.deepEqual(await again.open(opener), opened, 'nobody holds it');
  await again.close();
});

test('an address that cannot be had is told, as long as another can; otherwise it is an error', async () => {
  const { told, failures } = scene();
  const holder = told();
  const [taken] = await holder.open(opener);
  assert.ok(taken !== undefined);
  await assert.rejects(told([taken]).open(opener), { name: 'ListenError', code: 'EADDRINUSE' });
  const listeners = told([taken, any]);
  assert.equal((await listeners.open(opener)).length, 1);
  await listeners.listenAt(taken);
  assert.deepEqual(
    failures.map(({ address }) => address),
    [taken, taken],
  );
  await Promise.all([holder.close(), listeners.close()]);
});
