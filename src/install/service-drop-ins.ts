import { unitFile, type WantedFile } from './service.ts';
import { UNIT_FOLDER } from './service-sockets.ts';

/** The drop-in that only a program needs which cannot talk to systemd itself. */
export const HELPER_DROP_IN = 'before-253.conf';

/** What drop-ins depend on. */
export interface ServiceSystem {
  /** The version of systemd, such as 257. */
  readonly version: number;
  /** Whether the program needs `systemd-notify` to talk to a systemd that hands no socket over. */
  readonly needsHelper: boolean;
}

/** Drop-ins for what not every systemd has: a directive that it does not know would be a warning in the journal at each start. */
export const dropIns: readonly {
  readonly name: string;
  readonly content: string;
  /** Whether a system gets it. */
  fits(system: ServiceSystem): boolean;
}[] = [
  {
    name: HELPER_DROP_IN,
    content: `# For Node under a systemd before 253, which has no OpenFile=: it has no datagrams of AF_UNIX, and tells systemd by a child
# process, systemd-notify. NotifyAccess=exec takes messages of the processes of Exec*= alone, and to send in the name of
# another process takes CAP_SYS_ADMIN. So every process of the service may speak for it, which systemd-analyze(1) counts
# with 0.2. The one file, which calls the C library, does without.
[Service]
NotifyAccess=all
`,
    fits: ({ version, needsHelper }) => version < 253 && needsHelper,
  },
  {
    name: 'from-253.conf',
    content: `# For a systemd from 253 on: connected sockets, to which Node can write without native code. At the first sd_notify(3) is
# spoken, at the second the protocol of the journal, with fields.
[Service]
OpenFile=/run/systemd/notify:notify:graceful
OpenFile=/run/systemd/journal/socket:journal:graceful
`,
    fits: ({ version }) => version >= 253,
  },
  {
    name: 'from-254.conf',
    content: `# For a systemd from 254 on: each end that nobody asked for is followed by a longer wait, up to 2 s after the 20th. systemd
# counts them until somebody starts the service, so they may be those of a year: no query may wait for longer.
[Service]
RestartSteps=20
RestartMaxDelaySec=2s
`,
    fits: ({ version }) => version >= 254,
  },
];

/** The folder of drop-ins of the service. */
const SERVICE_DROP_INS = `${UNIT_FOLDER}/pkarrd.service.d`;
/** Where each of the drop-ins would be. */
export const dropInPaths: readonly string[] = dropIns.map(({ name }) => `${SERVICE_DROP_INS}/${name}`);

/** The drop-ins that a system gets. */
export function dropInFiles(system: ServiceSystem): readonly WantedFile[] {
  return dropIns
    .filter(({ fits }) => fits(system))
    .map(({ name, content }) => unitFile(`${SERVICE_DROP_INS}/${name}`, content));
}
