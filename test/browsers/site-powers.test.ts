import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { pkarrd, type RunningCommand } from '../support/command.ts';
import { programs } from '../support/programs.ts';
import { Chromium } from './support/chromium.ts';
import type { Page } from './support/internet-messages.ts';
import { whyMissing } from './support/own-machine.ts';
import { newKey, type Scene, setUpScene } from './support/scene.ts';

/** Another program of this machine. */
const NEIGHBOUR = 9_000;
/** Milliseconds that a page waits for what may never come. */
const MOMENT_MS = 1_000;

const key = newKey();
const site = `http://${key.text}.localhost:8053`;
const pdf = (type: string | undefined, status = 200): Page => ({
  status,
  headers: type === undefined ? {} : { 'content-type': type },
  body: '%PDF-1.4',
});
/** What the site has, by path, of which a document comes that a browser makes by itself. */
const pages: Readonly<Record<string, Page>> = {
  '/pdf': pdf('application/pdf'),
  '/text-pdf': pdf('text/pdf'),
  '/guessed-pdf': pdf('x'),
  '/unknown-pdf': pdf('application/unknown'),
  '/second-pdf': pdf('text/html, application/pdf'),
  '/missing-pdf': pdf('application/pdf', 404),
  '/own-opener-pdf': {
    headers: { 'content-type': 'application/pdf', 'cross-origin-opener-policy': 'same-origin' },
    body: '%PDF-1.4',
  },
  '/image': {
    headers: { 'content-type': 'image/svg+xml' },
    body: '<svg xmlns="http://www.w3.org/2000/svg"/>',
  },
  '/video': { headers: { 'content-type': 'video/mp4' }, body: 'x' },
  '/xml': {
    headers: { 'content-type': 'text/xml' },
    body: '<?xml-stylesheet type="text/xsl" href="/style"?><a/>',
  },
  '/style': {
    headers: { 'content-type': 'text/xsl' },
    body: '<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform"><xsl:template match="/"><html/></xsl:template></xsl:stylesheet>',
  },
  '/parts': {
    headers: { 'content-type': 'multipart/x-mixed-replace; boundary=b' },
    body: '--b\r\nContent-Type: application/pdf\r\n\r\n%PDF-1.4\r\n--b--\r\n',
  },
  '/nothing': { status: 204, body: '' },
  '/empty': { status: 404, body: '' },
};
/** Addresses that the site's script opens, as expressions. */
const addresses: readonly string[] = [
  ...Object.keys(pages).map((path) => `'${path}'`),
  // Refused before anybody looks at its host.
  "'/?' + 'a'.repeat(20000)",
  "'about:blank'",
  "'about:srcdoc'",
  "URL.createObjectURL(new Blob(['%PDF-1.4'], { type: 'application/pdf' }))",
];

let scene: Scene;
let neighbour: Server;
const reached: string[] = [];
const directory = mkdtempSync(join(tmpdir(), 'pkarrd-browsers-powers-'));
const tls = join(directory, 'tls');

before(async () => {
  scene = await setUpScene();
  const { internet, dht } = scene;
  await internet.open({ name: 'site', address: '5.0.0.8', port: 8443, tls: key.tls, pages });
  await internet.open({ name: 'elsewhere', address: '5.0.0.9' });
  await dht.publish(key.pair, '@ A 5.0.0.8\n@ HTTPS 1 . port=8443');
  neighbour = createServer(({ url = '' }, response) => {
    reached.push(url);
    response.writeHead(200, { 'access-control-allow-origin': '*' });
    response.end('a program of this machine');
  }).listen(NEIGHBOUR, '127.0.0.1');
  await once(neighbour, 'listening');
  const { code, err } = await pkarrd(['certificate', '--out', tls]);
  assert.equal(code, 0, err);
});
after(async () => {
  neighbour.closeAllConnections();
  neighbour.close();
  await scene[Symbol.asyncDispose]();
  rmSync(directory, { recursive: true });
});

for (const program of programs) {
  describe(`what pages can do in Chromium with pkarrd on ${program.name}`, {
    skip: program.skip || whyMissing('Chromium'),
  }, () => {
    let browser: Chromium;
    let running: RunningCommand;
    before(async () => {
      running = await scene.start(
        [
          ...['--listen', '127.0.0.1:5300', '--http', '127.0.0.1:8053', '--https', '127.0.0.1:8443'],
          ...['--certificate', join(tls, 'server.pem'), '--certificate-key', join(tls, 'server.key')],
        ],
        program,
      );
      browser = await Chromium.start({ trusted: [join(tls, 'ca.pem')] });
    });
    after(async () => {
      await browser[Symbol.asyncDispose]();
      await running.stop();
    });

    for (const how of ['iframe', 'object', 'window']) {
      test(`no document that a site opens in ${how === 'window' ? 'a' : 'an'} ${how} reaches another program of this machine`, async () => {
        const { status } = await browser.open(`${site}/`);
        assert.equal(status, 200);
        reached.length = 0;
        for (const address of addresses) {
          const outcome = await browser.run(`(${open})('${how}', ${address}, ${NEIGHBOUR}, ${MOMENT_MS})`);
          assert.deepEqual(reached, [], `${address}: ${outcome}`);
        }
      });
    }

    test('a PDF still opens in a window', async () => {
      const { url, status } = await browser.open(`${site}/pdf`);
      assert.deepEqual([url, status], [`${site}/pdf`, 200]);
    });

    for (const [where, page] of [
      ['the Internet', 'http://5.0.0.9/'],
      ['another key', `${site}/`],
    ] as const) {
      for (const rule of ['prefetch', 'prerender']) {
        test(`a page of ${where} cannot have a key looked up by a rule to ${rule} its site`, async () => {
          const wanted = newKey();
          await scene.dht.publish(wanted.pair, '@ A 5.0.0.9');
          const published = scene.dht.datagramsAbout(wanted.pair.publicKey);
          await browser.open(page);
          const target = `http://${wanted.text}.localhost:8053/x`;
          await ahead(rule, target);
          assert.deepEqual(statusesOf(target), [403]);
          assert.equal(scene.dht.datagramsAbout(wanted.pair.publicKey), published);
        });
      }
    }

    test('a page of the Internet cannot have a name resolved over HTTPS by a rule to prefetch the answer', async () => {
      const target = 'https://localhost:8443/resolve?name=fetched-ahead.example';
      await browser.open('http://5.0.0.9/');
      await ahead('prefetch', target);
      assert.deepEqual(statusesOf(target), [403]);
    });

    const statusesOf = (target: string) =>
      browser.responses.filter(({ url }) => url === target).map(({ status }) => status);

    /** Has the page tell the browser what to fetch ahead, and waits until it has. */
    async function ahead(rule: string, target: string): Promise<void> {
      await browser.run(`(${addRule})('${rule}', '${target}')`);
      for (let tries = 0; tries < 200 && statusesOf(target).length === 0; tries++) await sleep(50);
    }
  });
}

/** Adds a speculation rule, https://html.spec.whatwg.org/multipage/speculative-loading.html. */
const addRule = `(rule, url) => {
  const script = document.createElement('script');
  script.type = 'speculationrules';
  script.textContent = JSON.stringify({ [rule]: [{ source: 'list', urls: [url], eagerness: 'immediate' }] });
  document.head.append(script);
}`;

/** Opens an address in an element or a window, and has whatever document is there fetch from another program. Tells of each. */
const open = `async (how, url, port, ms) => {
  const later = (value) => new Promise((resolve) => setTimeout(() => resolve(value), ms));
  const before = window.length;
  let close;
  const opened = [];
  if (how === 'window') {
    const other = window.open(url);
    opened.push(other);
    close = () => other?.close();
    await later();
  } else {
    const element = document.createElement(how);
    element[how === 'object' ? 'data' : 'src'] = url;
    const loaded = new Promise((resolve) => { element.onload = resolve; });
    document.body.append(element);
    await Promise.race([loaded, later()]);
    close = () => element.remove();
  }
  for (let at = before; at < window.length; at++) opened.push(window[at]);
  const told = [];
  for (const other of opened) {
    try {
      const path = other.location.pathname;
      const answer = other.fetch('http://127.0.0.1:' + port + '/' + how + path);
      told.push(path + ' ' + (await Promise.race([answer.then((r) => r.text(), String), later('nothing')])));
    } catch (error) {
      told.push(error.name);
    }
  }
  close();
  return told.join(', ');
}`;
