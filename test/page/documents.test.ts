import assert from 'node:assert/strict';
import { test } from 'node:test';
import { brotliDecompressSync, gzipSync } from 'node:zlib';
import { pageFiles } from '../../src/page/built/page-files.ts';
import { lookUpDocument, namesDocument, nowDocument } from '../../src/page/documents.tsx';
import { emptyView } from '../../src/page/look-up/view.ts';
import { figures } from './figures.ts';

const files = { script: '/page/page.js', style: '/page/style.css' };
const now = {
  figures: figures(),
  recent: { seconds: 60, rate: 1.5, hitShare: 0.75, sources: [] },
  points: [],
};

/** Octets after gzip. */
const sizeOf = (content: Uint8Array | string) => gzipSync(content, { level: 9 }).length;

test('each script is at most 45 kB, and everything that a browser loads of all sections is at most 60 kB', () => {
  const sizes = pageFiles.map(({ name, brotli }) => ({
    name,
    size: sizeOf(brotliDecompressSync(Buffer.from(brotli, 'base64'))),
  }));
  assert.deepEqual(sizes.map(({ name }) => name.replace(/-[0-9a-f]{12}/, '')).sort(), [
    'page.js',
    'publish.js',
    'style.css',
  ]);
  for (const { name, size } of sizes) if (name.endsWith('.js')) assert.ok(size <= 45_000, `${name}: ${size}`);
  const all = sizes.reduce((sum, { size }) => sum + size, sizeOf(nowDocument(now, files)));
  assert.ok(all <= 60_000, `${all}`);
});

test('figures can be read without scripting', () => {
  const html = nowDocument(now, files);
  assert.match(html, /<h1>.*Healthy\.<\/h1>/s);
  assert.match(html, /<th scope="row">Queries<\/th><td>100, 0 in progress<\/td>/);
  assert.match(html, /https:\/\/dns\.example/);
});

test('nothing that somebody typed becomes markup, in the document or in its data', () => {
  const typed = '"></script><script>alert(1)</script><img src=x onerror=alert(1)>';
  const html = lookUpDocument({ ...emptyView(typed, typed, 8053), problem: typed }, files);
  assert.equal(html.match(/<script/g)?.length, 2);
  assert.ok(!html.includes('<img'));
  const [, data = ''] = /id="data">(.*?)<\/script>/s.exec(html) ?? [];
  assert.equal(JSON.parse(data).typed, typed);
});

test('no document has a style or a script of its own, which its policy would refuse', () => {
  for (const html of [nowDocument(now, files), lookUpDocument(emptyView('', '', undefined), files)]) {
    assert.ok(!/ style=| on[a-z]+=|<style/.test(html));
    assert.deepEqual([...html.matchAll(/ (?:src|href)="(?!\/|#|data:)/g)], []);
  }
});

test('names and what became of their keys can be read without scripting, and are text whatever a key signed', () => {
  const packet = {
    signed: '2026-01-02T03:04:05.000000Z',
    firstSeen: '2026-01-02T03:05:00.000Z',
    octets: 1_083,
    added: ['alice. 300 IN TXT "<script>alert(1)</script>"'],
    removed: ['alice. 300 IN A 192.0.2.1'],
  };
  const html = namesDocument(
    {
      names: [
        { name: 'alice', key: 'KEY', from: 'configuration', isHidden: false },
        { name: 'alice', key: 'OTHER', from: 'added', isHidden: true },
      ],
      keys: [
        {
          key: 'KEY',
          names: ['alice'],
          isWatched: true,
          packets: [packet, { ...packet, added: [], removed: [] }],
        },
        { key: 'THIRD', names: [], isWatched: true, packets: [] },
      ],
      left: 2,
    },
    8053,
    files,
  );
  assert.match(html, /<a href="http:\/\/alice\.localhost:8053\/">alice<\/a>/);
  assert.equal(html.match(/http:\/\/alice\.localhost/g)?.length, 1, 'a hidden name leads nowhere');
  assert.match(html, /added, hidden by the configuration/);
  assert.match(html, /<h2>alice, watched<\/h2>/);
  assert.match(html, /\+ alice\. 300 IN TXT "&lt;script>|\+ alice\. 300 IN TXT &quot;&lt;script/);
  assert.doesNotMatch(html, /<script>alert/);
  assert.match(html, /− alice\. 300 IN A 192\.0\.2\.1/);
  assert.match(html, /No packet of it was seen yet/);
  assert.match(html, /2 more keys are not shown/);
});
