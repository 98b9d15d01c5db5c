import type { Readable } from 'node:stream';

/** Waits until a program's log says that it is ready, and returns the port on 127.0.0.1; NaN if it ends before. */
export async function listeningPort(stderr: Readable): Promise<number> {
  let log = '';
  stderr.setEncoding('utf8');
  for await (const text of stderr) {
    log += text;
    if (log.includes('Ready.')) break;
  }
  return Number(/listen=127\.0\.0\.1:(\d+)/.exec(log)?.[1]);
}
