import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { askProgram } from '../../src/control/client.ts';
import type { RunningCommand } from '../support/command.ts';
import { programs } from '../support/programs.ts';
import type { Browser } from './support/browser.ts';
import { Chromium } from './support/chromium.ts';
import { Firefox } from './support/firefox.ts';
import { machineAddress } from './support/internet.ts';
import { type BrowserName, whyMissing } from './support/own-machine.ts';
import { newKey, type Scene, setUpScene } from './support/scene.ts';

/** Where the gateway is, and another program of this machine. */
const GATEWAY = 8053;
const NEIGHBOUR = 9_000;
/** Milliseconds that a page waits for what may never be told, such as a question that nobody can be asked. */
const MOMENT_MS = 2_000;

let scene: Scene;
let neighbour: Server;
const keys = {
  verified: newKey(),
  wrong: newKey(),
  plain: newKey(),
  alias: newKey(),
  aliasMode: newKey(),
  serviceMode: newKey(),
  redirect: newKey(),
};
/** Keys that lead into this machine and its network, by what they are. */
const inward = {
  'this machine': '127.0.0.1',
  'a private network': '10.0.0.1',
  'an own address of this machine': machineAddress,
} as const;

const siteOf = (key: { readonly text: string }, labels = '') =>
  `http://${labels}${key.text}.localhost:${GATEWAY}/`;

before(async () => {
  scene = await setUpScene();
  const { internet, dht } = scene;
  await internet.open({ name: 'verified', address: '5.0.0.8', port: 8443, tls: keys.verified.tls });
  await internet.open({ name: 'wrong', address: '5.0.0.2', tls: keys.verified.tls });
  await internet.open({ name: 'plain', address: '5.0.0.3' });
  await internet.open({
    name: 'redirect',
    address: '5.0.0.4',
    tls: keys.redirect.tls,
    pages: { '/': { status: 302, headers: { location: `https://${keys.verified.text}/` } } },
  });
  await internet.open({ name: 'elsewhere', address: '5.0.0.9' });
  const zones: Readonly<Record<keyof typeof keys, string>> = {
    verified: '@ A 5.0.0.8\n@ HTTPS 1 . port=8443',
    wrong: '@ A 5.0.0.2\n@ HTTPS 1 .',
    plain: '@ A 5.0.0.3',
    alias: `www CNAME ${keys.verified.text}.\n@ CNAME ${keys.verified.text}.`,
    aliasMode: `@ HTTPS 0 ${keys.verified.text}.`,
    serviceMode: `@ HTTPS 1 ${keys.verified.text}. port=8443`,
    redirect: '@ A 5.0.0.4\n@ HTTPS 1 .',
  };
  for (const name of Object.keys(keys) as (keyof typeof keys)[])
    await dht.publish(keys[name].pair, zones[name]);
  neighbour = createServer((_, response) => {
    response.writeHead(200, { 'access-control-allow-origin': '*', 'content-type': 'text/html' });
    response.end('<!doctype html><title>neighbour</title>a program of this machine');
  }).listen(NEIGHBOUR, '127.0.0.1');
  await once(neighbour, 'listening');
});
after(async () => {
  neighbour.closeAllConnections();
  neighbour.close();
  await scene[Symbol.asyncDispose]();
});

const start: Readonly<Record<BrowserName, () => Promise<Browser>>> = {
  Chromium: () => Chromium.start(),
  Firefox: () => Firefox.start(),
};

const browsers: readonly BrowserName[] = ['Chromium', 'Firefox'];

/** How the site of the page that is shown was fetched, and what it is, in the words of the gateway. */
const HEADERS = `fetch(location.href).then(({ status, headers }) => [status, headers.get('pkarrd-site')])`;

for (const [program, name] of programs.flatMap((one) => browsers.map((browser) => [one, browser] as const))) {
  const what = `the gateway on ${program.name} in ${name}, with default settings and no resolver that answers`;
  describe(what, { skip: program.skip || whyMissing(name) }, () => {
    let browser: Browser;
    let pkarrd: RunningCommand;
    let stateDir = '';
    before(async () => {
      stateDir = mkdtempSync(join(tmpdir(), 'pkarrd-gateway-'));
      pkarrd = await scene.start(
        [
          '--state-dir',
          stateDir,
          '--listen',
          '127.0.0.1:5300',
          '--http',
          '127.0.0.1:8053',
          '--http',
          '[::1]:8053',
        ],
        program,
      );
      browser = await start[name]();
    });
    after(async () => {
      await browser[Symbol.asyncDispose]();
      await pkarrd.stop();
      rmSync(stateDir, { recursive: true });
    });

    const requestsOf = (site: string) => scene.internet.requests.filter((request) => request.site === site);

    test('a site with an HTTPS record and the certificate of the key is verified', async () => {
      const { status, text } = await browser.open(siteOf(keys.verified));
      assert.deepEqual([status, text], [200, `verified\n\n${keys.verified.text}`]);
      assert.deepEqual(await browser.run(HEADERS), [200, `verified; key=${keys.verified.text}`]);
      assert.equal(await browser.run('isSecureContext'), true);
      assert.equal(requestsOf('verified').at(-1)?.serverName, keys.verified.text);
    });

    test('a petname leads to the origin of its key, and to that of another key as soon as it means that', async () => {
      for (const key of [keys.plain, keys.verified]) {
        await askProgram([stateDir], ['name-add', 'alice', key.text]);
        const { status } = await browser.open(`http://alice.localhost:${GATEWAY}/?a=b`);
        assert.equal(status, 200);
        assert.equal(await browser.run('location.href'), `${siteOf(key)}?a=b`);
      }
    });

    test('a site with the certificate of another key is not shown, and nothing is sent to it', async () => {
      const { status, text } = await browser.open(siteOf(keys.wrong));
      assert.equal(status, 502);
      assert.match(text, /has the certificate of another key, so nothing was sent to it/);
      assert.deepEqual(requestsOf('wrong'), []);
    });

    test('a site without an HTTPS record is fetched in the clear, which is told', async () => {
      const { status, text } = await browser.open(siteOf(keys.plain));
      assert.deepEqual([status, text], [200, `plain\n\n${keys.plain.text}`]);
      assert.deepEqual(await browser.run(HEADERS), [200, 'plain']);
    });

    for (const [what, key, labels] of [
      ['a CNAME from a name below the key', keys.alias, 'www.'],
      ['a CNAME at the key', keys.alias, ''],
      ['AliasMode', keys.aliasMode, ''],
      ['the target of an HTTPS record, as of Pubky homeservers,', keys.serviceMode, ''],
    ] as const) {
      test(`${what} to another key is followed, and the certificate is of that one`, async () => {
        const { status, text } = await browser.open(siteOf(key, labels));
        // It is told the name that was opened, and in the handshake the one whose key it has.
        assert.deepEqual([status, text], [200, `verified\n\n${labels}${key.text}`]);
        assert.deepEqual(await browser.run(HEADERS), [200, `verified; key=${keys.verified.text}`]);
        assert.equal(requestsOf('verified').at(-1)?.serverName, keys.verified.text);
      });
    }

    test('a redirect to another key opens that one at the gateway', async () => {
      const { status, text, url } = await browser.open(siteOf(keys.redirect));
      assert.deepEqual([status, text], [200, `verified\n\n${keys.verified.text}`]);
      assert.equal(url, siteOf(keys.verified));
    });

    for (const [what, address] of Object.entries(inward)) {
      test(`a key that leads to ${what} is refused`, async () => {
        const key = newKey();
        await scene.dht.publish(key.pair, `@ A ${address}`);
        const { status, text } = await browser.open(siteOf(key));
        assert.equal(status, 403);
        assert.ok(text.includes(`(${address})`), text);
      });
    }

    test(
      name === 'Chromium'
        ? 'the script of a site reaches no other program of this machine'
        : 'the script of a site reaches other programs of this machine, since Firefox takes it for one of this machine',
      async () => {
        await browser.open(siteOf(keys.verified));
        const fetched = String(
          await browser.run(`fetch('http://127.0.0.1:${NEIGHBOUR}/').then((r) => r.text(), String)`),
        );
        if (name === 'Chromium') assert.match(fetched, /^TypeError: Failed to fetch/);
        else {
          assert.match(fetched, /a program of this machine/);
          // It asks the person before a page of the Internet may.
          await browser.open('http://5.0.0.9/');
          const signal = `AbortSignal.timeout(${MOMENT_MS})`;
          const asked = browser.run(
            `fetch('http://127.0.0.1:${NEIGHBOUR}/', { signal: ${signal} }).then((r) => r.text(), String)`,
          );
          assert.match(String(await asked), /^TimeoutError/);
        }
      },
    );

    test('the script of a site gets nothing from pkarrd itself', async () => {
      await browser.open(siteOf(keys.verified));
      const urls = [`http://127.0.0.1:${GATEWAY}/`, `http://localhost:${GATEWAY}/`];
      for (const url of urls) {
        assert.match(
          String(await browser.run(`fetch('${url}').then(({ type }) => type, String)`)),
          /^TypeError/,
        );
      }
      const statuses = browser.responses.filter(({ url }) => urls.includes(url)).map(({ status }) => status);
      assert.ok(
        statuses.every((status) => status === 403 || status === 421),
        `${statuses}`,
      );
      // Chromium does not even send it.
      assert.equal(statuses.length, name === 'Chromium' ? 0 : 2);
    });

    test('a site sends back what its page sends over a WebSocket, in Chromium when the person allows it', async () => {
      const echoed = echo(`ws://${keys.verified.text}.localhost:${GATEWAY}/echo`);
      await browser.open(siteOf(keys.verified));
      if (browser instanceof Chromium) {
        // Without a window nobody can be asked, which counts as no.
        assert.equal(await browser.run(echoed), 'failed');
        await browser.allowLocalNetwork();
      }
      assert.equal(await browser.run(echoed), 'verified: hello');
    });

    for (const [where, page] of [
      ['this machine', `http://127.0.0.1:${NEIGHBOUR}/`],
      ['the Internet', 'http://5.0.0.9/'],
      ['another key', siteOf(keys.verified)],
    ] as const) {
      test(`a page of ${where} cannot have anything of a key loaded or looked up`, async () => {
        const key = newKey();
        await scene.dht.publish(key.pair, '@ A 5.0.0.3');
        const published = scene.dht.datagramsAbout(key.pair.publicKey);
        await browser.open(page);
        const outcome = await browser.run(loadEverything(key.text));
        const statuses = browser.responses
          .filter(({ url }) => url.includes(key.text))
          .map(({ status }) => status);
        assert.equal(scene.dht.datagramsAbout(key.pair.publicKey), published, `${outcome}`);
        assert.ok(
          statuses.every((status) => status === 403),
          `${outcome}: ${statuses}`,
        );
        // A browser may stop it before it is sent, but not from a page of this machine.
        if (where === 'this machine') assert.ok(statuses.length > 0, `${outcome}`);
        const { text } = await browser.open(siteOf(key));
        assert.match(text, /^plain/);
        assert.ok(scene.dht.datagramsAbout(key.pair.publicKey) > published);
      });
    }
  });
}

const echo = (url: string) => `new Promise((resolve) => {
  const socket = new WebSocket('${url}');
  socket.onopen = () => socket.send('hello');
  socket.onmessage = ({ data }) => resolve(data);
  socket.onerror = () => resolve('failed');
  setTimeout(() => resolve('nothing'), ${MOMENT_MS});
})`;

/** Has the page of another site load a key's site in all ways that there are. Gives what it was told. */
const loadEverything = (key: string) => `(async () => {
  const url = 'http://${key}.localhost:${GATEWAY}/';
  const embed = (tag) => new Promise((resolve) => {
    const element = document.createElement(tag);
    element.onload = () => resolve(tag + ' loaded');
    element.onerror = () => resolve(tag + ' failed');
    element.src = url + tag;
    document.body.append(element);
    setTimeout(() => resolve(tag + ' nothing'), ${MOMENT_MS});
  });
  const signal = AbortSignal.timeout(${MOMENT_MS});
  return (await Promise.all([
    ...['img', 'iframe', 'script'].map(embed),
    fetch(url + 'cors', { signal }).then(({ type }) => type, String),
    fetch(url + 'no-cors', { mode: 'no-cors', signal }).then(({ type }) => type, String),
    ${echo(`ws://${key}.localhost:${GATEWAY}/socket`)},
  ])).join(', ');
})()`;
