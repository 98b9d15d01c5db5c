import type { Peer } from '../../src/system/worker-process.ts';

/** The two ends of a line that copies what crosses, as one between processes does, and keeps its order. */
export function peerPair(): readonly [Peer, Peer] {
  const takers: ((message: unknown) => void)[][] = [[], []];
  const end = (own: number): Peer => ({
    send(message) {
      const copy = structuredClone(message);
      setImmediate(() => {
        for (const take of takers[1 - own] ?? []) take(copy);
      });
    },
    onMessage: (take) => void takers[own]?.push(take),
  });
  return [end(0), end(1)];
}
