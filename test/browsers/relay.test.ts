import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { createRequire } from 'node:module';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Rcode, Type } from '../../src/dns/codes.ts';
import { PublicKey } from '../../src/pkarr/public-key.ts';
import { createRelayClient } from '../../src/relay/client.ts';
import type { RunningCommand } from '../support/command.ts';
import { askUdp, query } from '../support/dns-client.ts';
import { programs } from '../support/programs.ts';
import { TestAuthority } from '../support/test-certificate.ts';
import { Chromium } from './support/chromium.ts';
import { whyMissing } from './support/own-machine.ts';
import { newKey, type Scene, setUpScene } from './support/scene.ts';

/** All nodes of the DHT, which are as many as are to hold a packet. */
const NODES = 20;
const DNS = { host: '127.0.0.1', port: 5300 };
const RELAY = 'http://127.0.0.1:8053';
/** Pages that are of another origin than the relay: of this machine, and of the Internet. */
const LOCAL_PORT = 27_600;
const local = { named: `http://localhost:${LOCAL_PORT}`, unnamed: `http://127.0.0.1:${LOCAL_PORT}` };
const PUBLIC_ADDRESS = '5.0.0.11';
const publicOrigin = `https://${PUBLIC_ADDRESS}`;
/** Milliseconds that a page waits for what may never be told. */
const MOMENT_MS = 2_000;

/** The clients, and where and what each publishes. */
const clients = {
  pkarr: { label: '_hi.', type: Type.TXT },
  // Its record is beside an NS record with the URL of its gateway.
  dids: { label: '_did.', type: Type.TXT },
  pubky: { label: '_pubky.', type: Type.HTTPS },
} as const;
type ClientName = keyof typeof clients;

const folder = fileURLToPath(new URL('../../../test/browsers/relay-clients/', import.meta.url));
const skip =
  whyMissing('Chromium') ||
  (!existsSync(`${folder}node_modules`) &&
    `SKIPPED: the clients are not installed: npm ci --ignore-scripts --prefix ${folder}`);

describe('the relay, used by pages of other origins in Chromium', { skip }, () => {
  let scene: Scene;
  let server: Server;
  let authority: TestAuthority;

  before(async () => {
    scene = await setUpScene(NODES);
    authority = await TestAuthority.create();
    const html = '<!doctype html><title>a page</title><body><script type="module" src="/page.js"></script>';
    const script = await bundle();
    const javascript = { 'content-type': 'text/javascript' };
    server = createServer((request, response) => {
      const isScript = request.url === '/page.js';
      response.writeHead(200, isScript ? javascript : { 'content-type': 'text/html' });
      response.end(isScript ? script : html);
    }).listen(LOCAL_PORT, '127.0.0.1');
    await scene.internet.open({
      name: 'app',
      address: PUBLIC_ADDRESS,
      tls: await authority.issue({ names: `IP:${PUBLIC_ADDRESS}` }),
      pages: { '/': { body: html }, '/page.js': { headers: javascript, body: script } },
    });
  });
  after(async () => {
    server.closeAllConnections();
    server.close();
    await authority[Symbol.asyncDispose]();
    await scene[Symbol.asyncDispose]();
  });

  for (const program of programs) {
    describe(`of pkarrd on ${program.name}`, { skip: program.skip }, () => {
      const serve = (...flags: readonly string[]) =>
        scene.start(['--listen', `${DNS.host}:${DNS.port}`, '--http', '127.0.0.1:8053', ...flags], program);

      describe('whose settings name no origin', () => {
        let pkarrd: RunningCommand;
        let browser: Chromium;
        before(async () => {
          pkarrd = await serve();
          browser = await Chromium.start();
        });
        after(async () => {
          await browser[Symbol.asyncDispose]();
          await pkarrd.stop();
        });

        test('a page elsewhere causes no lookup, whatever it loads or sends', async () => {
          const key = newKey();
          const about = () => scene.dht.datagramsAbout(key.pair.publicKey);
          await browser.open(local.named);
          const outcome = String(await browser.run(loadEverything(key.text)));
          const statuses = browser.responses
            .filter(({ url }) => url.includes(key.text))
            .map(({ status }) => status);
          assert.equal(about(), 0, outcome);
          // Not all are seen here; a form that is posted gets 405.
          assert.ok(
            statuses.length >= 3 && statuses.every((status) => [403, 405].includes(status)),
            `${statuses}`,
          );
          // What a person types is looked up.
          const { status } = await browser.open(`${RELAY}/${key.text}`);
          assert.equal(status, 404);
          assert.ok(about() > 0);
        });
      });

      describe('whose settings name both', () => {
        let pkarrd: RunningCommand;
        let browser: Chromium;
        before(async () => {
          pkarrd = await serve('--relay-origins', local.named, '--relay-origins', publicOrigin);
          browser = await Chromium.start({ trusted: [authority.pemFile] });
        });
        after(async () => {
          await browser[Symbol.asyncDispose]();
          await pkarrd.stop();
        });

        const tryClient = async (name: ClientName) =>
          (await browser.run(
            `tryClient('${name}', '${RELAY}').catch((error) => ({ error: String(error) }))`,
          )) as {
            readonly key: string;
            readonly isRead: boolean;
            readonly nodes: readonly string[];
            readonly error?: string;
          };

        /** What a client published is read by it, held by all nodes, answered by DNS at once, and read by our own client. */
        async function works(name: ClientName): Promise<void> {
          const { label, type } = clients[name];
          const { key, isRead, nodes, error } = await tryClient(name);
          assert.deepEqual([error, isRead, nodes], [undefined, true, [String(NODES)]], name);
          const client = createRelayClient({
            url: new URL(RELAY),
            resolveHost: () => Promise.reject(new Error('an address needs no lookup')),
            now: () => performance.now(),
            nowWall: () => Date.now(),
          });
          const got = await client.get(PublicKey.fromLabel(key), { signal: AbortSignal.timeout(10_000) });
          client.close();
          assert.ok(got.kind === 'packet', `${name}: ${got.kind}`);
          const { answers, rcode } = await askUdp(DNS, query(`${label}${key}`, type));
          const found = answers.filter((record) => record.type === type).length;
          assert.deepEqual([rcode, found], [Rcode.NOERROR, 1], `${name}: ${label}${key}`);
        }

        for (const name of Object.keys(clients) as ClientName[]) {
          test(`${name} works on a page of this machine, and on no page that is not named`, async () => {
            await browser.open(local.named);
            await works(name);
            await browser.open(local.unnamed);
            const { error, nodes = [] } = await tryClient(name);
            assert.ok(error !== undefined && nodes.length === 0, `${error}`);
          });

          test(`${name} on an https page of the Internet reaches nothing until the person allows it, and works then`, async () => {
            const fresh = await Chromium.start({ trusted: [authority.pemFile] });
            const before = browser;
            browser = fresh;
            try {
              await browser.open(publicOrigin);
              const { error } = await tryClient(name);
              assert.ok(error !== undefined, 'it is not allowed');
              assert.deepEqual(
                browser.responses.filter(({ url }) => url.startsWith(RELAY)),
                [],
              );
              await browser.allowLocalNetwork();
              await works(name);
            } finally {
              browser = before;
              await fresh[Symbol.asyncDispose]();
            }
          });
        }

        test('a page that is named has the relay and nothing else', async () => {
          await browser.open(local.named);
          for (const path of ['/', '/?lookup=example.org', '/metrics', '/readyz'])
            assert.match(
              String(await browser.run(`fetch('${RELAY}${path}').then(({ status }) => status, String)`)),
              /^TypeError/,
              path,
            );
        });
      });
    });
  }
});

/** The clients for a page: esbuild is what builds the program, too. */
async function bundle(): Promise<string> {
  const { build } = createRequire(import.meta.url)('esbuild') as typeof import('esbuild');
  const { outputFiles } = await build({
    absWorkingDir: folder,
    entryPoints: ['page.mjs'],
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    // npm `pkarr` is for Node; these are its parts for pages.
    alias: { 'sodium-native': 'sodium-javascript' },
    inject: ['./shim.mjs'],
    logLevel: 'error',
  });
  return outputFiles[0]?.text ?? '';
}

/** Has a page load a packet in all ways that there are. Gives what it was told. */
const loadEverything = (key: string) => `(async () => {
  const url = '${RELAY}/${key}?';
  const soon = (what) => new Promise((resolve) => setTimeout(() => resolve(what + ' nothing'), ${MOMENT_MS}));
  const embed = (tag, attribute = 'src') => Promise.race([soon(tag), new Promise((resolve) => {
    const element = document.createElement(tag);
    element.onload = () => resolve(tag + ' loaded');
    element.onerror = () => resolve(tag + ' failed');
    if (tag === 'link') element.rel = 'stylesheet';
    element[attribute] = url + tag;
    document.body.append(element);
  })]);
  const frame = document.createElement('iframe');
  frame.name = 'target';
  document.body.append(frame);
  const send = (method) => {
    const form = document.createElement('form');
    Object.assign(form, { method, action: url + 'form', target: 'target' });
    document.body.append(form);
    form.submit();
    return soon('form');
  };
  const events = new EventSource(url + 'events');
  const socket = new WebSocket('ws' + url.slice(4) + 'socket');
  const failed = (source, what) => Promise.race([soon(what), new Promise((resolve) => {
    source.onopen = () => resolve(what + ' opened');
    source.onerror = () => resolve(what + ' failed');
  })]);
  const signal = AbortSignal.timeout(${MOMENT_MS});
  const told = await Promise.all([
    ...['img', 'iframe', 'script', 'video'].map((tag) => embed(tag)),
    embed('link', 'href'),
    embed('object', 'data'),
    fetch(url + 'cors', { signal }).then(({ type }) => type, String),
    fetch(url + 'no-cors', { mode: 'no-cors', signal }).then(({ type }) => type, String),
    fetch(url + 'put', { method: 'PUT', body: 'x', signal }).then(({ type }) => type, String),
    failed(events, 'events'),
    failed(socket, 'socket'),
    send('post'),
  ]);
  return [...told, await send('get')].join(', ');
})()`;
