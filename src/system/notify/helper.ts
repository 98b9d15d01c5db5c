import { execFile } from 'node:child_process';
import type { SendDatagram } from './datagram-sender.ts';

/** Milliseconds that the helper may take: it waits until the service manager has read the message. */
const HELPER_LIMIT = 2_000;

/**
 * Through `systemd-notify`, a process for each message, of 6 ms of CPU time: for Node under a systemd that hands no socket over.
 * The unit needs `NotifyAccess=all`.
 */
export function helperSender(notifySocket: string): SendDatagram {
  const { PATH = '/usr/bin:/bin' } = process.env;
  const options = {
    env: { PATH, NOTIFY_SOCKET: notifySocket },
    timeout: HELPER_LIMIT,
    killSignal: 'SIGKILL',
    maxBuffer: 4_096,
  } as const;
  return (octets) =>
    new Promise((resolve, reject) => {
      // systemd-notify(1): "VARIABLE=VALUE", one argument each.
      const assignments = Buffer.from(octets).toString('utf8').split('\n');
      execFile('systemd-notify', assignments, options, (error, _, stderr) => {
        if (error === null) resolve();
        else reject(new Error(`systemd-notify: ${stderr.trim() || error.message}`));
      });
    });
}
