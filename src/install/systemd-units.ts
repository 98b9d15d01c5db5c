import { type ListenAddress, listenAddressToText } from '../config/listen-address.ts';
import { canonicalAddress } from '../ip/address.ts';
import { type ProgramWords, service, unitFile, type WantedFile } from './service.ts';
import { dropInFiles, type ServiceSystem } from './service-drop-ins.ts';
import { serviceSocketUnits, UNIT_FOLDER } from './service-sockets.ts';

/** The sockets that are opened when nobody names any. */
const LOOPBACK: readonly ListenAddress[] = [
  { host: '127.0.0.1', port: 53 },
  { host: '::1', port: 53 },
];

/** The socket unit (systemd.socket(5)). */
const socketUnit = `[Unit]
Description=Sockets of the local DNS resolver pkarrd

[Socket]
# systemd holds the sockets, so that a query waits while the service starts, restarts or is upgraded, and none is refused or lost.
${listenLines(LOOPBACK)}
# An address may be there later than we are, or never: ::1 is none where IPv6 is turned off.
FreeBind=yes
BindIPv6Only=ipv6-only
# The default holds 277 small datagrams, which 500 queries a second fill in half a second.
ReceiveBuffer=4M
# As often as it takes: after 20 starts in 2 s, which is the default, the socket would be closed for good.
TriggerLimitIntervalSec=0

[Install]
WantedBy=sockets.target
`;

/** The service unit (systemd.service(5), systemd.exec(5)). `systemd/pkarrd.service` is that of `/usr/bin/pkarrd`. */
function serviceUnit(program: ProgramWords): string {
  const command = program.map(systemdWord).join(' ');
  return `[Unit]
Description=${service.description}
Requires=pkarrd.socket
After=pkarrd.socket
# Not network-online.target, and not network.target: localhost and cached names are answered without a network.
Wants=nss-lookup.target
Before=nss-lookup.target
# It is started again for ever: a limit would leave the machine without DNS.
StartLimitIntervalSec=0

[Service]
# A start returns when it answers.
Type=notify
ExecStart=${command} serve
# Not kill -HUP, which cannot say that the configuration is invalid.
ExecReload=${command} reload
${environmentLines()}
# Also where Node runs it.
SyslogIdentifier=pkarrd
Restart=always
# Queries wait meanwhile. A start that fails at once is tried again four times a second: so often systemd looks at its timers.
RestartSec=1ms
TimeoutStartSec=30s
TimeoutStopSec=${service.stopSeconds}s
# Its helpers, such as systemd-notify, are not ended before it.
KillMode=mixed
# It feeds the watchdog only while it answers itself. When it hangs, what a start takes is within these seconds (WATCHDOG_USEC of
# sd_notify(3)), so that queries that wait are answered before glibc gives up, which it does after 10 s.
WatchdogSec=8s
# Not the default, SIGABRT: that writes hundreds of megabytes of heap to the disk first.
WatchdogSignal=SIGKILL

# A user that exists only while the service runs.
DynamicUser=yes
StateDirectory=pkarrd
StateDirectoryMode=0700
CacheDirectory=pkarrd
CacheDirectoryMode=0700
# For everybody, since one of its sockets answers everybody.
RuntimeDirectory=pkarrd
RuntimeDirectoryMode=0755
ConfigurationDirectory=pkarrd
UMask=0077
# Key files and certificates that only root can read: /etc/pkarrd/keys/NAME is $CREDENTIALS_DIRECTORY/keys_NAME.
LoadCredential=keys:/etc/pkarrd/keys
LoadCredential=tls:/etc/pkarrd/tls
# Used when there is no such folder, without which the service would not start.
SetCredential=keys:none
SetCredential=tls:none

# No capability: port 53 is bound by systemd.
CapabilityBoundingSet=
NoNewPrivileges=yes
PrivateUsers=yes

# Files: all of the system read-only, nothing of the users.
ProtectSystem=strict
ProtectHome=yes
PrivateTmp=yes
PrivateMounts=yes
PrivateDevices=yes
DevicePolicy=closed
RemoveIPC=yes

${CONFINEMENT}
# Not MemoryDenyWriteExecute=: V8 compiles to machine code while it runs, and aborts without it.
# Not PrivateNetwork= or IPAddressDeny=: it asks the Internet.

LimitNOFILE=${service.openFiles}
# Enough for four workers; each takes 60 MB and its caches.
MemoryMax=512M
# A worker that takes too much is replaced; the service need not end with it.
OOMPolicy=continue
# Up to 11 threads a process, and with the most workers that there may be, 65 processes.
TasksMax=800

[Install]
WantedBy=multi-user.target
`;
}

/** What no unit of ours needs of the kernel and of other processes. */
const CONFINEMENT = `# The kernel: nothing of it can be changed or read.
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectKernelLogs=yes
ProtectControlGroups=yes
ProtectClock=yes
ProtectHostname=yes
ProtectProc=invisible
ProcSubset=pid

# Processes: no other architecture, no namespaces, no real time, no set-user-ID files.
LockPersonality=yes
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources
# A call that is not allowed fails, instead of ending the program.
SystemCallErrorNumber=EPERM
# Netlink tells Node which addresses this machine has.
RestrictAddressFamilies=AF_INET AF_INET6 AF_NETLINK AF_UNIX`;

/** Publishes `/etc/pkarrd/publish.zone` where no pkarrd runs all the time. */
function publishUnit(program: ProgramWords): string {
  const command = program.map(systemdWord).join(' ');
  return `# Publishes /etc/pkarrd/publish.zone with the key file /etc/pkarrd/keys/publish.key, on a machine where no pkarrd.service does it.
# Start it with: systemctl enable --now pkarrd-publish.timer
[Unit]
Description=Publish the zone of a public key
ConditionPathExists=/etc/pkarrd/publish.zone
ConditionPathExists=/etc/pkarrd/keys/publish.key
Wants=network-online.target
After=network-online.target

[Service]
Type=oneshot
ExecStart=${command} publish /etc/pkarrd/publish.zone --key /etc/pkarrd/keys/publish.key --once
# This key and no other.
LoadCredential=keys_publish.key:/etc/pkarrd/keys/publish.key
TimeoutStartSec=3min
DynamicUser=yes
# Of its own: that of pkarrd.service belongs to another user.
StateDirectory=pkarrd-publish
StateDirectoryMode=0700
UMask=0077
CapabilityBoundingSet=
NoNewPrivileges=yes
PrivateUsers=yes
PrivateMounts=yes
PrivateDevices=yes
PrivateTmp=yes
ProtectSystem=strict
ProtectHome=yes

${CONFINEMENT}
`;
}

/** Nodes of the DHT forget a packet after hours: it is published often enough that some nodes always have it. */
const publishTimer = `[Unit]
Description=Publish the zone of a public key every hour

[Timer]
OnBootSec=2min
OnUnitActiveSec=1h
# Not everybody at the same moment.
RandomizedDelaySec=5min

[Install]
WantedBy=timers.target
`;

/** The socket unit of an installation that no package made. */
export const SOCKET_FILE = `${UNIT_FOLDER}/pkarrd.socket`;
/** The drop-in with the addresses of `--listen`. */
export const LISTEN_FILE = `${UNIT_FOLDER}/pkarrd.socket.d/listen.conf`;

/** The units of a program, by their names. */
export function units(program: ProgramWords): Readonly<Record<string, string>> {
  return {
    'pkarrd.socket': socketUnit,
    'pkarrd.service': serviceUnit(program),
    'pkarrd-publish.service': publishUnit(program),
    'pkarrd-publish.timer': publishTimer,
    ...serviceSocketUnits,
  };
}

/** All files of an installation that no package made. */
export function systemdFiles(program: ProgramWords, system: ServiceSystem): readonly WantedFile[] {
  return [
    ...Object.entries(units(program)).map(([name, content]) => unitFile(`${UNIT_FOLDER}/${name}`, content)),
    ...dropInFiles(system),
  ];
}

/** The drop-in that listens on these addresses as well as on loopback. */
export function listenFile(addresses: readonly ListenAddress[]): WantedFile {
  // A wildcard has loopback in it, and a second socket for that could not listen.
  const loopback = LOOPBACK.filter(
    (own) =>
      !addresses.some((given) => given.port === own.port && (isSame(given, own) || isWildcardOf(given, own))),
  );
  const content = `# Addresses that need not be there yet. An empty value forgets those of pkarrd.socket.
[Socket]
ListenStream=
${listenLines([...loopback, ...addresses])}
FreeBind=yes
`;
  return unitFile(LISTEN_FILE, content);
}

function listenLines(addresses: readonly ListenAddress[]): string {
  return addresses
    .map(listenAddressToText)
    .flatMap((text) => [`ListenDatagram=${text}`, `ListenStream=${text}`])
    .join('\n');
}

function environmentLines(): string {
  return service.environment
    .flatMap(({ name, value, why }) => [...why.map((line) => `# ${line}`), `Environment="${name}=${value}"`])
    .join('\n');
}

/** A word of a command line: systemd.service(5), "Command lines", and specifiers. */
export function systemdWord(word: string): string {
  const escaped = word.replace(/[\\"]/g, '\\$&').replaceAll('%', '%%').replaceAll('$', '$$$$');
  return /^[\w@%+=:,./-]+$/.test(word) ? escaped : `"${escaped}"`;
}

function isSame(one: ListenAddress, other: ListenAddress): boolean {
  return textOf(one.host) === textOf(other.host);
}

function isWildcardOf({ host }: ListenAddress, { host: own }: ListenAddress): boolean {
  return textOf(host) === (own.includes(':') ? '::' : '0.0.0.0');
}

/** One spelling of an address. */
function textOf(host: string): string {
  return canonicalAddress(host) ?? host;
}
