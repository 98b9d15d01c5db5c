import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const child = fileURLToPath(new URL('./resolver-files-child.js', import.meta.url));

/** Namespaces are for root alone on many systems, and Linux alone has them. */
const mayUnshare = spawnSync('unshare', ['--mount', '--net', 'true']).status === 0;

for (const workers of ['1', '2']) {
  test(`the files of the system are followed: the same content is no change, other resolvers end what the old ones said, and the last are kept: ${workers} worker`, {
    skip: mayUnshare ? false : 'namespaces cannot be made here',
  }, () => {
    const words = ['--mount', '--net', process.execPath, child, workers];
    const { stdout, stderr } = spawnSync('unshare', words, { encoding: 'utf8', timeout: 60_000 });
    assert.notEqual(stdout, '', stderr);
    const { askedAnew, ...results } = JSON.parse(stdout);
    assert.deepEqual(results, {
      before: '192.0.2.1',
      unchanged: '192.0.2.1',
      other: '192.0.2.2',
      kept: '192.0.2.2',
      changes: ['The network changed. change=resolvers', 'The network changed. change=resolvers'],
      keptOverRestart: '192.0.2.2',
      lease: '192.0.2.1',
    });
    // By each worker once.
    assert.ok(askedAnew <= Number(workers), `${askedAnew}`);
  });
}
