import { createHash } from 'node:crypto';
import { dirname } from 'node:path';
import { throwLater } from '../../async/throw-later.ts';
import { fileReason } from '../../files/file-reason.ts';
import { replaceFile } from '../../files/write-file.ts';
import { isNodeAddress } from '../../mainline/addresses.ts';
import type { NodeAddress } from '../../mainline/dht-node.ts';
import type { Log } from '../../observe/log.ts';
import { nodeDisk } from '../../store/disk.ts';

/** Addresses that a file may hold, as many as a node gives. */
const MAX_NODES = 200;
/** Octets of the longest line, `255.255.255.255:65535` and a line feed. */
const MAX_LINE = 22;
/** The first line. The number is the version of the format. */
const FIRST_LINE = 'pkarrd nodes 1';
/** Octets that are read; a file of more is none of ours. */
const MAX_LENGTH = FIRST_LINE.length + 1 + MAX_NODES * MAX_LINE;
/** Milliseconds between two writes. BEP 5 calls a node good for 15 minutes after it answered. */
const WRITE_EVERY = 15 * 60_000;
/** Milliseconds to the first write, when a node that joins the network knows some: a kill or a power cut may come early. */
const WRITE_FIRST = 10_000;

/**
 * The name of the file for the network that these hosts lead to, whatever their order: nodes of one network are of no use
 * in another, and what is put there would be lost.
 */
export function nodeFileName(bootstrap: readonly NodeAddress[]): string {
  const hosts = bootstrap.map(({ host, port }) => `${host.toLowerCase()}:${port}`).sort();
  return `nodes-${createHash('sha256').update(hosts.join()).digest('hex').slice(0, 16)}`;
}

/**
 * The addresses of nodes that an earlier run left in a file, one `ADDRESS:PORT` a line, at most 200. Empty when there
 * is no file, and with a warning when there is anything else in it. Never rejects.
 */
export async function readNodeFile(path: string, log: Log): Promise<readonly NodeAddress[]> {
  try {
    const file = await nodeDisk.open(path, 'read');
    if (file === 'absent') return [];
    if (file === 'no-file') throw new Error('it is not a file');
    let bytes: Buffer;
    try {
      bytes = await file.read(0, MAX_LENGTH + 1);
    } finally {
      await file.close();
    }
    return parseNodes(bytes);
  } catch (error) {
    log.warn('The nodes of the DHT from the last run cannot be read.', { path, reason: fileReason(error) });
    return [];
  }
}

/** Writes at most 200 addresses, whole or not at all, and makes the directory if there is none. Rejects with the system's error. */
export async function writeNodeFile(path: string, nodes: readonly NodeAddress[]): Promise<void> {
  const lines = nodes
    .filter(isNodeAddress)
    .slice(0, MAX_NODES)
    .map(({ host, port }) => `${host}:${port}`);
  await nodeDisk.makeDirectory(dirname(path));
  await replaceFile(path, Buffer.from(`${[FIRST_LINE, ...lines].join('\n')}\n`, 'latin1'));
}

/** Writes what a node knows now and then, until it is closed. */
export interface NodeFileKeeper {
  /** Writes a last time. To be called while the node still runs. Never rejects. */
  close(): Promise<void>;
}

/**
 * Keeps the file up to date: soon after the start, every 15 minutes, and at the end. A node that knows nobody, because
 * there is no network, leaves the file as it was, and is asked again soon.
 *
 * @param options `knownNodes`: what is to be written; a rejection is the same as none.
 */
export function keepNodeFile(options: {
  readonly path: string;
  readonly knownNodes: () => Promise<readonly NodeAddress[]>;
  readonly log: Log;
  /** Milliseconds between two writes. Default 15 minutes. */
  readonly every?: number;
  /** Milliseconds to the first one. Default 10 seconds. */
  readonly first?: number;
}): NodeFileKeeper {
  const { path, knownNodes, log, every = WRITE_EVERY, first = WRITE_FIRST } = options;
  let working = Promise.resolve();
  let isWarned = false;
  let hasWritten = false;
  const write = async () => {
    try {
      const nodes = await knownNodes();
      if (nodes.length > 0) {
        await writeNodeFile(path, nodes);
        hasWritten = true;
      }
      isWarned = false;
    } catch (error) {
      if (!isWarned) log.warn('The nodes of the DHT cannot be kept.', { path, reason: fileReason(error) });
      isWarned = true;
    }
  };
  const next = () => {
    working = working.then(write);
    return working;
  };
  let timer: NodeJS.Timeout | undefined;
  let isClosed = false;
  const schedule = () => {
    if (isClosed) return;
    timer = setTimeout(() => next().then(schedule, throwLater), hasWritten ? every : first).unref();
  };
  schedule();
  return {
    async close() {
      isClosed = true;
      clearTimeout(timer);
      await next();
    },
  };
}

function parseNodes(bytes: Buffer): readonly NodeAddress[] {
  if (bytes.length > MAX_LENGTH) throw new Error('it is too long');
  const [first, ...lines] = bytes.toString('latin1').split('\n');
  if (first !== FIRST_LINE || lines.pop() !== '') throw new Error('it is none of ours');
  return lines.map((line) => {
    const [, host = '', port = ''] = /^([0-9.]{7,15}):([0-9]{1,5})$/.exec(line) ?? [];
    const address = { host, port: Number(port) };
    if (!isNodeAddress(address)) throw new Error('a line is not the address of a node');
    return address;
  });
}
