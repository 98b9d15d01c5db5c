import { Class, Type, typeToText } from '../../dns/codes.ts';
import type { Name } from '../../dns/name.ts';
import type { ResourceRecord } from '../../dns/record.ts';
import type { SignedPacket } from '../../pkarr/signed-packet.ts';
import type { ZoneAnswer } from '../../pkarr/zone/answer.ts';
import { lookupZone } from '../../pkarr/zone/zone.ts';
import { Exit, type ExitCode } from '../command.ts';

/** What `resolve` shows of a packet. */
export interface Shown {
  readonly records: readonly ResourceRecord[];
  /** The kind of result, for programs. */
  readonly result: 'zone' | 'records' | ZoneAnswer['kind'];
  /** A sentence to show after the records, if any. */
  readonly sentence: string | undefined;
  readonly exit: ExitCode;
}

/** The records of a packet at a name, or its answer to one question if there is a type. */
export function answerFrom(packet: SignedPacket, name: Name, type: number | undefined): Shown {
  if (type !== undefined) return shownAnswer(packet, name, type);
  const isApex = name.equals(packet.key.name);
  const records = isApex ? packet.records : packet.records.filter((record) => record.name.equals(name));
  if (records.length > 0)
    return { records, result: isApex ? 'zone' : 'records', sentence: undefined, exit: Exit.OK };
  if (isApex) return { records, result: 'zone', sentence: 'The packet has no records.', exit: Exit.FAILED };
  // A wildcard, an alias above the name, an empty non-terminal, or nothing: a lookup says which.
  return shownAnswer(packet, name, Type.ANY);
}

function shownAnswer(packet: SignedPacket, name: Name, type: number): Shown {
  const answer = lookupZone(packet, { name, type, class: Class.IN });
  const what = type === Type.ANY ? 'no records of its own' : `no ${typeToText(type)} records`;
  const end = answer.chain.length === 0 ? name : 'The target of the alias';
  const none = (sentence: string): Shown => ({
    records: answer.chain,
    result: answer.kind,
    sentence,
    exit: Exit.FAILED,
  });
  switch (answer.kind) {
    case 'answer':
      return {
        records: [...answer.chain, ...answer.records],
        result: 'answer',
        sentence: undefined,
        exit: Exit.OK,
      };
    case 'alias':
      return {
        records: answer.chain,
        result: 'alias',
        sentence: `The target of the alias is not in this packet: ${answer.target}`,
        exit: Exit.OK,
      };
    case 'referral':
      return {
        records: [...answer.chain, ...answer.servers, ...answer.glue],
        result: 'referral',
        sentence: `${answer.name} is delegated to these name servers.`,
        exit: Exit.OK,
      };
    case 'no-data':
      return none(`${end} exists and has ${what} (NODATA).`);
    case 'name-error':
      return none(`${end} does not exist in this packet (NXDOMAIN).`);
    case 'loop':
      return none('The aliases form a loop (SERVFAIL).');
    case 'name-too-long':
      return none('The name after DNAME substitution is too long (YXDOMAIN).');
  }
}
