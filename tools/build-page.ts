/**
 * Makes what browsers load of the page, its script and its style, from the compiled program, and puts it into the compiled module
 * dist/src/page/built/page-files.js, from where both builds of the program take it.
 */
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { brotliCompressSync, constants } from 'node:zlib';
import { build } from 'esbuild';
import type { PageFile } from '../src/page/built/page-files.ts';
import { browserTwins } from './browser-twins.ts';
import { root } from './bun.ts';

const { outputFiles } = await build({
  absWorkingDir: root,
  entryPoints: {
    page: 'dist/src/page/browser/page.js',
    publish: 'dist/src/page/browser/publish.js',
    style: 'src/page/page.css',
  },
  plugins: [browserTwins],
  outdir: join(root, 'dist', 'page'),
  write: false,
  bundle: true,
  format: 'esm',
  platform: 'browser',
  // What Chromium, Firefox and Safari could do at the end of 2023.
  target: ['chrome120', 'firefox120', 'safari17.2'],
  minify: true,
  legalComments: 'none',
  logLevel: 'warning',
});

const files = outputFiles.map(({ path, contents }): PageFile => {
  const extension = extname(path);
  const hash = createHash('sha256').update(contents).digest('hex').slice(0, 12);
  const brotli = brotliCompressSync(contents, {
    params: { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY },
  });
  return {
    name: `${path.slice(join(root, 'dist', 'page').length + 1, -extension.length)}-${hash}${extension}`,
    brotli: brotli.toString('base64'),
  };
});
writeFileSync(
  join(root, 'dist/src/page/built/page-files.js'),
  `export const pageFiles = ${JSON.stringify(files, undefined, 2)};\n`,
);
