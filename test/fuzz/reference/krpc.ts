import type { Plain } from './bencode.ts';

/*
 * What BEP 5, BEP 43 and BEP 44 want of a message, as plain as possible.
 */

type Dictionary = ReadonlyMap<string, Plain>;

/** Whether a dictionary is a message with all its fields. */
export function isMessage(message: Dictionary): boolean {
  if (!isText(message.get('t'), 1, 32)) return false;
  const [a, r, e] = [message.get('a'), message.get('r'), message.get('e')];
  switch (message.get('y')) {
    case 'q':
      return (
        typeof message.get('q') === 'string' &&
        a instanceof Map &&
        isOptional(message, 'ro', isNumber) &&
        isText(a.get('id'), 20, 20) &&
        isBody(message.get('q') as string, a)
      );
    case 'r':
      return (
        r instanceof Map &&
        isText(r.get('id'), 20, 20) &&
        isOptional(r, 'token', (value) => isText(value, 1, 255)) &&
        isOptional(r, 'nodes', (value) => typeof value === 'string' && value.length % 26 === 0) &&
        isOptional(r, 'seq', isSeq) &&
        isOptional(r, 'k', (value) => isText(value, 32, 32)) &&
        isOptional(r, 'sig', (value) => isText(value, 64, 64))
      );
    case 'e': {
      if (!Array.isArray(e)) return false;
      const [code, text] = e as readonly Plain[];
      const isText = text === undefined || typeof text === 'string';
      return isText && typeof code === 'bigint' && code >= 0n && code < 1000n;
    }
    default:
      return false;
  }
}

function isBody(method: string, a: Dictionary): boolean {
  switch (method) {
    case 'find_node':
      return isText(a.get('target'), 20, 20);
    case 'get_peers':
      return isText(a.get('info_hash'), 20, 20);
    case 'get':
      return isText(a.get('target'), 20, 20) && isOptional(a, 'seq', isNumber);
    case 'put': {
      const isImmutable = !a.has('k') && !a.has('sig');
      if (!isText(a.get('token'), 1, 255) || typeof a.get('v') !== 'string') return false;
      const isSigned =
        isText(a.get('k'), 32, 32) &&
        isText(a.get('sig'), 64, 64) &&
        isSeq(a.get('seq')) &&
        isOptional(a, 'cas', isNumber) &&
        isOptional(a, 'salt', (value) => typeof value === 'string');
      return isImmutable || isSigned;
    }
    case 'announce_peer': {
      if (!isText(a.get('info_hash'), 20, 20) || !isText(a.get('token'), 1, 255)) return false;
      if (!isOptional(a, 'implied_port', isNumber)) return false;
      const port = a.get('port');
      const isPort = typeof port === 'bigint' && port > 0n && port < 2n ** 16n;
      return isPort || (a.get('implied_port') ?? 0n) !== 0n;
    }
    default:
      return true;
  }
}

function isOptional(from: Dictionary, name: string, check: (value: Plain | undefined) => boolean): boolean {
  return !from.has(name) || check(from.get(name));
}

function isText(value: Plain | undefined, least: number, most: number): boolean {
  return typeof value === 'string' && value.length >= least && value.length <= most;
}

function isNumber(value: Plain | undefined): boolean {
  return typeof value === 'bigint';
}

function isSeq(value: Plain | undefined): boolean {
  return typeof value === 'bigint' && value >= 0n && value < 2n ** 63n;
}

/** Of a compact list, the first 32 nodes that can exist on a network. */
export function plainNodes(compact: string, network: 'public' | 'test'): string {
  const nodes: string[] = [];
  for (let at = 0; at < compact.length && nodes.length < 32; at += 26) {
    const node = compact.slice(at, at + 26);
    const [first = 0, second = 0, third = 0] = [...node.slice(20, 24)].map((char) => char.charCodeAt(0));
    if (node.slice(24) !== '\0\0' && network === kindOf(first, second, third)) nodes.push(node);
  }
  return nodes.join('');
}

/** The network of a node with this address: the special-purpose addresses of RFC 6890 have none. */
function kindOf(a: number, b: number, c: number): 'public' | 'test' | 'none' {
  if (a === 127) return 'test';
  const isSpecial =
    a === 0 ||
    a === 10 ||
    a >= 224 ||
    (a === 100 && b >= 64 && b < 128) ||
    (a === 169 && b === 254) ||
    (a === 172 && b >= 16 && b < 32) ||
    (a === 192 && b === 0 && (c === 0 || c === 2)) ||
    (a === 192 && b === 168) ||
    (a === 198 && (b === 18 || b === 19 || (b === 51 && c === 100))) ||
    (a === 203 && b === 0 && c === 113);
  return isSpecial ? 'none' : 'public';
}
