import type { ListenAddress } from '../listen-address.ts';
import { count, listOf, nonEmptyListOf, wordOr } from '../setting-kinds.ts';
import {
  domain,
  HTTP_PORT,
  httpTlsAddress,
  loopbackAddress,
  origin,
  prefix,
  publicKey,
} from '../value-kinds.ts';
import { setting } from './setting.ts';

/** Where key sites are opened in browsers. */
export const defaultHttp: readonly ListenAddress[] = [
  { host: '127.0.0.1', port: HTTP_PORT },
  { host: '::1', port: HTTP_PORT },
];

/** Settings of the HTTP side: sites of keys in browsers, the page, the relay. */
export const browsers = {
  http: setting({
    name: 'http',
    kind: wordOr('off', nonEmptyListOf(loopbackAddress)),
    default: () => defaultHttp,
    defaultText: '127.0.0.1:8053 and [::1]:8053',
    help: 'Address of this machine where browsers open http://KEY.localhost:8053',
  }),
  httpTls: setting({
    name: 'http-tls',
    kind: listOf(httpTlsAddress),
    default: () => [],
    help: 'Address to serve the relay to everybody over TLS, with the certificate in certificate',
  }),
  httpNames: setting({
    name: 'http-names',
    kind: listOf(domain),
    default: () => [],
    help: 'Name that the HTTP side is reached by, beside localhost and the addresses in http',
  }),
  httpProxies: setting({
    name: 'http-proxies',
    kind: listOf(prefix),
    default: () => [],
    help: 'Address or network of reverse proxies that are believed what X-Forwarded-For says',
  }),
  relayOrigins: setting({
    name: 'relay-origins',
    kind: listOf(origin),
    default: () => [],
    help: 'Origin whose web pages may use the relay at http://localhost:8053/KEY, or * for all',
  }),
  relayRate: setting({
    name: 'relay-rate',
    kind: count({ least: 1, most: 1000 }),
    default: () => 2,
    help: 'Maximum packets per second that the relay publishes for one other machine',
  }),
  gatewayPrivate: setting({
    name: 'gateway-private',
    kind: listOf(publicKey),
    default: () => [],
    help: 'Key whose site may be at an address of this machine or of a private network',
  }),
};
