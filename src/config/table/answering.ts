import { choiceOr, count, listOf, nonEmptyListOf, wordOr } from '../setting-kinds.ts';
import { httpsAddress, listenAddress, path, plainAddress, prefix, tlsAddress } from '../value-kinds.ts';
import { setting } from './setting.ts';

/** Where `listen = "default"` listens: on these addresses, on the first of these ports that is available. */
export const defaultListen = { hosts: ['127.0.0.1', '::1'], ports: [53, 5300] } as const;

/** Settings of where DNS is answered, and for whom. */
export const answering = {
  listen: setting({
    name: 'listen',
    kind: wordOr('default', nonEmptyListOf(listenAddress)),
    default: () => 'default' as const,
    defaultText: '127.0.0.1 and ::1, on port 53 if possible, otherwise 5300',
    help: 'Address to answer DNS on, UDP and TCP; 0.0.0.0 and :: mean each address of this machine',
  }),
  tlsListen: setting({
    name: 'tls-listen',
    kind: listOf(tlsAddress),
    default: () => [],
    help: 'Address to answer DNS over TLS on, with the certificate in certificate',
  }),
  https: setting({
    name: 'https',
    kind: listOf(httpsAddress),
    default: () => [],
    help: 'Address to answer DNS over HTTPS on, at /dns-query, with the certificate in certificate',
  }),
  httpsPlain: setting({
    name: 'https-plain',
    kind: listOf(plainAddress),
    default: () => [],
    help: 'Address to answer DNS over HTTPS on without TLS, only for a proxy: clients refuse http templates',
  }),
  certificate: setting({
    name: 'certificate',
    kind: choiceOr('none', path),
    default: () => 'none' as const,
    help: 'PEM file of the certificate for what speaks TLS here, followed by those that lead to its CA',
  }),
  certificateKey: setting({
    name: 'certificate-key',
    kind: choiceOr('none', path),
    default: () => 'none' as const,
    help: 'PEM file of the private key of the certificate',
  }),
  allowFrom: setting({
    name: 'allow-from',
    kind: wordOr('default', listOf(prefix)),
    default: () => 'default' as const,
    defaultText: 'the networks of the interfaces that are listened on',
    help: 'Network whose clients may send queries, in addition to this machine',
  }),
  clientRate: setting({
    name: 'client-rate',
    kind: count({ least: 0, most: 1e6 }),
    default: () => 200,
    help: 'Maximum queries per second from one other machine; 0 means no limit',
  }),
};
