import { readLayout } from '../dns/layout.ts';
import { decodeMessage, encodeWhole, HEADER_LENGTH, type Message } from '../dns/message.ts';
import type { Name } from '../dns/name.ts';
import type { ResourceRecord } from '../dns/record.ts';
import { WireError } from '../dns/wire-error.ts';
import { KEY_TEXT_LENGTH } from '../pkarr/public-key.ts';
import type { ForwardedAnswer } from './answer.ts';
import { ResolveError } from './errors.ts';

/**
 * An upstream's answer without the records that names of keys own, in any section. They come from a signed packet or not at
 * all: an upstream can only have invented them, for example as the address of a mail server whose name is a key.
 * @throws ResolveError `upstream-malformed`
 */
export function withoutKeyRecords(
  answer: ForwardedAnswer,
  isKeyName: (name: Name) => boolean,
): ForwardedAnswer {
  const { reply } = answer;
  const message = decodeMessage(reply.bytes);
  const keep = (records: readonly ResourceRecord[]) => records.filter(({ name }) => !isKeyName(name));
  const kept = {
    answers: keep(message.answers),
    authorities: keep(message.authorities),
    additionals: keep(message.additionals),
  };
  const isSame = (['answers', 'authorities', 'additionals'] as const).every(
    (section) => kept[section].length === message[section].length,
  );
  if (isSame) return answer;
  const bytes = encodeAnew({ ...message, ...kept });
  return { ...answer, reply: { ...reply, bytes, layout: readLayout(bytes) } };
}

function encodeAnew(message: Message): Uint8Array {
  try {
    return encodeWhole(message);
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    // Names that are compressed where they need not be take more room written out.
    throw new ResolveError('upstream-malformed', 'The answer does not fit into a DNS message.', {
      cause: error,
    });
  }
}

/**
 * Whether a message has a label that could be a key: 52 letters and digits behind an octet that says so. It is looked at as
 * it came, because every ordinary answer passes here and hardly any needs more: decoding would cost 20 microseconds, this
 * less than one.
 */
export function hasKeyLikeLabel(bytes: Uint8Array): boolean {
  let at = bytes.indexOf(KEY_TEXT_LENGTH, HEADER_LENGTH);
  for (; at >= 0; at = bytes.indexOf(KEY_TEXT_LENGTH, at + 1)) {
    const end = at + 1 + KEY_TEXT_LENGTH;
    let next = at + 1;
    while (next < end && isLetterOrDigit(bytes[next])) next++;
    if (next === end) return true;
  }
  return false;
}

function isLetterOrDigit(octet: number | undefined): boolean {
  if (octet === undefined) return false;
  const lower = octet | 0x20;
  return (lower >= 0x61 && lower <= 0x7a) || (octet >= 0x30 && octet <= 0x39);
}
