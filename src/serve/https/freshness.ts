import { Rcode, Type } from '../../dns/codes.ts';
import { HEADER_LENGTH } from '../../dns/message.ts';
import { readTtl } from '../../dns/ttl.ts';
import { u16 } from '../request.ts';

/**
 * Seconds for which an HTTP cache may keep a reply of ours; undefined for not at all. RFC 8484 §5.1: "The assigned freshness
 * lifetime of a DoH HTTP response MUST be less than or equal to the smallest TTL in the Answer section of the DNS response",
 * and for a negative one as RFC 2308 says, which our TTLs already do: all of them are at most that of the SOA record, and 0
 * without one.
 */
export function freshness(reply: Uint8Array): number | undefined {
  const rcode = (reply[3] as number) & 15;
  if (rcode !== Rcode.NOERROR && rcode !== Rcode.NXDOMAIN) return undefined;
  if (u16(reply, 4) !== 1) return undefined;
  let at = afterName(reply, HEADER_LENGTH) + 4;
  let least: number | undefined;
  const records = u16(reply, 6) + u16(reply, 8) + u16(reply, 10);
  // A record has at least 11 octets, so the length of the reply bounds this loop.
  for (let record = 0; record < records && at < reply.length; record++) {
    at = afterName(reply, at);
    if (u16(reply, at) !== Type.OPT) {
      const ttl = readTtl(u16(reply, at + 4) * 0x1_0000 + u16(reply, at + 6));
      if (least === undefined || ttl < least) least = ttl;
    }
    at += 10 + u16(reply, at + 8);
  }
  return least;
}

/** The offset after the name at `at`, which may end with a pointer (RFC 1035 §4.1.4). */
function afterName(bytes: Uint8Array, at: number): number {
  let next = at;
  while (next < bytes.length) {
    const length = bytes[next] as number;
    if (length >= 0xc0) return next + 2;
    next += length + 1;
    if (length === 0) return next;
  }
  return next;
}
