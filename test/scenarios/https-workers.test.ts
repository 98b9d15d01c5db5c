import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { decodeMessage, encodeMessage } from '../../src/dns/message.ts';
import { RunningCommand } from '../support/command.ts';
import { query } from '../support/dns-client.ts';
import { freePort } from '../support/free-port.ts';
import { askHttp1, Http2Client } from '../support/http-client.ts';
import { TestAuthority } from '../support/test-certificate.ts';

const authority = await TestAuthority.create();
const { certFile, keyFile } = await authority.issue({ names: 'DNS:localhost,IP:127.0.0.1' });
after(() => authority[Symbol.asyncDispose]());
const asked = `/dns-query?dns=${Buffer.from(encodeMessage(query('localhost'))).toString('base64url')}`;

test('several workers share the ports of DNS over HTTPS, and answer whoever connects', async () => {
  const [port, plainPort] = [await freePort(), await freePort()];
  const program = new RunningCommand([
    ...['serve', '--workers', '2', '--listen', '127.0.0.1:0', '--dht', 'off', '--relay-use', 'off'],
    ...[
      '--https',
      `127.0.0.1:${port}`,
      '--https-plain',
      `127.0.0.1:${plainPort}`,
      '--upstream',
      '127.0.0.1:9',
    ],
    ...['--certificate', certFile, '--certificate-key', keyFile],
  ]);
  await program.printed(/Ready/);
  const secure = { host: '127.0.0.1', port, ca: authority.pem };
  const plain = { host: '127.0.0.1', port: plainPort };
  for (const address of [secure, plain]) {
    for (let i = 0; i < 8; i++) {
      const client = new Http2Client(address);
      const answers = await Promise.all([client.ask({ path: asked }), askHttp1(address, { path: asked })]);
      for (const { status, body } of answers)
        assert.deepEqual([status, decodeMessage(body).answers.length], [200, 1]);
      await client.close();
    }
  }
  assert.equal((await program.stop()).code, 0);
});
