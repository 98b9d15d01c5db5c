import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { socketsWithin } from '../../src/app/upstreams/upstream-sockets.ts';
import { descriptorLimit, parseLimit } from '../../src/system/descriptor-limit.ts';

const row = (soft: string): string =>
  `Limit                     Soft Limit           Hard Limit           Units     
Max processes             63204                63204                processes 
Max open files            ${soft.padEnd(20)} 524288               files     
`;

test('the soft limit of open files is read from what Linux says of the process', () => {
  assert.equal(parseLimit(row('1024')), 1024);
  assert.equal(parseLimit(row('unlimited')), Number.POSITIVE_INFINITY);
  assert.equal(parseLimit(''), undefined);
});

test('the limit is that of this process', {
  skip: process.platform !== 'linux' && 'only Linux has /proc',
}, () => {
  const file = fileURLToPath(new URL('../../src/system/descriptor-limit.js', import.meta.url));
  const script = `import(${JSON.stringify(file)}).then((m) => console.log(m.descriptorLimit()))`;
  const command = `ulimit -n 777; exec "$0" --input-type=module --eval "$1"`;
  assert.equal(execFileSync('sh', ['-c', command, process.execPath, script], { encoding: 'utf8' }), '777\n');
  assert.ok((descriptorLimit() ?? 0) > 16);
});

test('upstreams have what clients and files leave them, some always, and never more than a machine can use', () => {
  assert.deepEqual(
    [64, 256, 1024, 2048, 1e6, Number.POSITIVE_INFINITY].map(socketsWithin),
    [16, 16, 768, 1344, 4096, 4096],
  );
});
