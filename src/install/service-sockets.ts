import { type ListenAddress, listenAddressToText } from '../config/listen-address.ts';
import { MARK, type WantedFile } from './service.ts';

/** Where the units of the administrator are, which come before those of packages. */
export const UNIT_FOLDER = '/etc/systemd/system';

/** What has a socket unit of its own, which is opened when the settings ask for it. */
export type SocketService = 'tls' | 'https';

/** What each of these units is. */
interface SocketUnit {
  readonly unit: string;
  /** `FileDescriptorName=`: see `system/activation/socket-purpose.ts`. */
  readonly name: string;
  readonly what: string;
  /** The port of an address without one. */
  readonly port: number;
  /** The setting, and the flag of `install`. */
  readonly setting: string;
}

const sockets: Readonly<Record<SocketService, SocketUnit>> = {
  tls: {
    unit: 'pkarrd-tls.socket',
    name: 'dot',
    what: 'DNS over TLS',
    port: 853,
    setting: 'tls-listen',
  },
  https: {
    unit: 'pkarrd-https.socket',
    name: 'doh',
    what: 'DNS over HTTPS',
    port: 443,
    setting: 'https',
  },
};

/** Each service that has a unit. */
export const socketServices = Object.keys(sockets) as readonly SocketService[];

/** The name of the unit. */
export function socketUnitName(service: SocketService): string {
  return sockets[service].unit;
}

/** These units, by their names. */
export const serviceSocketUnits: Readonly<Record<string, string>> = Object.fromEntries(
  socketServices.map((service) => [sockets[service].unit, unitText(sockets[service])]),
);

/** The drop-in that has the addresses of such a unit. */
export function socketDropIn(service: SocketService): string {
  return `${UNIT_FOLDER}/${sockets[service].unit}.d/listen.conf`;
}

/** The drop-in that listens on these addresses and no others. */
export function socketFile(service: SocketService, addresses: readonly ListenAddress[]): WantedFile {
  return {
    path: socketDropIn(service),
    content: `# ${MARK}
# The addresses of ${sockets[service].setting}. An empty value forgets those of ${sockets[service].unit}.
[Socket]
ListenStream=
${streamLines(addresses)}
`,
    mode: 0o644,
  };
}

function unitText({ name, what, port, setting }: SocketUnit): string {
  return `# Off unless it is asked for: it needs the settings certificate and certificate-key. "pkarrd install" turns it on when ${setting}
# is set, at those addresses; "pkarrd install --${setting} ADDRESS" at others.
[Unit]
Description=Socket of the local DNS resolver pkarrd for ${what}
# Who stops pkarrd means this too: a connection would start it again.
PartOf=pkarrd.socket

[Socket]
${streamLines([
  { host: '127.0.0.1', port },
  { host: '::1', port },
])}
FileDescriptorName=${name}
Service=pkarrd.service
# An address may be there later than we are, or never: ::1 is none where IPv6 is turned off.
FreeBind=yes
BindIPv6Only=ipv6-only
# As often as it takes: after 20 starts in 2 s, which is the default, the socket would be closed for good.
TriggerLimitIntervalSec=0

[Install]
# Of the service too: a socket can be opened only while its service is stopped, so a restart of the service opens it.
WantedBy=sockets.target pkarrd.service
`;
}

function streamLines(addresses: readonly ListenAddress[]): string {
  return addresses.map((address) => `ListenStream=${listenAddressToText(address)}`).join('\n');
}
