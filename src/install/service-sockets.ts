import { type ListenAddress, listenAddressToText } from '../config/listen-address.ts';
import { HTTP_PORT } from '../config/value-kinds.ts';
import { unitFile, type WantedFile } from './service.ts';

/** Where the units of the administrator are, which come before those of packages. */
export const UNIT_FOLDER = '/etc/systemd/system';

/** What has a socket unit of its own: the first two are opened when the settings ask for them, the last unless they forbid it. */
export type SocketService = 'tls' | 'https' | 'http';

/** What each of these units is. */
interface SocketUnit {
  readonly unit: string;
  /** `FileDescriptorName=`: see `system/activation/socket-purpose.ts`. */
  readonly name: string;
  readonly what: string;
  /** The port of the addresses that the unit has. */
  readonly port: number;
  /** The setting, and the flag of `install`. */
  readonly setting: string;
  /** The first lines of the unit. */
  readonly comment: string;
}

const onDemand = (setting: string) =>
  `# Off unless it is asked for: it needs the settings certificate and certificate-key. "pkarrd install" turns it on when ${setting}
# is set, at those addresses; "pkarrd install --${setting} ADDRESS" at others.`;

const sockets: Readonly<Record<SocketService, SocketUnit>> = {
  tls: {
    unit: 'pkarrd-tls.socket',
    name: 'dot',
    what: 'DNS over TLS',
    port: 853,
    setting: 'tls-listen',
    comment: onDemand('tls-listen'),
  },
  https: {
    unit: 'pkarrd-https.socket',
    name: 'doh',
    what: 'DNS over HTTPS',
    port: 443,
    setting: 'https',
    comment: onDemand('https'),
  },
  http: {
    unit: 'pkarrd-http.socket',
    name: 'http',
    what: 'the sites of keys in browsers',
    port: HTTP_PORT,
    setting: 'http',
    comment: `# Both addresses or none: a browser takes whichever answers, and who has one of them is the origin of every key. systemd holds them,
# so that nobody else can have them while pkarrd restarts. Off with http = "off" and "pkarrd install".`,
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
  const content = `# The addresses of ${sockets[service].setting}. An empty value forgets those of ${sockets[service].unit}.
[Socket]
ListenStream=
${streamLines(addresses)}
`;
  return unitFile(socketDropIn(service), content);
}

/** Whether these are the addresses that the unit itself has. */
export function hasAddressesOfUnit(service: SocketService, addresses: readonly ListenAddress[]): boolean {
  return streamLines(addresses) === streamLines(loopbackAt(sockets[service].port));
}

function unitText({ name, what, port, comment }: SocketUnit): string {
  return `${comment}
[Unit]
Description=Socket of the local DNS resolver pkarrd for ${what}
# Who stops pkarrd means this too: a connection would start it again.
PartOf=pkarrd.socket

[Socket]
${streamLines(loopbackAt(port))}
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

function loopbackAt(port: number): readonly ListenAddress[] {
  return [
    { host: '127.0.0.1', port },
    { host: '::1', port },
  ];
}

function streamLines(addresses: readonly ListenAddress[]): string {
  return addresses.map((address) => `ListenStream=${listenAddressToText(address)}`).join('\n');
}
