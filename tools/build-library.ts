/**
 * Makes dist/library, what other programs import, from the compiled program:
 *
 * - `pkarr.js`, for browsers: one file that needs nothing but what the language and browsers have;
 * - `node/`, for Node and Bun: the same names, with the signatures of the runtime, and `client.js`, which shares its classes;
 * - the declarations of both.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type BuildOptions, build } from 'esbuild';
import { browserTwins } from './browser-twins.ts';
import { root } from './bun.ts';
import { licensesOf } from './third-party-licenses.ts';

const folder = join(root, 'dist', 'library');
// The names of shared files contain a hash of their content, so those of the last build would stay.
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });

const common = {
  absWorkingDir: root,
  bundle: true,
  format: 'esm',
  legalComments: 'none',
  metafile: true,
  logLevel: 'warning',
} as const satisfies BuildOptions;

const { metafile: ofBrowsers } = await build({
  ...common,
  entryPoints: { pkarr: 'dist/src/library/pkarr.js' },
  outdir: folder,
  platform: 'browser',
  // What Chromium, Firefox and Safari could do at the end of 2023.
  target: ['chrome120', 'firefox120', 'safari17.2'],
  minify: true,
  plugins: [browserTwins],
});

const { metafile: ofServers } = await build({
  ...common,
  entryPoints: { pkarr: 'dist/src/library/pkarr.js', client: 'dist/src/library/client.js' },
  outdir: join(folder, 'node'),
  chunkNames: 'parts/[name]-[hash]',
  splitting: true,
  platform: 'node',
  target: 'node20.19',
  // A class that names itself would be called `_PublicKey`, which `console.log` shows.
  keepNames: true,
  // CommonJS packages load Node's modules with this.
  banner: {
    js: "import { createRequire } from 'node:module';\nconst require = createRequire(import.meta.url);",
  },
});

const inputs = [ofBrowsers, ofServers].flatMap((metafile) => Object.keys(metafile.inputs));
writeFileSync(join(folder, 'THIRD-PARTY-LICENSES.txt'), licensesOf([...new Set(inputs)]));

// The declarations of the room `library` name nothing of the other rooms: those that the two entries lead to are the whole.
const declarations = join(root, 'dist', 'declarations');
const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
execFileSync(process.execPath, [compiler, '--project', join(root, 'tsconfig.library.json')], {
  stdio: 'inherit',
});
const names = new Set(['pkarr', 'client']);
for (const name of names) {
  const text = readFileSync(join(declarations, 'library', `${name}.d.ts`), 'utf8');
  for (const [, imported = ''] of text.matchAll(/ from '\.\/([a-z-]+)\.ts'/g)) names.add(imported);
  writeFileSync(join(folder, `${name}.d.ts`), text.replaceAll(/( from '\.\/[a-z-]+)\.ts'/g, "$1.js'"));
}
rmSync(declarations, { recursive: true });
