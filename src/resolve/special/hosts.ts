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
 * Answers from a hosts file, before everything else that handles ordinary names. A and AAAA come from the file, and PTR
 * for its addresses. HTTPS and SVCB get NODATA, because their hints would bypass the file. Other types are passed on, as
 * in dnsmasq; the file says nothing about mail, for example.
 */
export function hostsLayer(source: HostsSource): Layer {
  return (inner) => ({
    async resolve(query, context) {
      const { question } = query;
      const table = source.current();
      if (question.type === Type.PTR) {
        const host = table.nameOf(question.name);
        return host === undefined ? await inner.resolve(query, context) : pointer(question, host);
      }
      const addresses = table.addressesOf(question.name);
      if (addresses === undefined) return await inner.resolve(query, context);
      return answerAddresses(question, addresses) ?? existing(await inner.resolve(query, context), question);
    },
  });
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

function pointer(question: Question, host: Name): RecordsAnswer {
  return answerWith(question, [host.toWire()]);
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
