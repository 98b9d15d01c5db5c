import { Class, Rcode, Type } from '../../dns/codes.ts';
import type { Name } from '../../dns/name.ts';
import type { Question } from '../../dns/question.ts';
import type { ResourceRecord } from '../../dns/record.ts';
import { syntheticSoa } from '../../dns/soa.ts';
import { type Answer, type RecordsAnswer, recordsAnswer, toRecords } from '../answer.ts';
import type { Layer } from '../query.ts';
import type { HostAddresses, HostsTable } from './hosts-table.ts';

/** Where the layer gets its table from, for example a `HostsFile`. */
export interface HostsSource {
  /** The current table, without waiting. */
  current(): HostsTable;
}

/** Seconds. The file may change at any time, and whoever edits it expects to see the effect. */
const HOSTS_TTL = 5;

/**
 * What a hosts file says of a question, at once: for whoever stands before the cache, so that an answer of somebody else
 * that is kept there does not hide a line of the file.
 */
export class HostsAnswers {
  readonly #source: HostsSource;

  constructor(source: HostsSource) {
    this.#source = source;
  }

  /** False when the file surely says nothing of the QNAME of `request`, whole and uncompressed, which ends before `nameEnd`. */
  mayAnswer(request: Uint8Array, nameEnd: number): boolean {
    return this.#source.current().mayHold(request, nameEnd);
  }

  /** The answer of the file; undefined when others have to be asked. */
  answer(question: Question): RecordsAnswer | undefined {
    return answerFrom(this.#source.current(), question);
  }

  /** Whether the file has addresses of this name, so that no answer may deny it. */
  exists(name: Name): boolean {
    return this.#source.current().addressesOf(name) !== undefined;
  }
}

/**
 * Answers from a hosts file, before everything else that handles ordinary names. A and AAAA come from the file, and PTR
 * for its addresses. HTTPS and SVCB get NODATA, because their hints would bypass the file. Other types are passed on, as
 * in dnsmasq; the file says nothing about mail, for example.
 */
export function hostsLayer(source: HostsSource): Layer {
  return (inner) => ({
    async resolve(query, context) {
      const { question } = query;
      const table = source.current();
      const own = answerFrom(table, question);
      if (own !== undefined) {
        context.trace?.tell({ of: 'hosts' });
        return own;
      }
      const answer = await inner.resolve(query, context);
      return table.addressesOf(question.name) === undefined ? answer : existing(answer, question);
    },
  });
}

function answerFrom(table: HostsTable, question: Question): RecordsAnswer | undefined {
  if (question.type === Type.PTR) {
    const host = table.nameOf(question.name);
    return host === undefined ? undefined : answerWith(question, [host.toWire()]);
  }
  const addresses = table.addressesOf(question.name);
  return addresses === undefined ? undefined : answerAddresses(question, addresses);
}

function answerAddresses(question: Question, addresses: HostAddresses): RecordsAnswer | undefined {
  switch (question.type) {
    case Type.A:
      return answerWith(question, addresses.ipv4);
    case Type.AAAA:
      return answerWith(question, addresses.ipv6);
    case Type.HTTPS:
    case Type.SVCB:
      return answerWith(question, []);
    default:
      return undefined;
  }
}

function answerWith({ name, type }: Question, values: readonly Uint8Array[]): RecordsAnswer {
  if (values.length === 0) return recordsAnswer({ authorities: [syntheticSoa(name, 1, HOSTS_TTL)] });
  const answers = values.map(
    (rdata): ResourceRecord => ({ name, type, class: Class.IN, ttl: HOSTS_TTL, rdata }),
  );
  return recordsAnswer({ answers });
}

/**
 * RFC 8020 §2: NXDOMAIN says that the name has no records of any type. For a name in the file that is wrong, and a cache
 * that believes it would lose the addresses.
 */
function existing(answer: Answer, { name }: Question): Answer {
  const rcode = answer.kind === 'records' ? answer.rcode : answer.reply.rcode;
  if (rcode !== Rcode.NXDOMAIN || toRecords(answer).answers.length > 0) return answer;
  return recordsAnswer({ authorities: [syntheticSoa(name, 1, HOSTS_TTL)] });
}
