import type { Plugin } from 'esbuild';

/**
 * Puts what runs in browsers in the place of what needs the runtime, for a bundle that pages load: signatures by noble in
 * the place of those by OpenSSL. All the rest of `octets`, `ip`, `dns`, `bep44` and `pkarr` that pages use is the same.
 */
export const browserTwins: Plugin = {
  name: 'browser-twins',
  setup(build) {
    build.onResolve({ filter: /\/ed25519\.js$/ }, ({ path, resolveDir }) =>
      build.resolve(path.replace('ed25519', 'ed25519-noble'), { resolveDir, kind: 'import-statement' }),
    );
  },
};
