import { listenAddressToText } from '../config/listen-address.ts';
import { defaultListen } from '../config/table/answering.ts';
import type { Log } from '../observe/log.ts';
import type { CertificateEvent } from '../serve/certificate/certificate-files.ts';
import type { ListenEvent } from '../serve/listeners/listeners.ts';
import { type ServedAddress, type Service, servedAddressToText } from '../serve/served-address.ts';
import { otherPortMeans } from './default-port.ts';

/** Logs a change of the addresses that are listened on. */
export function tellListening(log: Log, event: ListenEvent): void {
  const served = event.kind === 'refused' ? event.error.address : event.address;
  const address = servedAddressToText(served);
  switch (event.kind) {
    case 'refused':
      if (served.service === 'https-plain') {
        log.warn(
          'Cannot listen on an address for the proxy: pkarrd may not open it. Use a port from 1024 up.',
          {
            address,
            code: event.error.code,
          },
        );
        break;
      }
      log.warn(
        'Cannot listen on an address: its socket was not handed over by the service manager, and pkarrd may not open it. ' +
          'Add it to the socket unit with the command in "run".',
        {
          address,
          protocol: event.error.protocol,
          code: event.error.code,
          run: installCommand(served),
        },
      );
      break;
    case 'wildcard':
      log.warn(
        'A UDP socket of the service manager listens on all addresses, so the system may send a reply from another address ' +
          'than the one that was asked (RFC 2181 section 4.1). Name the addresses in the socket unit instead.',
        { address, run: 'pkarrd install --listen ADDRESS' },
      );
      break;
    case 'other-port':
      log.warn(
        `Only root and services may listen on port ${event.wanted}, so pkarrd answers on port ${served.port}, ${otherPortMeans}. ` +
          'The command in "run" makes it a service, which has that port; "pkarrd integrate" then makes every program ask it.',
        { address, run: 'sudo pkarrd install' },
      );
      break;
    case 'waiting':
      log.warn('Cannot listen on an address yet; trying again every second.', {
        address,
        reason: event.reason,
      });
      break;
    case 'listening':
      log.info('Listening on another address.', { address });
      break;
    case 'closed':
      log.debug('No longer listening on an address that this machine lost.', { address });
  }
}

/** The command that has systemd open an address for us. Those that it opens by default need not be named. */
export function installCommand(address: ServedAddress): string {
  const { host, port, service } = address;
  const { hosts, ports }: { readonly hosts: readonly string[]; readonly ports: readonly number[] } =
    defaultListen;
  if (service === undefined && hosts.includes(host) && ports[0] === port) return 'pkarrd install';
  return `pkarrd install ${listenFlag(address)} ${listenAddressToText(address)}`;
}

/** The flag that names addresses of this kind. */
export function listenFlag({ service }: ServedAddress): string {
  return service === undefined ? '--listen' : flags[service];
}

const flags: Readonly<Record<Service, string>> = {
  tls: '--tls-listen',
  https: '--https',
  'https-plain': '--https-plain',
};

/** Logs what became of the files of the certificate. */
export function tellCertificate(log: Log, event: CertificateEvent): void {
  switch (event.kind) {
    case 'renewed': {
      const { names, notAfter } = event.certificate;
      log.info('The certificate changed: new connections get the new one.', {
        names: names.join(','),
        until: new Date(notAfter).toISOString(),
      });
      break;
    }
    case 'unusable':
      log.error(
        'The files of the certificate changed and cannot be used, so the one before stays in force.',
        {
          problem: event.problem,
        },
      );
  }
}
