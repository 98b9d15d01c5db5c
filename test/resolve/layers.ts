import { Cancellation } from '../../src/async/cancellation.ts';
import { Class, Rcode, Type, typeFromText } from '../../src/dns/codes.ts';
import { readLayout } from '../../src/dns/layout.ts';
import { encodeMessage } from '../../src/dns/message.ts';
import { Name } from '../../src/dns/name.ts';
import { recordToText } from '../../src/dns/presentation/rdata-text.ts';
import type { ResourceRecord } from '../../src/dns/record.ts';
import { parseZoneFile } from '../../src/pkarr/zone/file/zone-file.ts';
import {
  type Answer,
  type ForwardedAnswer,
  type RecordsAnswer,
  recordsAnswer,
  toMessage,
  toRecords,
} from '../../src/resolve/answer.ts';
import type { Layer, Query } from '../../src/resolve/query.ts';

const never = new Cancellation();

/** A query as a client's, DO and CD off unless given. `type` is a mnemonic. */
export function queryFor(name: string, type = 'A', bits: Partial<Query> = {}): Query {
  const code = typeFromText(type);
  if (code === undefined) throw new RangeError(`${type} is no type.`);
  const question = { name: Name.parse(name), type: code, class: Class.IN };
  return { question, dnssecOk: false, checkingDisabled: false, ...bits };
}

/** Records from the lines of a zone file whose relative names stand below `example`. */
export function records(...lines: readonly string[]): readonly ResourceRecord[] {
  return parseZoneFile(`$TTL 600\n${lines.join('\n')}\n`, { origin: Name.parse('example') }).records;
}

/** An answer with these records, as an upstream would send it. */
export function forwarded(query: Query, parts: Partial<Omit<RecordsAnswer, 'kind'>>): ForwardedAnswer {
  const answer = recordsAnswer({ authoritative: false, ...parts });
  const bytes = encodeMessage(toMessage(answer, query.question));
  return {
    kind: 'forwarded',
    reply: {
      bytes,
      rcode: answer.rcode,
      layout: readLayout(bytes),
      extendedErrors: [],
      authenticData: false,
      edns: true,
      upstream: 'scripted',
    },
  };
}

/** A layer around a resolver that answers with `inner` and notes what it was asked. */
export function layered(
  layer: Layer,
  inner: (query: Query) => Answer = (query) => forwarded(query, { rcode: Rcode.NXDOMAIN }),
) {
  const asked: string[] = [];
  const resolver = layer({
    async resolve(query) {
      asked.push(`${query.question.name} ${query.question.type}`);
      return inner(query);
    },
  });
  return {
    /** What went on to the resolver behind. */
    asked,
    ask: async (query: Query) => await resolver.resolve(query, { cancellation: never, aliasesFollowed: 0 }),
    /** The answer in lines. */
    lines: async (query: Query) =>
      toLines(await resolver.resolve(query, { cancellation: never, aliasesFollowed: 0 })),
  };
}

/** An answer as lines: its RCODE, its records, of an SOA the owner and TTL alone, and the extended errors. */
export function toLines(answer: Answer): readonly string[] {
  const { rcode, answers, authorities, extendedErrors } = toRecords(answer);
  const rcodes: Readonly<Record<number, string>> = {
    [Rcode.NOERROR]: 'NOERROR',
    [Rcode.NXDOMAIN]: 'NXDOMAIN',
  };
  return [
    rcodes[rcode] ?? `RCODE${rcode}`,
    ...answers.map(recordToText),
    ...authorities.map((record) =>
      record.type === Type.SOA ? `SOA of ${record.name} for ${record.ttl} s` : recordToText(record),
    ),
    ...extendedErrors.map(({ code }) => `extended error ${code}`),
  ];
}
