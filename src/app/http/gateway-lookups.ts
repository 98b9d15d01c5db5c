import { Cancellation } from '../../async/cancellation.ts';
import { Class, Rcode, Type } from '../../dns/codes.ts';
import type { Name } from '../../dns/name.ts';
import { WireError } from '../../dns/wire-error.ts';
import { LookupError, type LookupFailure, type Lookups } from '../../gateway/lookups.ts';
import { addressToText } from '../../ip/address.ts';
import { toRecords } from '../../resolve/answer.ts';
import { ResolveError } from '../../resolve/errors.ts';
import type { PacketReader } from '../../resolve/packet-reader.ts';
import type { Resolver } from '../../resolve/query.ts';
import type { FailureReason } from '../../way/fact.ts';

/** Whoever opens a site is on this machine, and has what such a client may have looked up. */
const CLIENT = '127.0.0.1';

/** Milliseconds for one lookup; a browser's user waits no longer. */
const TIMEOUT = 10_000;

/** Lookups of the gateway: packets and ordinary names come from where DNS gets them, within the limits of a client of this machine. */
export function gatewayLookups({
  packetReader,
  router,
}: {
  readonly packetReader: PacketReader;
  readonly router: Resolver;
}): Lookups {
  return {
    async packet(key, signal) {
      const outcome = await inTime(signal, (within) =>
        packetReader.read(key, { client: CLIENT, signal: within }),
      );
      switch (outcome.kind) {
        case 'found':
          return outcome.packet;
        case 'absent':
          return undefined;
        case 'busy':
          throw new LookupError('busy', 'Too many keys were looked up in a short time.');
        case 'unusable':
          throw new LookupError('unusable', 'What this key published is not a valid signed packet.');
        case 'unreachable':
          throw new LookupError('offline', `The key could not be looked up: ${outcome.reason}.`);
      }
    },
    async addresses(name, signal) {
      const found = await Promise.allSettled(
        [Type.AAAA, Type.A].map((type) => inTime(signal, (within) => ask(router, name, type, within))),
      );
      const addresses = alternating(found.map((one) => (one.status === 'fulfilled' ? one.value : [])));
      const failed = found.find((one) => one.status === 'rejected');
      // Of the other type there may be some.
      if (addresses.length === 0 && failed !== undefined) throw failed.reason;
      return addresses;
    },
  };
}

async function ask(
  router: Resolver,
  name: Name,
  type: number,
  signal: AbortSignal,
): Promise<readonly string[]> {
  using cancellation = Cancellation.following(signal);
  const question = { name, type, class: Class.IN };
  try {
    const answer = await router.resolve(
      { question, dnssecOk: false, checkingDisabled: false },
      { cancellation, aliasesFollowed: 0, client: CLIENT },
    );
    const { rcode, answers } = toRecords(answer);
    if (rcode !== Rcode.NOERROR && rcode !== Rcode.NXDOMAIN)
      throw new LookupError('failed', 'The upstream resolver failed to look the name up.');
    return answers.flatMap((record) => (record.type === type ? addressToText(record.rdata) : []));
  } catch (error) {
    if (error instanceof ResolveError)
      throw new LookupError(failures[error.kind], error.message, { cause: error });
    if (error instanceof WireError)
      throw new LookupError('failed', 'The reply of the upstream resolver cannot be read.', {
        cause: error,
      });
    throw error;
  }
}

/** Each failure of a resolution as the gateway tells it. */
const failures: Readonly<Record<FailureReason, LookupFailure>> = {
  'alias-loop': 'unusable',
  'too-many-keys': 'unusable',
  delegation: 'failed',
  'packet-unreachable': 'offline',
  'packet-unusable': 'unusable',
  'no-upstream': 'offline',
  'upstream-silent': 'offline',
  'upstream-network': 'offline',
  'upstream-malformed': 'failed',
  busy: 'busy',
  'out-of-time': 'timeout',
  internal: 'internal',
};

/** `work` with a limit of time. @throws LookupError of kind `timeout` at its end. */
async function inTime<T>(signal: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const limit = AbortSignal.timeout(TIMEOUT);
  try {
    return await work(AbortSignal.any([signal, limit]));
  } catch (error) {
    if (limit.aborted && !signal.aborted) throw new LookupError('timeout', 'The lookup took too long.');
    throw error;
  }
}

/** RFC 8305 §4: addresses of both families in turn, so that one family that does not work costs one attempt. */
function alternating(lists: readonly (readonly string[])[]): readonly string[] {
  const longest = Math.max(...lists.map(({ length }) => length));
  return Array.from({ length: longest }, (_, index) => lists.flatMap((list) => list[index] ?? [])).flat();
}
