import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { inspect } from 'node:util';
import vm from 'node:vm';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { root } from '../support/installed-package.ts';

const file = join(root, 'dist/library/pkarr.js');
const text = readFileSync(file, 'utf8');

/** Octets of the file for browsers, compressed: an eighth is noble, a third the forms of record types with their errors. */
const MAX_GZIP = 23_600;

/** The same of what a page has of it that reads packets and compiles no zone files, when its own bundler leaves out the rest. */
const MAX_GZIP_TO_READ = 19_000;

test('the file for browsers has nothing of Node in it, and imports nothing', () => {
  for (const foreign of [
    /\bBuffer\b|\bprocess\.|\brequire\b|["']node:|LRUCache/,
    /\bimport\b|\bfrom\s*["']/,
    // A page with a strict policy does not run these.
    /\beval\b|\bnew Function\b/,
  ])
    assert.equal(foreign.exec(text)?.[0], undefined);
});

test('the file for browsers is small', () => {
  const length = gzipSync(text, { level: 9 }).length;
  assert.ok(length <= MAX_GZIP, `${length}`);
});

test('a page that reads packets has no compiler of zone files in its bundle', async () => {
  const page = `import { PublicKey, SignedPacket } from './pkarr.js';
    export const read = (key, octets) => SignedPacket.fromRelayPayload(PublicKey.parse(key), octets).records;`;
  const { outputFiles } = await build({
    ...{ stdin: { contents: page, resolveDir: join(root, 'dist/library') }, write: false },
    ...{ bundle: true, format: 'esm', minify: true, platform: 'browser', logLevel: 'error' },
  });
  const [{ contents } = assert.fail()] = outputFiles;
  const length = gzipSync(contents, { level: 9 }).length;
  assert.ok(length <= MAX_GZIP_TO_READ, `${length}`);
});

test('the file for browsers signs and reads where there are no globals but those of browsers', () => {
  const browser = { crypto, TextEncoder, TextDecoder, btoa, atob, console };
  // An export list becomes an object, for a script that is no module.
  const script = text.replace(/export\{(.*?)\};?\s*$/, (_, list: string) => {
    const fields = list.split(',').map((item) => item.split(' as '));
    return `result = { ${fields.map(([own, name = own]) => `${name}: ${own}`).join(', ')} };`;
  });
  const context = vm.createContext({ ...browser, Uint8Array, result: undefined });
  vm.runInContext(script, context);
  const { result } = context as unknown as { result: typeof import('../../src/library/pkarr.ts') };
  const keyPair = result.KeyPair.generate();
  const zone = result.compileZone('@ A 192.0.2.1', keyPair.publicKey);
  const packet = result.SignedPacket.sign(keyPair, zone.ok ? zone.message : assert.fail());
  assert.equal(result.SignedPacket.fromBytes(packet.toBytes()).records[0]?.data, '192.0.2.1');
});

test('the file for browsers and that for servers export the same names and make the same octets', async () => {
  const [ofBrowsers, ofServers] = (await Promise.all(
    ['dist/library/pkarr.js', 'dist/library/node/pkarr.js'].map((path) => import(join(root, path))),
  )) as typeof import('../../src/library/pkarr.ts')[];
  assert.ok(ofBrowsers !== undefined && ofServers !== undefined);
  assert.deepEqual(Object.keys(ofBrowsers).sort(), Object.keys(ofServers).sort());
  const [there, here] = [ofBrowsers, ofServers].map(({ KeyPair, SignedPacket, compileZone }) => {
    const keyPair = KeyPair.fromSeed(new Uint8Array(32).fill(9));
    const zone = compileZone('@ A 192.0.2.1\n_web._tcp SRV 0 0 443 www', keyPair.publicKey);
    return SignedPacket.sign(keyPair, zone.ok ? zone.message : assert.fail(), { timestamp: 1n }).toBytes();
  });
  assert.deepEqual(there, here);
});

test('what is printed of a class has its name', async () => {
  const path = join(root, 'dist/library/node/pkarr.js');
  const { KeyPair, SignedPacket, compileZone } = (await import(
    path
  )) as typeof import('../../src/library/pkarr.ts');
  const keyPair = KeyPair.fromSeed(new Uint8Array(32).fill(9));
  const zone = compileZone('@ A 192.0.2.1', keyPair.publicKey);
  const packet = SignedPacket.sign(keyPair, zone.ok ? zone.message : assert.fail());
  const values = { PublicKey: keyPair.publicKey, KeyPair: keyPair, SignedPacket: packet };
  for (const [name, value] of Object.entries(values)) assert.match(inspect(value), new RegExp(`^${name} `));
});
