import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nodeWorkers } from '../../src/system/node/workers.ts';

test('a port that any will do for is none that the system gives to outgoing connections, and free for both protocols', async () => {
  const { hold } = nodeWorkers('/nonexistent');
  for (let i = 0; i < 20; i++) {
    const { port } = await hold('udp', '127.0.0.1', 0);
    assert.ok(port >= 16_384 && port < 32_768, `${port}`);
    // It was let go: the workers bind it.
    assert.equal((await hold('udp', '127.0.0.1', port)).port, port);
  }
  await assert.rejects(hold('tcp', '192.0.2.1', 0), { code: 'EADDRNOTAVAIL' });
});
