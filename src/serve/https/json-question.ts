import { Class, isMetaType, Type, typeFromText } from '../../dns/codes.ts';
import { encodeMessage, queryMessage } from '../../dns/message.ts';
import { Name } from '../../dns/name.ts';
import { WireError } from '../../dns/wire-error.ts';
import { UDP_PAYLOAD_SIZE } from '../reply.ts';

/** Characters of a name: four for each of its octets, if all are escaped. */
const MAX_NAME_TEXT = 1_020;

/** What is wrong with a question: a sentence for people. */
export interface BadQuestion {
  readonly problem: string;
}

/**
 * The query that the parameters of a URL ask, as Google and Cloudflare have them: `name`, `type` as text or number, `do`,
 * `cd`. Others, such as `edns_client_subnet` and `random_padding`, are ignored.
 */
export function queryFromParameters(parameters: URLSearchParams): Uint8Array | BadQuestion {
  const nameText = parameters.get('name');
  if (nameText === null || nameText === '')
    return { problem: 'The parameter name is missing: /resolve?name=example.com&type=A' };
  const name = nameFrom(nameText);
  if (name === undefined) return { problem: 'The parameter name is no domain name.' };
  const type = typeFrom(parameters.get('type') ?? 'A');
  if (type === undefined || (isMetaType(type) && type !== Type.ANY))
    return { problem: 'The parameter type is no type of record: A, 65 or TYPE65.' };
  const dnssecOk = flagFrom(parameters.get('do'));
  const checkingDisabled = flagFrom(parameters.get('cd'));
  if (dnssecOk === undefined || checkingDisabled === undefined)
    return { problem: 'The parameters do and cd are 1, true, 0 or false.' };
  const question = { name, type, class: Class.IN };
  // With EDNS, which brings extended errors. RFC 6840 §5.7: AD set in a query means that AD of the answer is wanted.
  const query = queryMessage(question, {
    udpPayloadSize: UDP_PAYLOAD_SIZE,
    version: 0,
    dnssecOk,
    options: [],
  });
  return encodeMessage({ ...query, flags: { ...query.flags, authenticData: true, checkingDisabled } });
}

function nameFrom(text: string): Name | undefined {
  // A name in another script is for clients to encode (RFC 5891 §4).
  if (text.length > MAX_NAME_TEXT || !/^[\x21-\x7e]+$/.test(text)) return undefined;
  try {
    return Name.parse(text);
  } catch (error) {
    if (error instanceof WireError) return undefined;
    throw error;
  }
}

function typeFrom(text: string): number | undefined {
  return typeFromText(/^\d{1,5}$/.test(text) ? `TYPE${text}` : text);
}

/** Google: "Use cd=1, or cd=true ... use cd=0, cd=false, or no cd parameter". An empty one is as good as none. */
function flagFrom(text: string | null): boolean | undefined {
  switch (text?.toLowerCase()) {
    case '1':
    case 'true':
      return true;
    case undefined:
    case '':
    case '0':
    case 'false':
      return false;
    default:
      return undefined;
  }
}
