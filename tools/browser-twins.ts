import type { Plugin } from 'esbuild';

/**
 * Puts what runs in browsers in the place of what needs the runtime or is large, for a bundle that pages load: signatures by
 * noble in the place of those by OpenSSL, points of the curve by it too, and z-base32 in a few lines. All the rest of `octets`, `ip`, `dns`, `bep44` and
 * `pkarr` that pages use is the same.
 */
export const browserTwins: Plugin = {
  name: 'browser-twins',
  setup(build) {
    for (const [name, twin] of twins)
      build.onResolve({ filter: new RegExp(`/${name}\\.js$`) }, ({ path, resolveDir }) =>
        build.resolve(path.replace(name, twin), { resolveDir, kind: 'import-statement' }),
      );
  },
};

const twins = [
  ['ed25519', 'ed25519-noble'],
  ['curve-point', 'curve-point-noble'],
  ['z-base32', 'z-base32-pages'],
] as const;
