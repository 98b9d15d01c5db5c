import { Type } from '../dns/codes.ts';
import { decodeMessage } from '../dns/message.ts';
import type { Name } from '../dns/name.ts';
import { rdataName } from '../dns/record.ts';

/**
 * The names in a reply: that of the question, the owners of the records, and the targets of aliases.
 * @throws WireError for octets that are not a message.
 */
export function namesOfReply(bytes: Uint8Array): readonly Name[] {
  const { questions, answers, authorities, additionals } = decodeMessage(bytes);
  const records = [...answers, ...authorities, ...additionals];
  const aliases = answers.filter(({ type }) => type === Type.CNAME || type === Type.DNAME);
  return [
    ...[...questions, ...records].map(({ name }) => name),
    ...aliases.map(({ rdata }) => rdataName(rdata)),
  ];
}
