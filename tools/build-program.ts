/**
 * Makes dist/program, what people run on Node, from the compiled program: itself and its packages in a few files. Finding
 * and reading three hundred files takes a third of the time from start to first answer.
 */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { programVersion } from '../src/system/program-version.ts';
import { root } from './bun.ts';
import { licensesOf } from './third-party-licenses.ts';

const folder = join(root, 'dist', 'program');
// The names of shared files contain a hash of their content, so those of the last build would stay.
rmSync(folder, { recursive: true, force: true });

const { metafile } = await build({
  absWorkingDir: root,
  // A worker's process and the DHT's thread are entries of their own, found beside the file that starts them.
  entryPoints: {
    main: 'dist/src/main.js',
    worker: 'dist/src/worker.js',
    'parts/dht-thread': 'dist/src/mainline/thread/dht-thread.js',
    'parts/vanity-thread': 'dist/src/cli/keys/vanity/vanity-thread.js',
    'parts/http-thread': 'dist/src/http/thread/http-thread.js',
    'parts/testnet-thread': 'dist/src/testnet/testnet-thread.js',
  },
  // One folder below, as in src: a worker is started as ../worker.js, and a thread from the same folder.
  chunkNames: 'parts/[name]-[hash]',
  outdir: folder,
  bundle: true,
  // A chunk for each command and late import.
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  alias: { dns2: './tools/dns2-servers.mjs' },
  define: { PKARRD_VERSION: JSON.stringify(programVersion()) },
  // CommonJS packages load Node's modules with this.
  banner: {
    js: "import { createRequire } from 'node:module';\nconst require = createRequire(import.meta.url);",
  },
  // Node keeps the text of a module in memory. Names stay as they are written and lines are short, so that a stack trace tells the place.
  minifyWhitespace: true,
  lineLimit: 120,
  // The whole texts of the licenses are in a file of their own.
  legalComments: 'none',
  metafile: true,
  logLevel: 'warning',
});
// Which files of src each part has, and which parts it loads at once, for tests of what is loaded when.
const parts = Object.entries(metafile.outputs).map(([path, { inputs, imports }]) => ({
  path: join(root, path),
  sources: Object.keys(inputs).flatMap((input) => /^dist\/src\/(.*)\.js$/.exec(input)?.[1] ?? []),
  loads: imports.filter(({ kind }) => kind === 'import-statement').map((one) => join(root, one.path)),
}));
writeFileSync(join(root, 'dist', 'program-parts.json'), JSON.stringify(parts));
writeFileSync(join(folder, 'THIRD-PARTY-LICENSES.txt'), licensesOf(Object.keys(metafile.inputs)));
