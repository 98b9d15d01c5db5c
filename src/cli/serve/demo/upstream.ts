import { AnswerCache } from '../../../cache/answer-cache.ts';
import type { ListenAddress } from '../../../config/listen-address.ts';
import { Class, Rcode, Type } from '../../../dns/codes.ts';
import { Name } from '../../../dns/name.ts';
import type { ResourceRecord } from '../../../dns/record.ts';
import { syntheticSoa } from '../../../dns/soa.ts';
import { ipv4FromText, ipv6FromText } from '../../../ip/text.ts';
import { recordsAnswer } from '../../../resolve/answer.ts';
import type { Resolver } from '../../../resolve/query.ts';
import { everybody } from '../../../serve/clients/access-list.ts';
import { unlimited } from '../../../serve/clients/rate-limit.ts';
import { answering, closeListeners, openListeners } from '../../../serve/open-listeners.ts';
import { Responder } from '../../../serve/responder.ts';
import { ORDINARY_NAME } from './zones.ts';

/** A stand-in for an upstream resolver, so that the demo needs no network. */
export interface StandInUpstream {
  readonly address: ListenAddress;
  close(): Promise<void>;
}

/** Starts it on a free port of loopback. It knows `ORDINARY_NAME` and answers NXDOMAIN for all other names. */
export async function startStandInUpstream(onBug: (error: unknown) => void): Promise<StandInUpstream> {
  const now = () => performance.now();
  const responder = new Responder({
    resolver: standIn,
    // Answers cost nothing, so none is cached.
    cache: new AnswerCache({ maxBytes: 1, maxStale: 0, now }),
    access: everybody,
    rate: unlimited,
    cameBackFrom: () => undefined,
    onLoop: () => {},
    trustAuthenticData: false,
    now,
    onBug,
  });
  const pairs = await openListeners([{ host: '127.0.0.1', port: 0 }], answering(responder));
  const [pair] = pairs;
  if (pair === undefined) throw new Error('one address must give one pair of listeners');
  return {
    address: pair.address,
    close: async () => {
      await responder.close(0);
      await closeListeners(pairs);
    },
  };
}

const known = Name.parse(ORDINARY_NAME);
const soa = syntheticSoa(known.parent, 1, 300);
const records: readonly ResourceRecord[] = [
  { name: known, class: Class.IN, ttl: 300, type: Type.A, rdata: octets(ipv4FromText('192.0.2.123')) },
  { name: known, class: Class.IN, ttl: 300, type: Type.AAAA, rdata: octets(ipv6FromText('2001:db8::123')) },
];

const standIn: Resolver = {
  async resolve({ question: { name, type } }) {
    if (!name.equals(known)) {
      const rcode = known.isWithin(name) ? Rcode.NOERROR : Rcode.NXDOMAIN;
      return recordsAnswer({ rcode, authorities: [soa] });
    }
    const answers = records.filter((record) => record.type === type).map((record) => ({ ...record, name }));
    return recordsAnswer(answers.length > 0 ? { answers } : { authorities: [soa] });
  },
};

function octets(parsed: Uint8Array | undefined): Uint8Array {
  if (parsed === undefined) throw new Error('invalid address literal');
  return parsed;
}
