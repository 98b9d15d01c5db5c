/** The fields of a message: names in lower case, each with its values in order. */
export type HeaderLines = Map<string, string[]>;

/** The fields of `IncomingMessage.rawHeaders` or `rawTrailers`. */
export function headerLines(raw: readonly string[]): HeaderLines {
  const lines: HeaderLines = new Map();
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const name = (raw[at] as string).toLowerCase();
    const values = lines.get(name);
    if (values === undefined) lines.set(name, [raw[at + 1] as string]);
    else values.push(raw[at + 1] as string);
  }
  return lines;
}

/**
 * Removes the fields that belong to one connection. RFC 9110 §7.6.1: "Intermediaries MUST parse a received Connection header
 * field before a message is forwarded and ... remove any header or trailer field(s) from the message with the same name as
 * the connection-option", and those that a recipient must know as such even when they are not listed.
 */
export function withoutHopByHop(lines: HeaderLines): HeaderLines {
  const named = (lines.get('connection') ?? []).flatMap((value) => value.toLowerCase().split(','));
  const dropped = new Set([...hopByHop, ...named.map((name) => name.trim())]);
  // Framing is not somebody's to remove: without it a body would be read as the next message.
  dropped.delete('content-length');
  dropped.delete('host');
  // RFC 9112 §6.3: "the Transfer-Encoding overrides the Content-Length", and a server that forwards both helps an attacker.
  if (lines.has('transfer-encoding')) dropped.add('content-length');
  return new Map([...lines].filter(([name]) => !dropped.has(name)));
}

/** RFC 9110 §7.6.1 and RFC 2616 §13.5.1. */
const hopByHop: readonly string[] = [
  'connection',
  'proxy-connection',
  'keep-alive',
  'te',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
  'proxy-authenticate',
  'proxy-authentication-info',
  'proxy-authorization',
];

/** The fields as `http.request` and `setHeader` take them. */
export function headerObject(lines: HeaderLines): Record<string, string | string[]> {
  return Object.fromEntries(
    [...lines].map(([name, values]) => [name, values.length === 1 ? (values[0] as string) : values]),
  );
}
