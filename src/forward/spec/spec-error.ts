/** Why a text is not a valid upstream or route, and what to write instead: one sentence without a full stop. */
export class UpstreamSpecError extends Error {
  override readonly name = 'UpstreamSpecError';
}

/** Maximum length of a quoted text. */
const MAX_QUOTED_LENGTH = 80;

/** The default advice. */
const forms =
  'write an address (9.9.9.9, 9.9.9.9:5353, [2620:fe::fe]:53), tcp://9.9.9.9, tls://9.9.9.9#dns.quad9.net or ' +
  'https://dns.quad9.net/dns-query@9.9.9.9';

/** The error for `text`: `why` is a clause about it, and `advice` says what to write instead. */
export function refusal(text: string, why: string, advice: string = forms): UpstreamSpecError {
  const quoted = text.length > MAX_QUOTED_LENGTH ? `${text.slice(0, MAX_QUOTED_LENGTH)}…` : text;
  return new UpstreamSpecError(`"${quoted}" is not a valid upstream: ${why}; ${advice}`);
}

/** Forms of other programs, and what to write instead. The first match counts. */
const foreignForms: readonly {
  readonly form: RegExp;
  readonly why: string;
  readonly instead: (match: RegExpExecArray) => string;
}[] = [
  {
    form: /^\[\/(.+)\/\](.+)$/,
    why: 'a route has no brackets',
    instead: ([, domains, target]) => `write /${domains}/${target}`,
  },
  {
    // dnsmasq.
    form: /^([\d.]+|\[?[\da-f:.]*:[\da-f:.%\w]*\]?)#(\d+)$/i,
    why: 'the port stands behind a colon',
    instead: ([, address = '', port]) => `write ${withPort(address, port)}`,
  },
  {
    form: /^([\d.]+|\[?[\da-f:.]*:[\da-f:.%\w]*\]?)#([a-z][\w.-]*)$/i,
    why: 'a name to verify belongs to DNS over TLS',
    instead: ([, address = '', name]) => `write tls://${bracketed(address)}#${name}`,
  },
  {
    // Unbound.
    form: /^([\d.]+|[\da-f:.]*:[\da-f:.]*)@(\d+)(?:#([\w.-]+))?$/i,
    why: 'the port stands behind a colon',
    instead: ([, address = '', port, name]) => {
      if (name === undefined && port !== '853') return `write ${withPort(address, port)}`;
      const server = port === '853' ? bracketed(address) : withPort(address, port);
      return `write tls://${server}${name === undefined ? '' : `#${name}`} for DNS over TLS`;
    },
  },
  {
    form: /^(quic|doq|h3|sdns|dnscrypt|tls1\.3|oblivious|odoh):\/\//i,
    why: 'this protocol is not supported',
    instead: () => 'write the address of the resolver, or its tls:// or https:// form',
  },
  {
    form: /\s/,
    why: 'it contains a space',
    instead: () => 'write each upstream by itself',
  },
];

/** The error for a text in the form of another program; undefined for any other text. */
export function foreignForm(text: string): UpstreamSpecError | undefined {
  for (const { form, why, instead } of foreignForms) {
    const match = form.exec(text);
    if (match !== null) return refusal(text, why, instead(match));
  }
  return undefined;
}

function withPort(address: string, port = '53'): string {
  return `${bracketed(address)}:${port}`;
}

function bracketed(address: string): string {
  return address.includes(':') && !address.startsWith('[') ? `[${address}]` : address;
}
