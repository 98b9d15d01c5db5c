import { mkdir } from 'node:fs/promises';
import { withoutPaths } from '../app/explain/without-paths.ts';
import { NameError } from '../app/names/name-book.ts';
import type { App, AppStatus } from '../app/status.ts';
import { TokenBucket } from '../async/token-bucket.ts';
import { decodeMessage } from '../dns/message.ts';
import { Name } from '../dns/name.ts';
import { nameFault } from '../dns/name-fault.ts';
import { WireError } from '../dns/wire-error.ts';
import { fileReason } from '../files/file-reason.ts';
import { type AdjustableLog, type LogLevel, logLevels } from '../observe/log.ts';
import { classifyLabel, type PublicKey } from '../pkarr/public-key.ts';
import { SignedPacket } from '../pkarr/signed-packet.ts';
import type { LocalAsker } from '../serve/responder.ts';
import type { TimedFact } from '../way/fact.ts';
import type { QueryBatch } from '../way/query-event.ts';
import { type ControlPlaces, ownDirectory } from './directories.ts';
import { publicStatus } from './public-status.ts';
import {
  BusyError,
  type ControlAccess,
  type ControlCommands,
  type ControlHandler,
  type ControlServer,
  type ControlStream,
  openControlSocket,
  ownerAccess,
  publicAccess,
} from './server.ts';
import { ControlError, socketPath } from './socket.ts';

/** Names that are asked at one time through one socket. */
const MAX_QUERIES = 32;

/** Packets that one socket takes: each costs a check of its signature and a place in the store. */
const PACKETS = { perSecond: 1, burst: 20 };

/** Milliseconds for which one status is given to all who ask: to make it, workers and the DHT's thread are asked. */
const STATUS_LIFETIME = 100;

/** What the sockets give access to. */
export interface ControlParts {
  readonly app: App;
  readonly log: AdjustableLog;
  /** Reads the configuration again. @returns what came of it, as JSON can hold it. */
  readonly reload: () => Promise<unknown>;
}

/**
 * Opens the two sockets for commands: see `SocketName`. They lie in the runtime directory that a service manager gave, where
 * everybody may use the one for everybody, or else in the state directory, for this user alone. The program works without
 * them, so failing to open one is only a warning.
 */
export async function openControl(
  parts: ControlParts,
  places: Omit<ControlPlaces, 'isStateDirGiven'>,
): Promise<ControlServer> {
  const { log } = parts;
  const { directory, isPublic } = ownDirectory(places);
  const open = async (path: string, commands: ControlCommands, access: ControlAccess) => {
    const onError = (error: unknown) => {
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
      log.error('Error at a control socket.', { path, error: text });
    };
    try {
      await mkdir(directory, { recursive: true, mode: 0o700 });
      return await openControlSocket(path, commands, onError, access);
    } catch (error) {
      const reason = fileReason(error);
      log.warn('Cannot open a control socket; commands such as status, flush and reload cannot use it.', {
        path,
        reason,
      });
      return { close: async () => {} };
    }
  };
  const servers = [
    await open(
      socketPath(directory, 'status'),
      { handlers: statusHandlers(parts) },
      isPublic ? publicAccess : { ...publicAccess, mode: 0o600 },
    ),
    await open(
      socketPath(directory, 'control'),
      { handlers: controlHandlers(parts), streams: { follow: followQueries(parts.app) } },
      ownerAccess,
    ),
  ];
  return {
    close: async () => {
      await Promise.all(servers.map((server) => server.close()));
    },
  };
}

type Handlers = Readonly<Record<string, ControlHandler>>;

/** What everybody may do. */
function statusHandlers(parts: ControlParts): Handlers {
  const { app } = parts;
  let status: { readonly at: number; readonly value: Promise<unknown> } | undefined;
  return {
    status: () => {
      const now = performance.now();
      if (status === undefined || now - status.at > STATUS_LIFETIME)
        status = { at: now, value: app.status().then((found) => printable(publicStatus(found))) };
      return status.value;
    },
    ...boundedHandlers(app, 'everybody'),
  };
}

/** What each socket takes within bounds of its own, so that who uses up those of everybody does not shut the owner out. */
function boundedHandlers(app: App, asker: LocalAsker): Handlers {
  const packets = new TokenBucket(PACKETS, performance.now());
  let queries = 0;
  return {
    query: async ([request = '', option]) => {
      if (queries >= MAX_QUERIES) throw new BusyError('pkarrd is busy with other queries. Try again.');
      queries++;
      try {
        return await query(app, request, asker, option === 'explain');
      } finally {
        queries--;
      }
    },
    // As much as an answer to a question for the name tells.
    petname: async ([name = '']) => {
      const key = app.names.keyOf(name);
      return { ...(key !== undefined && { key }) };
    },
    learn: async ([packet = '']) => {
      if (!packets.take(performance.now())) throw new BusyError('Too many packets at once. Try again.');
      const verdict = SignedPacket.fromBytes(Buffer.from(packet, 'base64'));
      if (!verdict.ok) throw new ControlError(`This is not a signed packet: ${verdict.reason}.`);
      return { isNewer: await app.learn(verdict.packet) };
    },
  };
}

/** What the user that runs the program may do, and root. */
function controlHandlers(parts: ControlParts): Handlers {
  const { app, log, reload } = parts;
  return {
    status: async () => printable(await app.status()),
    ...boundedHandlers(app, 'owner'),
    flush: async ([name = '.']) => await app.flush(parseName(name)),
    'log-level': async ([level]) => {
      if (!isLevel(level)) throw new ControlError(`A log level is one of ${logLevels.join(', ')}.`);
      log.setLevel(level);
      return { level };
    },
    reload,
    history: async ([key = '']) =>
      app.history.of(parseKey(key)).map(
        ({ packet, firstSeen }): PastPacketText => ({
          packet: Buffer.from(packet.toBytes()).toString('base64'),
          firstSeen,
        }),
      ),
    watched: async ([key = '']) => app.history.watch(parseKey(key)),
    'name-list': async () => app.names.list(),
    'name-add': async ([name = '', key = '']) => {
      const before = await changeName(() => app.names.add(name, key));
      return { ...(before !== undefined && { before }) };
    },
    'name-remove': async ([name = '']) => ({ before: await changeName(() => app.names.remove(name)) }),
  };
}

/** A packet that a key had: in base64, and when it was first seen, in milliseconds since 1970. */
export interface PastPacketText {
  readonly packet: string;
  readonly firstSeen: number;
}

/** @throws ControlError for what cannot be done. */
async function changeName<T>(change: () => Promise<T>): Promise<T> {
  try {
    return await change();
  } catch (error) {
    if (!(error instanceof NameError)) throw error;
    throw new ControlError(error.message, { cause: error });
  }
}

/** Live queries, in batches. Nothing is kept: what a slow reader does not take is counted, and the next batch that it takes says so. */
function followQueries(app: App): ControlStream {
  return (push) => {
    let missed = 0;
    return app.followQueries(({ events, dropped }) => {
      const batch: QueryBatch = { events, dropped: dropped + missed };
      missed = push(batch) ? 0 : batch.dropped + events.length;
    });
  };
}

/** What came of a query: a DNS message in base64. */
export interface QueryResult {
  readonly reply: string;
  /** The cache had the answer, and it was fresh. */
  readonly isCached: boolean;
  /** How long it took. */
  readonly milliseconds: number;
  /** How the answer came about, for `explain`. */
  readonly way?: readonly TimedFact[];
}

async function query(app: App, request: string, asker: LocalAsker, isTraced: boolean): Promise<QueryResult> {
  const begun = performance.now();
  const bytes = Buffer.from(request, 'base64');
  requireQuery(bytes);
  const outcome = await app.ask(bytes, asker, { isTraced });
  switch (outcome) {
    case 'limited':
      throw new BusyError('Too many queries at once (client-rate). Try again.');
    case 'unavailable':
      throw new BusyError('No worker process answers at this moment. Try again.');
    default: {
      const reply = Buffer.from(outcome.reply).toString('base64');
      const { isCached, way } = outcome;
      const milliseconds = performance.now() - begun;
      const told = asker === 'everybody' ? way?.map(withoutPaths) : way;
      return { reply, isCached, milliseconds, ...(told && { way: told }) };
    }
  }
}

/** What is no query gets no reply from the responder. @throws ControlError */
function requireQuery(bytes: Uint8Array): void {
  try {
    if (!decodeMessage(bytes).flags.response) return;
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
  }
  throw new ControlError('This is not a DNS query.');
}

/** A status as JSON can hold it. */
function printable({ dht, ...status }: AppStatus) {
  return { ...status, ...(dht !== undefined && { dht: { ...dht, nodeId: toHex(dht.nodeId) } }) };
}

function parseKey(text: string): PublicKey {
  const verdict = classifyLabel(text);
  if (verdict.kind === 'key') return verdict.key;
  throw new ControlError(`${JSON.stringify(text)} is not a public key.`);
}

function parseName(text: string): Name {
  try {
    return Name.parse(text);
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    throw new ControlError(`${JSON.stringify(text)} is not a domain name: ${nameFault(error)}.`, {
      cause: error,
    });
  }
}

function isLevel(text: string | undefined): text is LogLevel {
  return logLevels.some((level) => level === text);
}

function toHex(octets: Uint8Array): string {
  return Buffer.from(octets).toString('hex');
}
