import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { root } from '../support/installed-package.ts';
import { examples, exampleWith } from './examples.ts';

const directory = mkdtempSync(join(tmpdir(), 'pkarrd-types-'));
after(() => rmSync(directory, { recursive: true }));

// A project that has the library, and nothing else of ours: no types of Node where none are needed.
const installed = join(directory, 'node_modules/pkarrd');
mkdirSync(installed, { recursive: true });
cpSync(join(root, 'package.json'), join(installed, 'package.json'));
cpSync(join(root, 'dist/library'), join(installed, 'dist/library'), { recursive: true });

/** What the compiler says of programs, strictly and with the declarations checked too; empty if nothing. */
function compile(
  programs: readonly string[],
  options: { readonly lib: readonly string[]; readonly resolution: string },
) {
  const files = programs.map((program, index) => {
    writeFileSync(join(directory, `program${index}.mts`), program);
    return `program${index}.mts`;
  });
  const compilerOptions = {
    strict: true,
    skipLibCheck: false,
    exactOptionalPropertyTypes: true,
    noEmit: true,
    target: 'ES2023',
    lib: options.lib,
    types: [],
    module: options.resolution === 'bundler' ? 'ESNext' : 'NodeNext',
    moduleResolution: options.resolution,
  };
  writeFileSync(join(directory, 'tsconfig.json'), JSON.stringify({ compilerOptions, files }));
  const compiler = join(root, 'node_modules/typescript/bin/tsc');
  return spawnSync(process.execPath, [compiler, '--project', directory], { encoding: 'utf8' }).stdout;
}

const ofLanguage = ['ES2023'];
const ofBrowser = ['ES2023', 'DOM'];

for (const resolution of ['nodenext', 'bundler']) {
  test(`a program with strict types compiles against the library alone (${resolution})`, () => {
    const program = `
      import { compileZone, KeyPair, type PkarrFault, SignedPacket, type ZoneRecord } from 'pkarrd/pkarr';
      const zone = compileZone('@ A 192.0.2.1', KeyPair.generate().publicKey);
      const message: Uint8Array | undefined = zone.ok ? zone.message : undefined;
      const fault: PkarrFault = 'bad-signature';
      const records: readonly ZoneRecord[] = SignedPacket.fromBytes(new Uint8Array(0)).records;
      export { fault, message, records };
    `;
    assert.equal(compile([program], { lib: ofLanguage, resolution }), '');
  });

  test(`the examples of the README compile (${resolution})`, () => {
    const programs = [...examples.keys()].map((name) => exampleWith(name, {}));
    assert.equal(compile(programs, { lib: ofBrowser, resolution }), '');
  });
}

test('what is no use of the library is an error of types', () => {
  const wrong = [
    "import { KeyPair } from 'pkarrd/pkarr'; new KeyPair();",
    "import { SignedPacket } from 'pkarrd/pkarr'; SignedPacket.fromBytes(new Uint8Array(0)).own;",
    "import { PublicKey } from 'pkarrd/pkarr'; PublicKey.wrap;",
    "import 'pkarrd/dist/library/node/pkarr.js';",
  ];
  const errors = compile(wrong, { lib: ofBrowser, resolution: 'nodenext' });
  for (const index of wrong.keys())
    assert.match(errors, new RegExp(`program${index}\\.mts.*error TS`), errors);
});

test('the declarations name nothing outside of themselves, and every export has a comment', () => {
  const folder = join(root, 'dist/library');
  for (const name of readdirSync(folder).filter((each) => each.endsWith('.d.ts'))) {
    const text = readFileSync(join(folder, name), 'utf8');
    for (const [, target = ''] of text.matchAll(/\bfrom '([^']+)'|\bimport\(/g))
      assert.match(target, /^\.\/[a-z-]+\.js$/, name);
    for (const [line] of text.matchAll(/^export (?:declare|interface|type) .*$/gm))
      assert.ok(text.includes(`*/\n${line}`), `${name}: ${line} has no comment`);
  }
});
