import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { test } from 'node:test';
import { recordsAnswer } from '../../src/resolve/answer.ts';
import { ResolveError } from '../../src/resolve/errors.ts';
import { resolveHost } from '../../src/resolve/host-addresses.ts';
import { aRecord } from '../support/packets.ts';

test('looking a host up leaves no listener on the signal of whoever asked, found or not', async () => {
  const { signal } = new AbortController();
  const found = {
    resolve: async () =>
      recordsAnswer({ authoritative: false, answers: [aRecord('host.example', '192.0.2.1')] }),
  };
  const failing = { resolve: () => Promise.reject(new ResolveError('upstream-silent', 'nobody answers')) };
  for (let i = 0; i < 20; i++) {
    assert.deepEqual(await resolveHost(found, 'host.example', signal), ['192.0.2.1']);
    await assert.rejects(resolveHost(failing, 'host.example', signal), ResolveError);
  }
  assert.equal(getEventListeners(signal, 'abort').length, 0);
});

test('a look-up ends with the signal', async () => {
  const controller = new AbortController();
  const work = resolveHost(
    { resolve: (_, { cancellation }) => new Promise((_, reject) => cancellation.listen(reject)) },
    'host.example',
    controller.signal,
  );
  controller.abort(new Error('closing'));
  await assert.rejects(work, /closing/);
});

test('an address is its own answer', async () => {
  const nobody = { resolve: () => Promise.reject(new Error('the resolver was asked')) };
  assert.deepEqual(await resolveHost(nobody, '192.0.2.9', new AbortController().signal), ['192.0.2.9']);
});
