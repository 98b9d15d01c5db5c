import { type ListenAddress, listenAddressToText } from '../config/listen-address.ts';
import type { Settings } from '../config/settings.ts';

/** What is spoken at an address, when it is not DNS over UDP and TCP. */
export type Service = 'tls' | 'https' | 'https-plain';

/** An address, and what is spoken there. */
export interface ServedAddress extends ListenAddress {
  /** Absent for DNS over UDP and TCP. */
  readonly service?: Service;
}

/** The settings that say where to listen, and for what. */
export interface ListenSettings {
  readonly listen: Settings['listen'];
  readonly tlsListen?: Settings['tlsListen'];
  readonly https?: Settings['https'];
  readonly httpsPlain?: Settings['httpsPlain'];
}

/** The names of the settings that say where to listen. */
export const listenKeys = [
  'listen',
  'tlsListen',
  'https',
  'httpsPlain',
] as const satisfies readonly (keyof ListenSettings)[];

/** The addresses of all that is more than DNS over UDP and TCP. */
export function serviceAddresses({
  tlsListen = [],
  https = [],
  httpsPlain = [],
}: ListenSettings): readonly (ServedAddress & { readonly service: Service })[] {
  const of = (service: Service) => (address: ListenAddress) => ({ ...address, service });
  return [...tlsListen.map(of('tls')), ...https.map(of('https')), ...httpsPlain.map(of('https-plain'))];
}

/** `127.0.0.1:53`, `tls://127.0.0.1:853`, `https://[::1]:8443`, `http://127.0.0.1:8080`. */
export function servedAddressToText({ service, ...address }: ServedAddress): string {
  return `${service === undefined ? '' : schemes[service]}${listenAddressToText(address)}`;
}

const schemes: Readonly<Record<Service, string>> = {
  tls: 'tls://',
  https: 'https://',
  'https-plain': 'http://',
};
