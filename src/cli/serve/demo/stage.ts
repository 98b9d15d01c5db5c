import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startApp } from '../../../app/app.ts';
import type { App } from '../../../app/status.ts';
import {
  type ListenAddress,
  listenAddressToText,
  parseListenAddress,
} from '../../../config/listen-address.ts';
import { defaultSettings } from '../../../config/settings.ts';
import { DhtConnection } from '../../../find/dht-connection.ts';
import type { NodeAddress } from '../../../mainline/dht-node.ts';
import { MainlineError } from '../../../mainline/errors.ts';
import { startMainlineThread } from '../../../mainline/thread/proxy.ts';
import { createLog, type Log } from '../../../observe/log.ts';
import { KeyPair } from '../../../pkarr/key-pair.ts';
import { encodePacketMessage } from '../../../pkarr/packet-message.ts';
import { parseZoneFile } from '../../../pkarr/zone/file/zone-file.ts';
import { noMemory, publishZone } from '../../../publish/publish.ts';
import { PublishError } from '../../../publish/publish-error.ts';
import { publishNetwork } from '../../../publish/publish-network.ts';
import { ListenError } from '../../../serve/listen-error.ts';
import { isOutOfDescriptors } from '../../../system/out-of-descriptors.ts';
import { startTestNetworkThread } from '../../../testnet/proxy.ts';
import { CommandError, type Terminal } from '../../command.ts';
import { beforeEnd, StoppedError } from '../../stop-signal.ts';
import { listenProblem } from '../listen-problem.ts';
import { freeGateway } from './free-gateway.ts';
import { NODES } from './nodes.ts';
import { type Site, startSite } from './site.ts';
import { type StandInUpstream, startStandInUpstream } from './upstream.ts';
import { firstZone, secondZone } from './zones.ts';

/** Everything that the demo starts. */
export interface Stage {
  readonly first: KeyPair;
  readonly second: KeyPair;
  readonly address: ListenAddress;
  readonly bootstrap: NodeAddress | undefined;
  /** Where browsers open the site of the first key; undefined if its port was taken at the last moment. */
  readonly gateway: ListenAddress | undefined;
  close(): Promise<void>;
}

/**
 * Starts a test DHT, a stand-in upstream and the resolver, and publishes two zones.
 * @throws CommandError; the reason of `stop` when that aborts. Then nothing is left, neither running nor on disk.
 */
export async function setUpStage(
  listen: ListenAddress,
  terminal: Terminal,
  stop: AbortSignal,
): Promise<Stage> {
  // What is logged before it stands would only repeat an error.
  let held: string[] | undefined = [];
  const write = (line: string) => {
    if (held === undefined) terminal.err(line);
    else held.push(line);
  };
  const log = createLog({ level: 'warn', write, now: terminal.now, journal: false });
  const [first, second] = [KeyPair.generate(), KeyPair.generate()];
  // Closed in reverse order of starting.
  const running: { close(): Promise<void> }[] = [];
  const close = async () => {
    for (const part of running.splice(0).reverse()) await part.close();
  };
  try {
    const state = makeStateDir();
    running.push(state);
    const upstream = await startStandInUpstream((error) =>
      log.error('Internal error in the stand-in upstream.', { error: String(error) }),
    );
    running.push(upstream);
    terminal.err(`Starting a DHT of ${NODES} nodes …\n`);
    const network = await startTestNetworkThread({ nodes: NODES }, stop);
    running.push(network);
    const site = await startSite(first);
    running.push(site);
    const app = await startResolver({
      listen,
      first,
      upstream,
      bootstrap: network.bootstrap,
      stateDir: state.path,
      log,
      terminal,
    });
    running.push(app);
    const address = app.addresses.find(({ service }) => service === undefined);
    // The program itself waits for an address that the machine may get later; nobody waits for that here.
    if (address === undefined) {
      const where = listenAddressToText(listen);
      throw new CommandError(
        `Cannot listen on ${where}: this machine does not have the address. Use one that it has with --listen.`,
      );
    }
    stop.throwIfAborted();
    terminal.err('Publishing two zones …\n');
    await publishZones({ first, second, site, bootstrap: network.bootstrap, terminal, stop });
    for (const line of held.splice(0)) terminal.err(line);
    held = undefined;
    return {
      first,
      second,
      address,
      bootstrap: network.bootstrap[0],
      gateway: await gatewayOf(app),
      close,
    };
  } catch (error) {
    await close();
    // That is told for every command.
    if (isOutOfDescriptors(error)) throw error;
    if (error instanceof ListenError) throw new CommandError(listenProblem(error), { cause: error });
    if (error instanceof MainlineError) throw new CommandError(`${error.message}.`, { cause: error });
    if (error instanceof PublishError) throw new CommandError(error.message, { cause: error });
    if (error instanceof DOMException && error.name === 'TimeoutError') {
      const seconds = PUBLISH_MS / 1000;
      throw new CommandError(
        `The zones were not published within ${seconds} s. Is this machine busy? Try again.`,
      );
    }
    if (!(error instanceof CommandError || error instanceof StoppedError))
      for (const line of held ?? []) terminal.err(line);
    throw error;
  }
}

/** A directory that is gone after `close`, and also when the process exits before that. @throws CommandError */
function makeStateDir(): { readonly path: string; close(): Promise<void> } {
  try {
    const path = mkdtempSync(join(tmpdir(), 'pkarrd-demo-'));
    const remove = () => rmSync(path, { recursive: true, force: true, maxRetries: 3 });
    // Also at the end: something of the program that was closed may have been about to make it anew.
    beforeEnd(remove);
    return { path, close: async () => remove() };
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const { code = '', message } = error as NodeJS.ErrnoException;
    const why = reasons.get(code) ?? message;
    throw new CommandError(
      `Cannot create a directory in ${tmpdir()}: ${why}. Set TMPDIR to a directory that can be written.`,
      { cause: error },
    );
  }
}

/** Why a directory cannot be created, by the error code of the system. */
const reasons = new Map([
  ['ENOENT', 'there is no such directory'],
  ['ENOTDIR', 'it is not a directory'],
  ['EACCES', 'permission denied'],
  ['EPERM', 'permission denied'],
  ['EROFS', 'its file system is read-only'],
  ['ENOSPC', 'the disk is full'],
  ['EDQUOT', 'the disk quota is exceeded'],
]);

async function startResolver(parts: {
  readonly listen: ListenAddress;
  readonly first: KeyPair;
  readonly upstream: StandInUpstream;
  readonly bootstrap: readonly NodeAddress[];
  readonly stateDir: string;
  readonly log: Log;
  readonly terminal: Terminal;
}): Promise<App> {
  return await startApp(
    {
      ...defaultSettings(parts.terminal.machine),
      listen: [parts.listen],
      upstream: [listenAddressToText(parts.upstream.address)],
      bootstrap: parts.bootstrap,
      stateDir: parts.stateDir,
      dhtListen: { host: '127.0.0.1', port: 0 },
      http: await freeGateway(),
      // What is published with it stays in the demo's own DHT.
      relayOrigins: ['*'],
      // Its site is on this machine.
      gatewayPrivate: [parts.first.publicKey.text],
    },
    parts.log,
  );
}

/** The first address that browsers open sites at. */
async function gatewayOf(app: App): Promise<ListenAddress | undefined> {
  const { http } = await app.status();
  if (http.state !== 'waiting' && http.state !== 'running') return undefined;
  return parseListenAddress(http.addresses[0] ?? '', 0);
}

/** Milliseconds to publish on loopback, which takes a second. */
const PUBLISH_MS = 30_000;

/** Publishes with a DHT node of its own, as another user would. */
async function publishZones(parts: {
  readonly first: KeyPair;
  readonly second: KeyPair;
  readonly site: Site;
  readonly bootstrap: readonly NodeAddress[];
  readonly terminal: Terminal;
  readonly stop: AbortSignal;
}): Promise<void> {
  const { first, second, site, bootstrap, terminal, stop } = parts;
  const node = await startMainlineThread({ bootstrap, host: '127.0.0.1' });
  const put = async (keyPair: KeyPair, zone: string) => {
    const { records } = parseZoneFile(zone, { origin: keyPair.publicKey.name });
    const now = BigInt(terminal.now()) * 1000n;
    await publishZone({
      keyPair,
      zone: { message: encodePacketMessage(records), fingerprint: '', changedAt: now, isIncomplete: false },
      network: publishNetwork(new DhtConnection(Promise.resolve(node)), []),
      memory: noMemory,
      mode: 'new',
      now,
      signal: AbortSignal.any([stop, AbortSignal.timeout(PUBLISH_MS)]),
    });
  };
  try {
    await Promise.all([put(first, firstZone(second.publicKey, site)), put(second, secondZone())]);
  } finally {
    await node.close();
  }
}
