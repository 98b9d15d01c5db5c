import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** What starts services on a machine. */
export type ServiceManagerName = 'systemd' | 'OpenRC' | 'procd' | 'launchd';

/** What starts services on the machine below `root`; undefined when it is none that we know. */
export function findServiceManager(
  root = '/',
  platform: NodeJS.Platform = process.platform,
): ServiceManagerName | undefined {
  if (platform === 'darwin') return 'launchd';
  const has = (path: string) => existsSync(join(root, path));
  // sd_booted(3).
  if (has('/run/systemd/system')) return 'systemd';
  if (has('/etc/openwrt_release') || has('/sbin/procd')) return 'procd';
  if (has('/sbin/openrc-run') || has('/run/openrc')) return 'OpenRC';
  return undefined;
}

/** What a person does with the service, as words that follow a colon: `"systemctl restart pkarrd"`. */
export interface ServiceCommands {
  readonly start: string;
  readonly restart: string;
  /** Its sockets too, which may belong to the service manager. */
  readonly restartSockets: string;
  /** Where its log is. */
  readonly log: string;
}

/** What fits the machine below `root`; without a service manager that we know, pkarrd is a program that somebody started. */
export function serviceCommands(
  root?: string,
  manager: ServiceManagerName | undefined = findServiceManager(root),
): ServiceCommands {
  return manager === undefined ? ofNobody : commands[manager];
}

const commands: Readonly<Record<ServiceManagerName, ServiceCommands>> = {
  systemd: {
    start: '"systemctl start pkarrd"',
    restart: '"systemctl restart pkarrd"',
    restartSockets: '"systemctl restart pkarrd.socket pkarrd"',
    log: '"journalctl -u pkarrd"',
  },
  OpenRC: {
    start: '"rc-service pkarrd start"',
    restart: '"rc-service pkarrd restart"',
    restartSockets: '"rc-service pkarrd restart"',
    log: 'the log of the system',
  },
  procd: {
    start: '"/etc/init.d/pkarrd start"',
    restart: '"/etc/init.d/pkarrd restart"',
    restartSockets: '"/etc/init.d/pkarrd restart"',
    log: '"logread -e pkarrd"',
  },
  launchd: {
    start: '"launchctl kickstart system/pkarrd"',
    restart: '"launchctl kickstart -k system/pkarrd"',
    restartSockets: '"launchctl kickstart -k system/pkarrd"',
    log: '/var/log/pkarrd.log',
  },
};

const ofNobody: ServiceCommands = {
  start: '"pkarrd serve"',
  restart: 'end it, and start "pkarrd serve" again',
  restartSockets: 'end it, and start "pkarrd serve" again',
  log: 'what it wrote to standard error',
};
