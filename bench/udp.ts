// Cached answers over UDP, compared to the peers: node dist/bench/udp.js
import { benchCached } from './support/cached.ts';

await benchCached(
  'Cached answers over UDP',
  { clients: 10, outstanding: 100 },
  { rate: 'udp-rate', cpu: 'udp-cpu' },
);
