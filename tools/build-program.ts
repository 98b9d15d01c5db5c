/**
 * Makes dist/program, what people run on Node, out of what was compiled before: the program and its packages in a few
 * files. Finding and reading three hundred is a third of the time from start to first answer.
 */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { programVersion } from '../src/system/program-version.ts';
import { root } from './bun.ts';
import { licensesOf } from './third-party-licenses.ts';

const folder = join(root, 'dist', 'program');
// Names of shared files hold a hash of what is in them: those of the last build are nobody's.
rmSync(folder, { recursive: true, force: true });

const { metafile } = await build({
  absWorkingDir: root,
  // The process of a worker and the thread of the DHT are entries of their own, found beside the file that starts them.
  entryPoints: {
    main: 'dist/src/main.js',
    worker: 'dist/src/worker.js',
    'parts/dht-thread': 'dist/src/mainline/thread/dht-thread.js',
    'parts/testnet-thread': 'dist/src/testnet/testnet-thread.js',
  },
  // A folder below, as in src: what starts a worker finds it at ../worker.js, and what starts a thread beside itself.
  chunkNames: 'parts/[name]-[hash]',
  outdir: folder,
  bundle: true,
  // Each command and late import by itself.
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  define: { PKARRD_VERSION: JSON.stringify(programVersion()) },
  // Packages that are CommonJS ask for Node's modules with this.
  banner: {
    js: "import { createRequire } from 'node:module';\nconst require = createRequire(import.meta.url);",
  },
  // What goes wrong is told with the place, so names stay as they are written.
  minify: false,
  // Texts of licenses stand in a file of their own, whole.
  legalComments: 'none',
  metafile: true,
  logLevel: 'warning',
});
writeFileSync(join(folder, 'THIRD-PARTY-LICENSES.txt'), licensesOf(Object.keys(metafile.inputs)));
