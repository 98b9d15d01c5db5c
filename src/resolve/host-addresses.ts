import { isIPv4 } from 'node:net';
import { Cancellation } from '../async/cancellation.ts';
import { Class, Type } from '../dns/codes.ts';
import { Name } from '../dns/name.ts';
import { toRecords } from './answer.ts';
import type { Resolver } from './query.ts';

/**
 * The IPv4 addresses of a host, from our own resolver: we are the system resolver, so nothing of ours may ask the system
 * resolver. An address is returned as it is. Empty when the name has none.
 * @throws ResolveError when the lookup failed, WireError for an invalid name.
 */
export async function resolveHost(
  resolver: Resolver,
  host: string,
  signal: AbortSignal,
): Promise<readonly string[]> {
  if (isIPv4(host)) return [host];
  const question = { name: Name.parse(host), type: Type.A, class: Class.IN };
  const query = { question, dnssecOk: false, checkingDisabled: false };
  using cancellation = Cancellation.following(signal);
  const { answers } = toRecords(await resolver.resolve(query, { cancellation, aliasesFollowed: 0 }));
  return answers.filter(({ type }) => type === Type.A).map(({ rdata }) => rdata.join('.'));
}
