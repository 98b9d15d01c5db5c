import { Type } from './codes.ts';
import type { Name } from './name.ts';
import { type ResourceRecord, rdataName } from './record.ts';
import { WireError } from './wire-error.ts';

/** The name with its suffix `from` replaced by `to` (RFC 6672 §2.2). Requires `name.isWithin(from)`. */
export function substitute(name: Name, from: Name, to: Name): Name | 'too-long' {
  try {
    return name.replaceSuffix(from, to);
  } catch (error) {
    if (error instanceof WireError && error.code === 'name-too-long') return 'too-long';
    throw error;
  }
}

/** What a DNAME record makes of a name below its owner. */
export interface Redirection {
  readonly target: Name;
  /** The synthesized CNAME that says so. */
  readonly cname: ResourceRecord;
}

/**
 * Applies `dname` to a name below its owner. RFC 6672 §3.1: a CNAME "is synthesized", with the TTL of its DNAME.
 * `too-long`: the target would have over 255 octets, for which RFC 6672 §2.2 wants YXDOMAIN.
 */
export function redirect(name: Name, dname: ResourceRecord): Redirection | 'too-long' {
  const target = substitute(name, dname.name, rdataName(dname.rdata));
  if (target === 'too-long') return target;
  return { target, cname: { ...dname, name, type: Type.CNAME, rdata: target.toWire() } };
}
