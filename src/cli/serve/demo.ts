import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startApp } from '../../app/app.ts';
import { publishNetwork } from '../../app/packet-sources.ts';
import type { App } from '../../app/status.ts';
import { type ListenAddress, listenAddressToText, parseListenAddress } from '../../config/listen-address.ts';
import { defaultSettings } from '../../config/settings.ts';
import { Class, rcodeToText, typeFromText } from '../../dns/codes.ts';
import { Name } from '../../dns/name.ts';
import { rdataToText } from '../../dns/presentation.ts';
import type { NodeAddress } from '../../mainline/dht-node.ts';
import { startMainlineThread } from '../../mainline/thread/proxy.ts';
import { createLog, type Log } from '../../observe/log.ts';
import { KeyPair } from '../../pkarr/key-pair.ts';
import { encodePacketMessage } from '../../pkarr/packet-message.ts';
import { parseZoneFile } from '../../pkarr/zone/file/zone-file.ts';
import { noMemory, publishZone } from '../../publish/publish.ts';
import { ListenError } from '../../serve/listen-error.ts';
import { startTestNetworkThread } from '../../testnet/proxy.ts';
import {
  type Command,
  CommandError,
  Exit,
  jsonFlag,
  type Terminal,
  UsageError,
  writeJson,
} from '../command.ts';
import { untilStopped } from '../stop-signal.ts';
import { queryServer } from './demo-client.ts';
import { type StandInUpstream, startStandInUpstream } from './demo-upstream.ts';
import { firstZone, ORDINARY_NAME, secondZone } from './demo-zones.ts';
import { listenProblem } from './listen-problem.ts';

/** The default listen address of the demo: a port that needs no privileges. */
const LISTEN: ListenAddress = { host: '127.0.0.1', port: 5300 };

/** Nodes of the test DHT: more than the 20 that store a packet. */
const NODES = 30;

/** Demonstrates the whole program on one machine. */
export const demo: Command = {
  name: 'demo',
  description: [
    `Starts a test DHT of ${NODES} nodes on loopback, generates two keys, publishes a zone with many kinds of records ` +
      'under each, and starts the resolver. It then queries some names, prints the answers with the dig commands to ' +
      'repeat them, and runs until it is interrupted.',
    `Nothing leaves this machine: queries for ordinary names go to a local stand-in that knows only ${ORDINARY_NAME}`,
  ],
  operands: [],
  flags: [
    {
      name: 'listen',
      value: 'ADDRESS:PORT',
      help: `Address to answer DNS on (default: ${listenAddressToText(LISTEN)})`,
    },
    { name: 'once', help: 'Exit after the answers, with code 0 if all are as expected, otherwise 1' },
    jsonFlag,
  ],
  settings: [],
  async run(invocation, terminal) {
    const text = invocation.value('listen');
    const listen = text === undefined ? LISTEN : parseListenAddress(text, LISTEN.port);
    if (listen === undefined) {
      throw new UsageError(
        `--listen: ${JSON.stringify(text)} is not valid; expected an IP address with or without a port, such as 127.0.0.1:5400.`,
      );
    }
    const stopped = untilStopped();
    const stage = await setUp(listen, terminal);
    try {
      const results = await askAll(stage);
      const good = results.every(({ isExpected }) => isExpected);
      if (invocation.has('json')) writeJson(terminal, toJson(stage, results));
      else terminal.out(toText(stage, results));
      if (invocation.has('once')) return good ? Exit.OK : Exit.FAILED;
      terminal.err('Running. Press Ctrl-C to stop.\n');
      await stopped;
      return Exit.OK;
    } finally {
      await stage.close();
    }
  },
};

/** Everything that the demo starts. */
interface Stage {
  readonly first: KeyPair;
  readonly second: KeyPair;
  readonly address: ListenAddress;
  readonly bootstrap: NodeAddress | undefined;
  close(): Promise<void>;
}

async function setUp(listen: ListenAddress, terminal: Terminal): Promise<Stage> {
  const log = createLog({ level: 'warn', write: terminal.err, now: terminal.now, journal: false });
  const [first, second] = [KeyPair.generate(), KeyPair.generate()];
  // Closed in reverse order of starting.
  const running: { close(): Promise<void> }[] = [];
  const close = async () => {
    for (const part of running.splice(0).reverse()) await part.close();
  };
  try {
    const stateDir = await mkdtemp(join(tmpdir(), 'pkarrd-demo-'));
    running.push({ close: () => rm(stateDir, { recursive: true }) });
    const upstream = await startStandInUpstream((error) =>
      log.error('Internal error in the stand-in upstream.', { error: String(error) }),
    );
    running.push(upstream);
    terminal.err(`Starting a DHT of ${NODES} nodes …\n`);
    const network = await startTestNetworkThread({ nodes: NODES });
    running.push(network);
    const app = await startResolver({
      listen,
      upstream,
      bootstrap: network.bootstrap,
      stateDir,
      log,
      terminal,
    });
    running.push(app);
    terminal.err('Publishing two zones …\n');
    await publishZones({ first, second, bootstrap: network.bootstrap, terminal });
    return { first, second, address: app.addresses[0] ?? listen, bootstrap: network.bootstrap[0], close };
  } catch (error) {
    await close();
    if (error instanceof ListenError) throw new CommandError(listenProblem(error), { cause: error });
    throw error;
  }
}

async function startResolver(parts: {
  readonly listen: ListenAddress;
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
    },
    parts.log,
  );
}

/** Publishes with a DHT node of its own, as another user would. */
async function publishZones(parts: {
  readonly first: KeyPair;
  readonly second: KeyPair;
  readonly bootstrap: readonly NodeAddress[];
  readonly terminal: Terminal;
}): Promise<void> {
  const { first, second, bootstrap, terminal } = parts;
  const node = await startMainlineThread({ bootstrap, host: '127.0.0.1' });
  const put = async (keyPair: KeyPair, zone: string) => {
    const { records } = parseZoneFile(zone, { origin: keyPair.publicKey.name });
    const now = BigInt(terminal.now()) * 1000n;
    await publishZone({
      keyPair,
      zone: { message: encodePacketMessage(records), fingerprint: '', changedAt: now, isIncomplete: false },
      network: publishNetwork(Promise.resolve(node), []),
      memory: noMemory,
      mode: 'new',
      now,
      signal: AbortSignal.timeout(30_000),
    });
  };
  try {
    await Promise.all([put(first, firstZone(second.publicKey)), put(second, secondZone())]);
  } finally {
    await node.close();
  }
}

/** A query and the expected result. */
interface Example {
  readonly what: string;
  readonly name: string;
  readonly type: string;
  readonly expect: 'records' | 'NODATA' | 'NXDOMAIN';
}

function examples({ first, second }: Stage): readonly Example[] {
  const key = first.publicKey.text;
  const other = second.publicKey.text;
  const records = (what: string, name: string, type: string): Example => ({
    what,
    name,
    type,
    expect: 'records',
  });
  return [
    records('an address', `www.${key}`, 'A'),
    records('the same for IPv6', `www.${key}`, 'AAAA'),
    records('text', key, 'TXT'),
    records('text of 400 bytes', `long.${other}`, 'TXT'),
    records('the mail server', key, 'MX'),
    records('a service', `_sip._udp.${key}`, 'SRV'),
    records('how to connect (HTTPS record)', key, 'HTTPS'),
    records('an HTTPS alias', `svc.${key}`, 'HTTPS'),
    records('who may issue certificates', key, 'CAA'),
    records('a host key', `mail.${key}`, 'SSHFP'),
    records('an alias in the zone', `blog.${key}`, 'A'),
    records('an alias to another key', `friend.${key}`, 'A'),
    records('an alias to an ordinary name', `shop.${key}`, 'A'),
    records('a whole subtree renamed', `page.old.${key}`, 'A'),
    records('a wildcard', `anything.user.${key}`, 'A'),
    records('a type without a mnemonic', `data.${key}`, 'TYPE65400'),
    records('over 512 bytes, so over TCP', `many.${other}`, 'A'),
    records('the key in upper case', `WWW.${key.toUpperCase()}`, 'A'),
    { what: 'a name without this type', name: `www.${key}`, type: 'MX', expect: 'NODATA' },
    { what: 'a name that only has names below it', name: `empty.${key}`, type: 'A', expect: 'NODATA' },
    { what: 'a name that does not exist', name: `nothing.${key}`, type: 'A', expect: 'NXDOMAIN' },
    { what: '52 characters that are not a key', name: 'y'.repeat(52), type: 'A', expect: 'NXDOMAIN' },
    records('an ordinary name', ORDINARY_NAME.slice(0, -1), 'A'),
  ];
}

/** An example and its actual result. */
interface Result extends Example {
  readonly answers: readonly string[];
  readonly rcode: string;
  readonly transport: 'udp' | 'tcp';
  readonly milliseconds: number;
  readonly isExpected: boolean;
}

async function askAll(stage: Stage): Promise<readonly Result[]> {
  const results: Result[] = [];
  for (const example of examples(stage)) {
    const startedAt = performance.now();
    const type = typeFromText(example.type) ?? 0;
    const { message, transport } = await queryServer(stage.address, {
      name: Name.parse(example.name),
      type,
      class: Class.IN,
    });
    const rcode = rcodeToText(message.rcode);
    const found = message.answers.some((record) => record.type === type);
    const result = rcode !== 'NOERROR' ? rcode : found ? 'records' : 'NODATA';
    results.push({
      ...example,
      answers: message.answers.map((record) => rdataToText(record.type, record.rdata)),
      rcode,
      transport,
      milliseconds: Math.round((performance.now() - startedAt) * 10) / 10,
      isExpected: result === example.expect,
    });
  }
  return results;
}

function digLine({ address: { host, port } }: Stage, { name, type }: Example): string {
  return `dig @${host} -p ${port} ${name} ${type}`;
}

function toJson(stage: Stage, results: readonly Result[]) {
  const { first, second, address, bootstrap } = stage;
  return {
    listen: listenAddressToText(address),
    bootstrap: bootstrap === undefined ? null : `${bootstrap.host}:${bootstrap.port}`,
    keys: [first.publicKey.text, second.publicKey.text],
    results: results.map((result) => ({ ...result, dig: digLine(stage, result) })),
  };
}

function toText(stage: Stage, results: readonly Result[]): string {
  const { first, second, address, bootstrap } = stage;
  const short = (text: string) =>
    text.length > 80 ? `${text.slice(0, 80)}… (${text.length} characters)` : text;
  const shown = ({ answers, expect, rcode }: Result) => {
    if (answers.length === 0) return [expect === 'NODATA' && rcode === 'NOERROR' ? 'NODATA' : rcode];
    return answers.length > 4 ? [`${answers.length} records`] : answers.map(short);
  };
  const node = bootstrap === undefined ? '' : `${bootstrap.host}:${bootstrap.port}`;
  return [
    `The resolver answers on ${listenAddressToText(address)}, UDP and TCP.`,
    `A node of the test DHT is ${node}; try: pkarrd resolve ${first.publicKey} --bootstrap ${node}`,
    `Queries for ordinary names go to a local stand-in that knows only ${ORDINARY_NAME}`,
    '',
    `First key   ${first.publicKey}`,
    `Second key  ${second.publicKey}`,
    '',
    ...results.flatMap((result) => [
      `${result.what}${result.isExpected ? '' : ` (UNEXPECTED: ${result.rcode})`}`,
      `  $ ${digLine(stage, result)}`,
      ...shown(result).map((line) => `  ${line}`),
      `  (${result.milliseconds} ms, ${result.transport === 'tcp' ? 'over TCP, because the answer over UDP was truncated' : 'over UDP'})`,
      '',
    ]),
  ].join('\n');
}
