import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isBadPort } from '../../../src/gateway/connect/bad-ports.ts';

/** Whether Node's own fetch, which follows the Fetch standard, makes no request to a port of this machine. */
async function isRefusedByFetch(port: number): Promise<boolean> {
  try {
    await fetch(`http://127.0.0.1:${port}/`, { signal: AbortSignal.timeout(2_000) });
    return false;
  } catch (error) {
    return error instanceof Error && error.cause instanceof Error && error.cause.message === 'bad port';
  }
}

test('the ports that are refused are those of the Fetch standard', {
  skip: 'bun' in process.versions && 'the fetch of Bun refuses none',
}, async () => {
  const refused = Array.from({ length: 65_536 }, (_, port) => port).filter(isBadPort);
  const candidates = new Set(
    refused.flatMap((port) => [port - 1, port, port + 1]).filter((port) => port > 0),
  );
  for (const port of candidates) assert.equal(await isRefusedByFetch(port), isBadPort(port), `${port}`);
});

test('sites are at ports that are not', () => {
  for (const port of [80, 443, 3000, 6443, 8000, 8080, 8443, 9000, 65_535])
    assert.ok(!isBadPort(port), `${port}`);
  assert.ok(isBadPort(0));
});
