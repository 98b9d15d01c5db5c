import type { PlainMessage, PlainRecord } from './message.ts';
import { u32 } from './numbers.ts';

/** How long an answer may be kept, and the largest TTL that it tells, in seconds. */
export interface PlainLifetime {
  readonly lifetime: number;
  readonly most: number;
}

const DAY = 86_400;
const MAX_NEGATIVE = 900;

/** RFC 2308 §5 and RFC 2181 §8, with the maximums of ours: a day, and 15 minutes for what does not exist. */
export function plainLifetime(
  bytes: Uint8Array,
  { sections, questions }: PlainMessage,
  rcode: number,
): PlainLifetime {
  const ttl = (raw: number) => (raw >= 2 ** 31 ? 0 : raw);
  const all = sections.flat().map(({ rawTtl }) => ttl(rawTtl));
  const least = all.length === 0 ? 0 : Math.min(...all);
  const asked = questions[0]?.type;
  const hasAnswer = asked === 255 ? sections[0].length > 0 : sections[0].some(({ type }) => type === asked);
  if (rcode === 0 && hasAnswer) return { lifetime: Math.min(least, DAY), most: DAY };
  if (rcode !== 0 && rcode !== 3) return { lifetime: 0, most: DAY };
  const soa = sections[1].find(({ type }) => type === 6);
  const minimum = (one: PlainRecord) =>
    Math.min(ttl(one.rawTtl), ttl(u32(bytes, one.rdataAt + one.length - 4)));
  const negative = Math.min(soa === undefined ? 0 : minimum(soa), MAX_NEGATIVE);
  return { lifetime: Math.min(negative, least), most: negative };
}
