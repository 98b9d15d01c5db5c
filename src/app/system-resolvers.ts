import { mkdir } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { elapsedClock } from '../async/elapsed-clock.ts';
import type { Settings } from '../config/settings.ts';
import { fileReason } from '../files/file-reason.ts';
import { FileError, readUserFile } from '../files/read-file.ts';
import { replaceFile } from '../files/write-file.ts';
import { canonicalAddress } from '../ip/address.ts';
import type { Log } from '../observe/log.ts';
import { machineAddresses, machineInterfaceNames } from '../system/interfaces.ts';
import { type LinkSources, linksWithDomains, machineLinks } from '../system/links/link-resolvers.ts';
import type { LinkState } from '../system/links/link-state.ts';
import { type Endpoint, whyOurs } from '../system/own-addresses.ts';
import { RESOLVERS_BEFORE_US, ResolverFiles } from '../system/resolver-files.ts';
import { findSystemUpstreams, type SystemUpstreams } from '../system/system-upstreams.ts';
import type { NetworkResolvers } from '../workers/messages.ts';
import { ownEndpoints } from './own-endpoints.ts';

/** The file of the state directory that keeps the resolvers that the network gave last. */
const RESOLVER_FILE = 'resolvers';
/** Its first line. The number is the version of the format. */
const FIRST_LINE = 'pkarrd resolvers 1';
/** Octets of it that are read: more than any network gives. */
const MAX_LENGTH = 4_096;

const DNS_PORT = 53;

/** Milliseconds for which what links say is good enough. */
const LINKS_GOOD_FOR = 200;

/** The resolvers to ask, and how they were found. */
export interface FoundResolvers extends SystemUpstreams {
  /**
   * The system names only ourselves, so these are the resolvers that the network gave last, or those from before `integrate`
   * when the state directory was lost.
   */
  readonly isKept: boolean;
}

/** Where the resolvers of the system come from: from its files, or in a worker from the primary. */
export interface ResolverSource {
  /** The resolvers as they are now, ourselves left out. Never rejects. */
  current(): Promise<NetworkResolvers>;
}

/**
 * The domains that programs of this machine put behind a name. resolv.conf(5): without `search` and `domain` "the domain
 * name is determined from the local hostname ...; the domain part is taken to be everything after the first '.'".
 */
export function systemSearchDomains({ search }: NetworkResolvers): readonly string[] {
  const host = hostname();
  return host.includes('.') ? [...search, host.slice(host.indexOf('.') + 1)] : search;
}

/**
 * The resolvers that the network gives. When the files of the system come to name only ourselves, as they do when we are the
 * resolver of this machine, those that the network gave last are kept: in memory, and over a restart in the state
 * directory. When that was lost too, those are asked that the system named before `integrate`.
 */
export class SystemResolvers implements ResolverSource {
  #settings: Pick<Settings, 'listen' | 'stateDir' | 'linkRoutes'>;
  #log: Log;
  readonly #files: ResolverFiles;
  #mayWrite: boolean;
  readonly #before: ResolverFiles;
  readonly #links: LinkSources;
  #asking: { readonly at: number; readonly links: Promise<readonly LinkState[]> } | undefined;
  /** Undefined before the file was read. */
  #kept: readonly Endpoint[] | undefined;
  #written: Promise<void> = Promise.resolve();
  #told = '';

  /** @param options `mayWrite`: the running program keeps the resolvers; a command only reads. */
  constructor(
    settings: Pick<Settings, 'listen' | 'stateDir' | 'linkRoutes'>,
    {
      log,
      mayWrite,
      files = new ResolverFiles(),
      before = RESOLVERS_BEFORE_US,
      links = machineLinks(),
    }: {
      readonly log: Log;
      readonly mayWrite: boolean;
      readonly files?: ResolverFiles;
      readonly before?: string;
      readonly links?: LinkSources;
    },
  ) {
    this.#settings = settings;
    this.#log = log;
    this.#files = files;
    this.#mayWrite = mayWrite;
    this.#before = new ResolverFiles([{ path: before, format: 'resolv-conf', isDirectory: false }]);
    this.#links = links;
  }

  /** Uses other settings from now on. The options are those of the constructor. */
  reload(
    settings: Pick<Settings, 'listen' | 'stateDir' | 'linkRoutes'>,
    { log, mayWrite }: { readonly log: Log; readonly mayWrite: boolean },
  ): void {
    this.#settings = settings;
    this.#log = log;
    this.#mayWrite = mayWrite;
  }

  /** See `ResolverSource`. What changed since the last call is logged. */
  async current(): Promise<NetworkResolvers> {
    const [found, links] = await Promise.all([this.find(), this.#findLinks()]);
    this.#tell(found);
    const { servers, search } = found;
    return { servers, search: [...new Set([...search, ...links.flatMap((link) => link.search)])], links };
  }

  /** The same with how they were found, and no line of the log. Never rejects. */
  async find(): Promise<FoundResolvers> {
    const listening = ownEndpoints(this.#settings);
    const machine = machineAddresses();
    const interfaces = machineInterfaceNames();
    const options = { listening, machine, interfaces };
    const found = findSystemUpstreams(await this.#files.read(), options);
    if (found.servers.length > 0) {
      this.#keep(found.servers);
      return { ...found, isKept: false };
    }
    if (!found.reports.some(({ isOnlyOurs }) => isOnlyOurs)) return { ...found, isKept: false };
    this.#kept ??= await this.#read();
    const last = this.#kept.filter((server) => whyOurs(server, listening, machine) === undefined);
    const servers = last.length > 0 ? last : findSystemUpstreams(await this.#before.read(), options).servers;
    return { ...found, servers, isKept: servers.length > 0 };
  }

  /** Links whose domains their own resolvers answer, ourselves left out of these. Several workers ask at once. */
  async #findLinks(): Promise<readonly LinkState[]> {
    if (!this.#settings.linkRoutes) return [];
    const now = elapsedClock.now();
    if (this.#asking === undefined || now - this.#asking.at > LINKS_GOOD_FOR)
      this.#asking = { at: now, links: linksWithDomains(this.#links) };
    const listening = ownEndpoints(this.#settings);
    const machine = machineAddresses();
    return (await this.#asking.links).flatMap((link) => {
      const servers = link.servers.filter((server) => whyOurs(server, listening, machine) === undefined);
      return servers.length === 0 ? [] : [{ ...link, servers }];
    });
  }

  /** Resolves when what is to be kept is on the disk. */
  async written(): Promise<void> {
    await this.#written;
  }

  #keep(servers: readonly Endpoint[]): void {
    const isSame = this.#kept !== undefined && textOf(this.#kept) === textOf(servers);
    this.#kept = servers;
    // Nobody waits for the disk, which may be slow, full or gone.
    if (!isSame && this.#mayWrite) this.#written = this.#written.then(() => this.#write(servers));
  }

  /** Never rejects. */
  async #write(servers: readonly Endpoint[]): Promise<void> {
    const { stateDir } = this.#settings;
    const path = join(stateDir, RESOLVER_FILE);
    if (textOf(await this.#read()) === textOf(servers)) return;
    try {
      await mkdir(stateDir, { recursive: true, mode: 0o700 });
      await replaceFile(path, Buffer.from(`${FIRST_LINE}\n${textOf(servers)}`, 'latin1'));
    } catch (error) {
      this.#log.warn('Cannot write the resolvers of the network. They are not known after a restart.', {
        path,
        reason: fileReason(error),
      });
    }
  }

  /** Never rejects. */
  async #read(): Promise<readonly Endpoint[]> {
    const path = join(this.#settings.stateDir, RESOLVER_FILE);
    try {
      const { bytes } = await readUserFile(path, { maxBytes: MAX_LENGTH });
      return parseKept(bytes.toString('latin1'));
    } catch (error) {
      const isAbsent = error instanceof FileError && error.kind === 'absent';
      if (!isAbsent)
        this.#log.warn('Cannot read the resolvers of the last run.', { path, reason: fileReason(error) });
      return [];
    }
  }

  #tell({ servers, path, reports, isKept }: FoundResolvers): void {
    const upstreams = servers.map(({ address }) => address).join(',');
    const looked = reports.map((report) => `${report.path} ${report.problem}`).join('; ');
    const text = [upstreams, path ?? looked].join(' ');
    if (text === this.#told) return;
    this.#told = text;
    if (path !== undefined) {
      this.#log.info('Using the resolvers of the system for ordinary names.', { upstreams, from: path });
    } else if (isKept) {
      this.#log.warn(
        'The system names only pkarrd itself as a resolver. Using the resolvers that the network gave last.',
        { upstreams, looked },
      );
    } else {
      const isOurs = reports.some(({ isOnlyOurs }) => isOnlyOurs);
      this.#log.warn(
        isOurs
          ? 'The system names only pkarrd itself as a resolver, so ordinary names cannot be resolved. Set "upstream".'
          : 'The system names no resolver, so ordinary names cannot be resolved. Set "upstream", or connect to a network.',
        { looked },
      );
    }
  }
}

function textOf(servers: readonly Endpoint[]): string {
  return servers.map(({ address }) => `${address}\n`).join('');
}

/** @throws Error for a text that is not of our form. */
function parseKept(text: string): readonly Endpoint[] {
  const [first, ...lines] = text.split('\n');
  if (first !== FIRST_LINE || lines.pop() !== '') throw new Error('it is not a file of pkarrd');
  return lines.map((line) => {
    if (canonicalAddress(line) !== line) throw new Error('a line is not an address');
    return { address: line, port: DNS_PORT };
  });
}
