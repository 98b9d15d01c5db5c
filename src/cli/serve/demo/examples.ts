import type { ListenAddress } from '../../../config/listen-address.ts';
import { Class, rcodeToText, typeFromText } from '../../../dns/codes.ts';
import { Name } from '../../../dns/name.ts';
import { rdataToText } from '../../../dns/presentation/rdata-text.ts';
import type { KeyPair } from '../../../pkarr/key-pair.ts';
import { queryServer } from './client.ts';
import { failureText } from './failure-text.ts';
import { ORDINARY_NAME } from './zones.ts';

/** A query and the expected result. */
export interface Example {
  readonly what: string;
  readonly name: string;
  readonly type: string;
  readonly expect: 'records' | 'NODATA' | 'NXDOMAIN';
}

function examples({
  first,
  second,
}: {
  readonly first: KeyPair;
  readonly second: KeyPair;
}): readonly Example[] {
  const key = first.publicKey.text;
  const other = second.publicKey.text;
  const records = (what: string, name: string, type: string): Example => ({
    what,
    name,
    type,
    expect: 'records',
  });
  return [
    records('an address', `www.${key}`, 'A'),
    records('the same for IPv6', `www.${key}`, 'AAAA'),
    records('text', key, 'TXT'),
    records('text of 400 bytes', `long.${other}`, 'TXT'),
    records('the mail server', key, 'MX'),
    records('a service', `_sip._udp.${key}`, 'SRV'),
    records('how to connect (HTTPS record)', key, 'HTTPS'),
    records('an HTTPS alias', `svc.${key}`, 'HTTPS'),
    records('who may issue certificates', key, 'CAA'),
    records('a host key', `mail.${key}`, 'SSHFP'),
    records('an alias in the zone', `blog.${key}`, 'A'),
    records('an alias to another key', `friend.${key}`, 'A'),
    records('an alias to an ordinary name', `shop.${key}`, 'A'),
    records('a whole subtree renamed', `page.old.${key}`, 'A'),
    records('a wildcard', `anything.user.${key}`, 'A'),
    records('a type without a mnemonic', `data.${key}`, 'TYPE65400'),
    records('over 512 bytes, so over TCP', `many.${other}`, 'A'),
    records('the key in upper case', `WWW.${key.toUpperCase()}`, 'A'),
    { what: 'a name without this type', name: `www.${key}`, type: 'MX', expect: 'NODATA' },
    { what: 'a name that only has names below it', name: `empty.${key}`, type: 'A', expect: 'NODATA' },
    { what: 'a name that does not exist', name: `nothing.${key}`, type: 'A', expect: 'NXDOMAIN' },
    { what: '52 characters that are not a key', name: 'y'.repeat(52), type: 'A', expect: 'NXDOMAIN' },
    records('an ordinary name', ORDINARY_NAME.slice(0, -1), 'A'),
  ];
}

/** An example and its actual result. */
export interface Result extends Example {
  readonly answers: readonly string[];
  readonly rcode: string;
  readonly transport: 'udp' | 'tcp';
  readonly milliseconds: number;
  readonly isExpected: boolean;
}

/** What came of a query. */
type Reply = Pick<Result, 'answers' | 'rcode' | 'transport'> & { readonly found: string };

/**
 * Sends the queries of all examples, one after the other. `first` and `second` hold the keys of the two zones. Rejects with the
 * reason of `stop` when that aborts.
 */
export async function runExamples(
  stage: { readonly first: KeyPair; readonly second: KeyPair; readonly address: ListenAddress },
  stop: AbortSignal,
): Promise<readonly Result[]> {
  const results: Result[] = [];
  for (const example of examples(stage)) {
    const startedAt = performance.now();
    const { found, ...reply } = await ask(stage.address, example, stop);
    results.push({
      ...example,
      ...reply,
      milliseconds: Math.round((performance.now() - startedAt) * 10) / 10,
      isExpected: found === example.expect,
    });
  }
  return results;
}

async function ask(
  address: ListenAddress,
  { name, type: mnemonic }: Example,
  stop: AbortSignal,
): Promise<Reply> {
  const type = typeFromText(mnemonic) ?? 0;
  try {
    const question = { name: Name.parse(name), type, class: Class.IN };
    const { message, transport } = await queryServer(address, question, stop);
    const rcode = rcodeToText(message.rcode);
    const hasIt = message.answers.some((record) => record.type === type);
    const found = rcode !== 'NOERROR' ? rcode : hasIt ? 'records' : 'NODATA';
    const answers = message.answers.map((record) => rdataToText(record.type, record.rdata));
    return { answers, rcode, transport, found };
  } catch (error) {
    stop.throwIfAborted();
    const why = failureText(error);
    return { answers: [], rcode: why, transport: 'udp', found: why };
  }
}
