import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { after, test } from 'node:test';
import { promisify } from 'node:util';
import DnsOverHttpResolver from 'dns-over-http-resolver';
import { startDohScene } from '../serve/https/doh-scene.ts';

const scene = await startDohScene();
after(() => scene.close());
const skip = spawnSync('kdig', ['--version']).error === undefined ? false : 'kdig is not installed';

for (const [what, words] of [
  ['POST', ['+https=/dns-query']],
  ['GET', ['+https=/dns-query', '+https-get']],
  ['GET with padding', ['+https=/dns-query', '+https-get', '+padding=128']],
] as const) {
  test(`kdig is answered by ${what}`, { skip }, async () => {
    const { port } = scene.https;
    const { stdout } = await promisify(execFile)('kdig', [
      ...['@127.0.0.1', '-p', String(port), '+tls-hostname=localhost', `+tls-ca=${scene.authority.pemFile}`],
      ...[...words, 'kdig.example', 'A'],
    ]);
    assert.match(stdout, /status: NOERROR/);
    assert.match(stdout, /^kdig\.example\.\s+60\s+IN\s+A\s+192\.0\.2\.1$/m);
    // It pads whatever is encrypted, and so do we.
    assert.match(stdout, /Received 468 B/);
  });
}

for (const path of ['resolve', 'dns-query']) {
  test(`the npm package dns-over-http-resolver is answered at /${path}`, async () => {
    const resolver = new DnsOverHttpResolver();
    // It has no way to be told of an authority.
    resolver.setServers([`http://127.0.0.1:${scene.plain.port}/${path}`]);
    assert.deepEqual(await resolver.resolve4('npm.example'), ['192.0.2.1', '192.0.2.2']);
    await assert.rejects(resolver.resolve4('nothing.example'));
  });
}
