import { type PlainMessage, plainMessage } from './message.ts';
import { u16 } from './numbers.ts';

/** What is to become of octets that come where requests are expected. */
export type PlainRequest =
  | { readonly kind: 'silent' }
  | { readonly kind: 'rejected'; readonly rcode: number; readonly edns: PlainEdns | undefined }
  | { readonly kind: 'request'; readonly questionEnd: number; readonly edns: PlainEdns | undefined };

/** What an OPT record of a request says. */
export interface PlainEdns {
  readonly size: number;
  readonly dnssecOk: boolean;
  readonly version: number;
  readonly keepalive: boolean;
  readonly padding: boolean;
}

/** RFC 1035, RFC 6891, RFC 9619: what is answered, refused, or gets no reply. */
export function plainRequest(bytes: Uint8Array): PlainRequest {
  const flags = u16(bytes, 2);
  if (bytes.length < 12 || flags >= 0x8000) return { kind: 'silent' };
  const whole = plainMessage(bytes);
  const isEmpty = u16(bytes, 6) + u16(bytes, 8) + u16(bytes, 10) === 0;
  const isValid = whole !== undefined && isWellFormed(whole);
  const edns = isValid ? ednsOf(whole) : undefined;
  const rejected = (rcode: number, shown = edns) => ({ kind: 'rejected', rcode, edns: shown }) as const;
  if (Math.floor(flags / 2048) % 16 !== 0) return rejected(4);
  if (u16(bytes, 4) !== 1) return rejected(1);
  let at = 12;
  while (at < bytes.length && bytes[at] !== 0) {
    if ((bytes[at] as number) > 63) return rejected(1, undefined);
    at += 1 + (bytes[at] as number);
  }
  if (at + 5 > bytes.length || at + 1 - 12 > 255) return rejected(1, undefined);
  if (edns !== undefined && edns.version !== 0) return rejected(16);
  const type = u16(bytes, at + 1);
  if (type === 0 || type === 41 || (type >= 128 && type < 255)) return rejected(5);
  if (!isValid && !isEmpty) return rejected(1, undefined);
  if (u16(bytes, at + 3) !== 1) return rejected(5);
  return { kind: 'request', questionEnd: at + 5, edns };
}

/** Every record is valid, and there is at most one OPT record, where it may stand. */
export function isWellFormed({ opts, isOptMisplaced, isLedIntoTtl, sections }: PlainMessage): boolean {
  if (isOptMisplaced || isLedIntoTtl || opts.length > 1 || !opts.every(({ isPlainRoot }) => isPlainRoot))
    return false;
  return sections.every((section) => section.every(({ rdata }) => rdata !== undefined));
}

function ednsOf({ opts: [opt] }: PlainMessage): PlainEdns | undefined {
  if (opt === undefined) return undefined;
  return {
    size: Math.max(512, opt.size),
    dnssecOk: Math.floor(opt.bits / 2 ** 15) % 2 === 1,
    version: Math.floor(opt.bits / 2 ** 16) % 256,
    keepalive: opt.options.some(({ code }) => code === 11),
    padding: opt.options.some(({ code }) => code === 12),
  };
}
