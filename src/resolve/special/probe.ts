import { Class, Type } from '../../dns/codes.ts';
import { Name } from '../../dns/name.ts';
import { syntheticSoa } from '../../dns/soa.ts';
import { type RecordsAnswer, recordsAnswer } from '../answer.ts';
import type { Query } from '../query.ts';

/**
 * A name that every pkarrd answers by itself, and nobody else: it shows whether a program's questions for keys arrive here. It
 * looks like a key to everything that would treat keys in another way, but it is no point of the curve, so nobody can ever
 * publish a packet under it.
 */
export const PROBE_LABEL = 'thisisnotakeyitasksthepkarrdthatrunsonthiscomputer1y';

/**
 * The address of the probe name and of all names below it: loopback, so that nothing which takes it for a site leaves the
 * machine, and not 127.0.0.1, which resolvers that block names give as well.
 */
export const PROBE_ADDRESS = '127.112.107.114';

/** Not stored by anybody: each answer shows what happens now. */
const TTL = 0;

/** The answer to a question at or below the probe name: an address, and no other records. Pure. */
export function answerProbe({ question: { name, type } }: Query): RecordsAnswer {
  if (type !== Type.A) {
    return recordsAnswer({ authorities: [syntheticSoa(Name.fromLabels([PROBE_LABEL]), 0, TTL)] });
  }
  const rdata = Uint8Array.from(PROBE_ADDRESS.split('.'), Number);
  return recordsAnswer({ answers: [{ name, type, class: Class.IN, ttl: TTL, rdata }] });
}
