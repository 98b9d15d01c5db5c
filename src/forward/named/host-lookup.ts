import { Class, Rcode, Type } from '../../dns/codes.ts';
import { decodeMessage } from '../../dns/message.ts';
import { Name } from '../../dns/name.ts';
import { addressToText } from '../../ip/address.ts';
import { ForwardError, UpstreamFailure } from '../errors.ts';
import type { UpstreamReply } from '../reply.ts';
import { buildRequest, type UpstreamRequest } from '../request.ts';
import { whyUnusable } from '../spec/server-address.ts';

/** The addresses of a host. */
export interface HostAddresses {
  /** In the order to try them: IPv4 before IPv6. At most `MAX_ADDRESSES`. */
  readonly addresses: readonly [string, ...string[]];
  /** Seconds that they may be cached. */
  readonly ttl: number;
}

/** Maximum number of addresses of one host. */
const MAX_ADDRESSES = 8;

/** Bounds of how long addresses are cached, in seconds: the certificate decides whether a server is trusted. */
const MIN_TTL = 60;
const MAX_TTL = 86_400;

/**
 * Looks up the host of an upstream, IPv4 and IPv6 in parallel. `ask` asks upstreams that are configured by address.
 * @throws UpstreamFailure `unreachable` when there is no address or the lookup failed, or whatever else `ask` throws.
 */
export async function lookUpHost(
  host: string,
  ask: (request: UpstreamRequest) => Promise<UpstreamReply>,
): Promise<HostAddresses> {
  const name = Name.parse(host);
  const questions = [Type.A, Type.AAAA].map((type) => ({ name, type, class: Class.IN }));
  const outcomes = await Promise.allSettled(
    questions.map((question) => ask(buildRequest(question, false, false))),
  );
  const addresses: string[] = [];
  let ttl = MAX_TTL;
  for (const outcome of outcomes) {
    if (outcome.status === 'rejected') continue;
    const found = addressesIn(outcome.value);
    addresses.push(...found.addresses);
    ttl = Math.min(ttl, found.ttl);
  }
  const [first, ...rest] = addresses;
  if (first !== undefined) {
    return { addresses: [first, ...rest.slice(0, MAX_ADDRESSES - 1)], ttl: Math.max(ttl, MIN_TTL) };
  }
  for (const outcome of outcomes) {
    if (outcome.status === 'rejected') throw lookUpFailure(host, outcome.reason);
  }
  throw new UpstreamFailure('unreachable', `cannot be reached: the host name ${host} has no address`);
}

/** The addresses in a reply, whatever their owner names: the certificate decides whom to trust. */
function addressesIn(reply: UpstreamReply): { readonly addresses: readonly string[]; readonly ttl: number } {
  let ttl = MAX_TTL;
  const addresses: string[] = [];
  if (reply.rcode !== Rcode.NOERROR) return { addresses, ttl };
  for (const record of decodeMessage(reply.bytes).answers) {
    const isAddress = record.type === Type.A || record.type === Type.AAAA;
    const length = record.type === Type.A ? 4 : 16;
    if (!isAddress || record.rdata.length !== length) continue;
    const address = addressToText(record.rdata);
    if (whyUnusable(address) !== undefined) continue;
    addresses.push(address);
    ttl = Math.min(ttl, record.ttl);
  }
  return { addresses, ttl };
}

function lookUpFailure(host: string, error: unknown): unknown {
  if (!(error instanceof ForwardError)) return error;
  const message = `cannot be reached: lookup of the host name ${host} failed (${error.message})`;
  return new UpstreamFailure('unreachable', message, { cause: error });
}
