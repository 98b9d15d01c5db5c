import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startApp } from '../../src/app/app.ts';
import type { App } from '../../src/app/status.ts';
import { defaultSettings, type Settings } from '../../src/config/settings.ts';
import { Type } from '../../src/dns/codes.ts';
import { decodeExtendedError } from '../../src/dns/extended-error.ts';
import { type Log, silentLog } from '../../src/observe/log.ts';
import { askUdp, query } from '../support/dns-client.ts';
import { ownTime } from '../support/own-time.ts';

/** What a client was told. */
export interface Told {
  readonly rcode: number;
  readonly addresses: readonly string[];
  /** INFO-CODEs of RFC 8914. */
  readonly extendedErrors: readonly (number | undefined)[];
  /** Milliseconds from the question to the answer. */
  readonly milliseconds: number;
}

/** The whole program, on loopback. */
export interface Program {
  readonly app: App;
  /** Asks for an A record over UDP. */
  ask(name: string): Promise<Told>;
}

/** Starts the program with a state directory of the test's, so that it can be started there again. */
export async function startProgram(
  settings: Partial<Settings> & Pick<Settings, 'stateDir' | 'bootstrap'>,
  log: Log = silentLog,
): Promise<Program> {
  const app = await startApp(
    {
      ...defaultSettings({ environment: {}, isRoot: false, home: '/nonexistent' }),
      listen: [{ host: '127.0.0.1', port: 0 }],
      upstream: [],
      relay: [],
      http: 'off',
      dhtListen: { host: '127.0.0.1', port: 0 },
      ...settings,
    },
    log,
  );
  const [server] = app.addresses;
  if (server === undefined) throw new Error('The program listens nowhere.');
  return {
    app,
    async ask(name) {
      const edns = { udpPayloadSize: 1232, version: 0, dnssecOk: false, options: [] };
      const { value: message, ms } = await ownTime(() => askUdp(server, query(name, Type.A, { edns })));
      return {
        rcode: message.rcode,
        addresses: message.answers.map(({ rdata }) => rdata.join('.')),
        extendedErrors: message.edns?.options.map((option) => decodeExtendedError(option)?.code) ?? [],
        milliseconds: ms,
      };
    },
  };
}

/** Runs `use` with a new directory, which is gone afterwards. */
export async function withDirectory(use: (directory: string) => Promise<void>): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'pkarrd-scene-'));
  try {
    await use(directory);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
