import { decodeExtendedError } from '../../dns/extended-error.ts';
import { decodeMessage } from '../../dns/message.ts';
import { rdataToText } from '../../dns/presentation/rdata-text.ts';
import type { ResourceRecord } from '../../dns/record.ts';

/** A reply as JSON, in the schema that Google and Cloudflare share: `Status`, `TC`, …, `Answer`. @throws WireError. */
export function replyToJson(reply: Uint8Array): string {
  const { rcode, flags, questions, answers, authorities, additionals, edns } = decodeMessage(reply);
  const comments = (edns?.options ?? []).flatMap((option) => {
    const error = decodeExtendedError(option);
    return error === undefined ? [] : [`EDE(${error.code}): ${error.text}`];
  });
  return `${JSON.stringify({
    Status: rcode,
    TC: flags.truncated,
    RD: flags.recursionDesired,
    RA: flags.recursionAvailable,
    AD: flags.authenticData,
    CD: flags.checkingDisabled,
    Question: questions.map(({ name, type }) => ({ name: String(name), type })),
    ...section('Answer', answers),
    ...section('Authority', authorities),
    ...section('Additional', additionals),
    ...(comments.length > 0 && { Comment: comments }),
  })}\n`;
}

/** An empty section is left out, as both do. */
function section(name: string, records: readonly ResourceRecord[]): Record<string, unknown> {
  if (records.length === 0) return {};
  return {
    [name]: records.map((record) => ({
      name: String(record.name),
      type: record.type,
      TTL: record.ttl,
      data: rdataToText(record.type, record.rdata),
    })),
  };
}
