// Cached answers over TCP, pipelined, compared to the peers: node dist/bench/tcp.js
import { benchCached } from './support/cached.ts';

await benchCached(
  'Cached answers over TCP, pipelined',
  { clients: 10, outstanding: 100, tcp: true },
  { rate: 'tcp-rate' },
);
