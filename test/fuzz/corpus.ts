import { readFileSync } from 'node:fs';
import { Class } from '../../src/dns/codes.ts';
import { encodeMessage, queryMessage } from '../../src/dns/message.ts';
import { Name } from '../../src/dns/name.ts';
import { buildReply, cases } from '../scenarios/message-corpus.ts';

/*
 * What fuzzing begins with beside what it makes: the messages and vectors of other tests, which are odd in ways that somebody
 * thought of.
 */

/** Replies of every record type, in odd but legal shapes. */
export const messages: readonly Uint8Array[] = cases.map((one) => {
  const question = {
    name: one.name ?? Name.parse('name.corpus.example'),
    type: one.type,
    class: Class.IN,
  };
  const message = queryMessage(question);
  return buildReply(one, {
    transport: 'udp',
    message,
    question,
    name: question.name.toString(),
    bytes: encodeMessage(message),
    sourceAddress: '127.0.0.1',
    sourcePort: 0,
    at: 0,
    connection: -1,
  });
});

const vectors = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(`../../../test/vectors/${name}.json`, import.meta.url), 'utf8'));

/** Record data as text, with its type. */
export const recordTexts = (
  vectors('record-types') as { readonly vectors: readonly { readonly type: string; readonly text: string }[] }
).vectors;

/** DNS messages of signed packets that other programs made. */
export const packetMessages: readonly Uint8Array[] = (
  vectors('signed-packets') as readonly { readonly relayPayload: string }[]
).map(({ relayPayload }) => Uint8Array.from(Buffer.from(relayPayload, 'hex')).subarray(72));
