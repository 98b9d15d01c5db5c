import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, test } from 'node:test';
import { Handshakes } from '../../../src/serve/tls/handshakes.ts';
import { SocketServer } from '../../../src/system/https/socket-server.ts';
import { floods } from '../../attacks/https-attacks.ts';
import { Http2Client, secureConnect } from '../../support/http-client.ts';
import { MovableClock } from '../../support/movable-clock.ts';
import { TestAuthority } from '../../support/test-certificate.ts';

const authority = await TestAuthority.create();
const { cert, key } = await authority.issue({ names: 'DNS:localhost,IP:127.0.0.1' });
const clock = new MovableClock();
const server = await SocketServer.open({
  place: { host: '127.0.0.1', port: 0 },
  certificate: { current: { chain: cert, key }, onChange: () => () => {} },
  handler: () => ({ status: 200, headers: {}, body: 'x' }),
  onConnection: () => ({ onWaiting() {}, onClosed() {} }),
  handshakes: new Handshakes({ clock }),
  onBug: (error) => assert.fail(String(error)),
});
const address = { host: '127.0.0.1', port: server.port, ca: authority.pem };
after(async () => {
  await server.stop();
  await authority[Symbol.asyncDispose]();
});

for (const [what, flood] of Object.entries(floods(address, 1))) {
  test(`whose connection was ended for ${what} waits for the next handshake, and open connections do not`, async () => {
    const open = new Http2Client(address);
    assert.equal((await open.ask({ path: '/' })).status, 200);
    const { isClosed } = await flood();
    assert.ok(isClosed);
    const next = secureConnect(address, ['h2']);
    let isSecure = false;
    next.once('secureConnect', () => {
      isSecure = true;
    });
    for (let asked = 0; asked < 20; asked++) assert.equal((await open.ask({ path: '/' })).status, 200);
    assert.equal(isSecure, false);
    assert.equal(clock.waiting, 1);
    clock.advance(1_000);
    if (!isSecure) await once(next, 'secureConnect');
    next.destroy();
    await open.close();
    // A minute without a flood.
    clock.advance(60_000);
  });
}
