import { readTtl } from '../../dns/ttl.ts';
import type { UpstreamReply } from '../reply.ts';

/**
 * The reply after `age` seconds in HTTP caches. RFC 8484 §5.1: "DoH clients MUST account for the Age of a response
 * when calculating the DNS TTL of a response". Its bytes are changed in place.
 */
export function withAge(reply: UpstreamReply, age: number): UpstreamReply {
  if (age === 0) return reply;
  const { bytes, layout } = reply;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (const offset of layout.ttlOffsets) view.setUint32(offset, aged(view.getUint32(offset), age));
  const { minimumTtl, negativeTtl } = layout;
  return {
    ...reply,
    layout: {
      ...layout,
      minimumTtl: minimumTtl === undefined ? undefined : aged(minimumTtl, age),
      negativeTtl: negativeTtl === undefined ? undefined : aged(negativeTtl, age),
    },
  };
}

function aged(ttl: number, age: number): number {
  return Math.max(readTtl(ttl) - age, 0);
}
