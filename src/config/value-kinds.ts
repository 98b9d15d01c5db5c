import { tryParseTypedName } from '../dns/typed-name.ts';
import { isLoopback } from '../ip/loopback.ts';
import { ipPrefixToText, parseIpPrefix } from '../ip/prefix.ts';
import { hostPortToText, parseHostPort } from './host-port.ts';
import { listenAddressToText, parseListenAddress } from './listen-address.ts';
import { parseRelayUrl } from './relay-url.ts';
import { type Kind, text } from './setting-kinds.ts';

/** The port of a listen address without one (RFC 1035 §4.2). */
const DNS_PORT = 53;

/** An address to listen on. */
export const listenAddress = text({
  placeholder: 'ADDRESS:PORT',
  accepts: 'an IP address with or without a port, such as 127.0.0.1:5300 or [::1]:5300',
  parse: (word) => parseListenAddress(word, DNS_PORT),
  toText: listenAddressToText,
});

/** An address for DNS over TLS (RFC 7858 §3.1: port 853). */
export const tlsAddress = addressKind(853, '127.0.0.1 or [::1]:8853');

/** An address for DNS over HTTPS. */
export const httpsAddress = addressKind(443, '127.0.0.1:8443 or [::1]:8443');

/** An address for the relay over TLS. */
export const httpTlsAddress = addressKind(8054, '0.0.0.0 or [::1]:8054');

/** An address for DNS over HTTPS without TLS. */
export const plainAddress = addressKind(80, '127.0.0.1:8080 or [::1]:8080');

/** The port of the gateway without one. */
export const HTTP_PORT = 8053;

/** An address of this machine alone. */
export const loopbackAddress = text({
  placeholder: 'ADDRESS:PORT',
  accepts: 'a loopback address with or without a port, such as 127.0.0.1:8053 or [::1]:8053',
  parse: (word) => {
    const address = parseListenAddress(word, HTTP_PORT);
    return address !== undefined && isLoopback(address.host) ? address : undefined;
  },
  toText: listenAddressToText,
});

/** An origin of web pages (RFC 6454 §6.2), as browsers write it, or `*` for all. */
export const origin = text({
  placeholder: 'ORIGIN',
  accepts: 'the origin of web pages, such as https://app.example or http://localhost:3000, or *',
  parse: (word) => {
    if (word === '*') return word;
    const url = URL.canParse(word) ? new URL(word) : undefined;
    const isOrigin =
      url !== undefined &&
      /^https?:$/.test(url.protocol) &&
      word.replace(/\/$/, '').toLowerCase() === url.origin;
    return isOrigin ? url.origin : undefined;
  },
  toText: (word) => word,
});

/** A public key as text; whether it is a point of the curve does not matter here, for one that is not has no packet. */
export const publicKey = text({
  placeholder: 'KEY',
  accepts: 'a public key: 52 characters of z-base32',
  parse: (word) => /^(?:pk:)?([ybndrfg8ejkmcpqxot1uwisza345h769]{51}[yo])$/i.exec(word)?.[1]?.toLowerCase(),
  toText: (word) => word,
});

/** A host, by name or by IPv4 address, and a port. */
export const hostPort = text({
  placeholder: 'HOST:PORT',
  accepts: 'an IPv4 address or a host name with a port, such as 127.0.0.1:6881',
  parse: parseHostPort,
  toText: hostPortToText,
});

/** An upstream. The forwarder parses it; here it is any word that is not several with commas between them. */
export const upstream = text({
  placeholder: 'UPSTREAM',
  accepts: 'the IP address of a resolver with or without a port, such as 9.9.9.9 or [2620:fe::fe]:53',
  parse: (word) => (/^\S+$/.test(word) && !isSeveral(word) ? word : undefined),
  toText: (word) => word,
});

/** A comma may stand in the path of a URL, and in no other upstream. */
function isSeveral(word: string): boolean {
  return word.includes(',') && word.split('://').length !== 2;
}

/** An absolute path. */
export const path = {
  ...text({
    placeholder: 'FILE',
    accepts: 'an absolute path',
    parse: (word) => (word.startsWith('/') ? word : undefined),
    toText: (word) => word,
  }),
  isPath: true,
} as const satisfies Kind<string>;

/** The URL of a relay. */
export const relayUrl = text({
  placeholder: 'URL',
  accepts: 'the URL of a relay, such as https://relay.example.org',
  parse: parseRelayUrl,
  toText: (url) => url.href.replace(/\/$/, ''),
});

/** A domain name. */
export const domain = text({
  placeholder: 'DOMAIN',
  accepts: 'a domain name, such as example.org',
  parse: tryParseTypedName,
  toText: (name) => name.toString(),
});

/** A network of IP addresses. */
export const prefix = text({
  placeholder: 'NETWORK',
  accepts: 'an IP address or network, such as 192.168.1.0/24 or fd00::/8',
  parse: parseIpPrefix,
  toText: ipPrefixToText,
});

/** An IP address with or without a port; without one, `port` is used. */
function addressKind(port: number, examples: string) {
  return text({
    placeholder: 'ADDRESS:PORT',
    accepts: `an IP address with or without a port, such as ${examples}; the port is ${port} if absent`,
    parse: (word) => parseListenAddress(word, port),
    toText: listenAddressToText,
  });
}
