import { brotliDecompressSync, gzipSync } from 'node:zlib';
import { pageFiles } from '../../page/built/page-files.ts';
import type { LoadedFiles } from '../../page/document.tsx';
import { respond } from '../routing/respond.ts';
import type { Route } from '../routing/route.ts';

/** Where the files of the page are. */
const FOLDER = '/page/';

/** A file in each coding that it is asked for in. */
interface Served {
  readonly type: string;
  readonly br: Uint8Array;
  readonly gzip: Uint8Array;
  readonly identity: Uint8Array;
}

/** The addresses of what the documents load. */
export const loadedFiles: LoadedFiles = { script: addressOf('page-'), style: addressOf('style-') };

/** The same for the section Publish, whose script has the compiler of zone files and the signatures. */
export const publishFiles: LoadedFiles = { ...loadedFiles, script: addressOf('publish-') };

function addressOf(prefix: string): string {
  return `${FOLDER}${pageFiles.find(({ name }) => name.startsWith(prefix))?.name ?? prefix}`;
}

/** The script and the style of the page, from memory. Their names tell their content, so that browsers keep them for ever. */
export function fileRoute(): Route {
  const files = new Map(
    pageFiles.map(({ name, brotli }): [string, Served] => {
      const br = Buffer.from(brotli, 'base64');
      const identity = brotliDecompressSync(br);
      return [`${FOLDER}${name}`, { type: typeOf(name), br, identity, gzip: gzipSync(identity) }];
    }),
  );
  return {
    path: (path) => files.has(path),
    methods: ['GET', 'HEAD'],
    access: { elsewhere: 'nothing', clients: 'allow-from' },
    handle({ request, response, path }) {
      const file = files.get(path);
      if (file === undefined) return;
      const coding = codingFor(String(request.headers['accept-encoding'] ?? ''));
      respond(response, {
        status: 200,
        headers: {
          'content-type': file.type,
          'cache-control': 'private, max-age=31536000, immutable',
          vary: 'accept-encoding',
          ...(coding !== 'identity' && { 'content-encoding': coding }),
        },
        body: file[coding],
      });
    },
  };
}

function typeOf(name: string): string {
  return `text/${name.endsWith('.css') ? 'css' : 'javascript'}; charset=utf-8`;
}

/** The best coding that a client names. Browsers name Brotli only where they trust the way: on this machine, and over TLS. */
function codingFor(accepted: string): 'br' | 'gzip' | 'identity' {
  const names = accepted.split(',').flatMap((part) => {
    const [name = '', ...parameters] = part.split(';').map((word) => word.trim().toLowerCase());
    // RFC 9110 §12.4.2: a weight of 0 means "not acceptable".
    return parameters.some((word) => /^q=0(\.0*)?$/.test(word)) ? [] : [name];
  });
  return (['br', 'gzip'] as const).find((coding) => names.includes(coding)) ?? 'identity';
}
