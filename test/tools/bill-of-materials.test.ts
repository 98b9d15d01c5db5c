import assert from 'node:assert/strict';
import { test } from 'node:test';
import { billOfMaterials } from '../../tools/bill-of-materials.ts';
import { platforms } from '../../tools/bun.ts';
import { manifest } from '../support/installed-package.ts';

/** What is read of a bill of materials. */
interface Bill {
  readonly serialNumber?: string;
  readonly metadata: { readonly component: { readonly name: string } };
  readonly components: readonly {
    readonly name: string;
    readonly version: string;
    readonly hashes?: readonly { readonly alg: string; readonly content: string }[];
    readonly licenses?: readonly object[];
  }[];
}

test('the bill of materials names every package that the program is made of, with hash and license', () => {
  const { components, metadata, serialNumber } = JSON.parse(billOfMaterials()) as Bill;
  assert.deepEqual([metadata.component.name, serialNumber], ['pkarrd', undefined]);
  for (const [name, version] of Object.entries(manifest.dependencies ?? {}))
    assert.ok(
      components.some((one) => one.name === name && one.version === version),
      name,
    );
  for (const name of ['typescript', 'esbuild', 'knip', 'fast-check'])
    assert.ok(!components.some((one) => one.name === name), name);
  for (const { name, hashes, licenses } of components) {
    assert.match(hashes?.[0]?.content ?? '', /^[0-9a-f]{128}$/, name);
    assert.ok(licenses?.length, `${name} states no license`);
  }
});

test('that of the one file has Bun too, and the same source gives the same text', () => {
  const [platform] = platforms;
  assert.ok(platform !== undefined);
  const text = billOfMaterials(platform);
  const bun = (JSON.parse(text) as Bill).components.at(-1);
  assert.equal(bun?.name, `@oven/bun-${platform.name}`);
  assert.match(bun?.hashes?.[0]?.content ?? '', /^[0-9a-f]{128}$/);
  assert.equal(billOfMaterials(platform), text);
});
