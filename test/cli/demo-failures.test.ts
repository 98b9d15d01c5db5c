import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type CommandOptions, pkarrd } from '../support/command.ts';
import { ownNetworkIsMissing } from '../support/own-network.ts';
import { onNode } from '../support/programs.ts';
import { asUnknownUser, cannotBeUnknownUser } from '../support/unknown-user.ts';

/** A directory that only its owner, another user than that of the test, can write. */
const closed = mkdtempSync(join(tmpdir(), 'pkarrd-closed-'));
chmodSync(closed, 0o755);
/** Where temporary files go; nothing of them is left. */
const temporary = mkdtempSync(join(tmpdir(), 'pkarrd-temporary-'));
chmodSync(temporary, 0o777);
const udp = createSocket('udp4');
const tcp = createServer();
let [udpPort, tcpPort] = [0, 0];

before(async () => {
  await once(udp.bind(0, '127.0.0.1'), 'listening');
  await once(tcp.listen(0, '127.0.0.1'), 'listening');
  udpPort = udp.address().port;
  tcpPort = (tcp.address() as { port: number }).port;
});
after(() => {
  udp.close();
  tcp.close();
  rmSync(closed, { recursive: true });
  rmSync(temporary, { recursive: true });
});

/** Somebody else, who may do little. */
const somebody = (environment: Readonly<Record<string, string>> = {}) => ({
  program: asUnknownUser(onNode.words),
  environment,
});

/** A network of its own, in which nothing is turned on, not even loopback. */
const offline = { program: ['unshare', '--net', ...onNode.words] };

const anyPort = ['--once', '--listen', '127.0.0.1:0'];

/** What is done, and what is said of it; `{port}` stands for the port that is taken, and the exit code is 1 but for usage. */
const table: readonly (readonly [
  what: string,
  words: () => readonly string[],
  said: RegExp,
  options?: CommandOptions & { readonly skip?: string | false },
])[] = [
  // The demo.
  [
    'its UDP port is taken',
    () => ['demo', '--listen', `127.0.0.1:${udpPort}`],
    /^127\.0\.0\.1:\d+ \(udp\) is in use by .+ with --listen/,
  ],
  [
    'its TCP port is taken',
    () => ['demo', '--listen', `127.0.0.1:${tcpPort}`],
    /^127\.0\.0\.1:\d+ \(tcp\) is in use by .+ with --listen/,
  ],
  [
    'its port is for root',
    () => ['demo', '--listen', '127.0.0.1:53'],
    /^Permission denied to listen on 127\.0\.0\.1:53 \(udp\)\. Use a port from 1024 up with --listen/,
    { ...somebody(), skip: cannotBeUnknownUser },
  ],
  [
    'its address is not to be had',
    () => ['demo', '--listen', '192.0.2.1:5400'],
    /^Cannot listen on 192\.0\.2\.1:5400: this machine does not have the address\. Use one that it has with --listen\.$/,
  ],
  [
    'its address is one of no interface',
    () => ['demo', '--listen', 'fe80::1%nope'],
    /^Cannot listen on \[fe80::1%nope\]:5300: this machine does not have/,
  ],
  [
    'its address is a name',
    () => ['demo', '--listen', 'localhost'],
    /^--listen: "localhost" is not valid; expected an IP address/,
  ],
  [
    'its port is too large',
    () => ['demo', '--listen', '127.0.0.1:70000'],
    /^--listen: "127\.0\.0\.1:70000" is not valid; expected/,
  ],
  ['it has an argument', () => ['demo', 'now'], /^demo: unexpected argument "now"; demo takes only flags\.$/],
  ['it has another flag', () => ['demo', '--nodes', '5'], /^demo: unknown flag --nodes\./],
  [
    'there is no directory for temporary files',
    () => ['demo', ...anyPort],
    /^Cannot create a directory in \/nonexistent: there is no such directory\. Set TMPDIR to a directory that can be written\.$/,
    { environment: { TMPDIR: '/nonexistent' } },
  ],
  [
    'the place of temporary files is a file',
    () => ['demo', ...anyPort],
    /^Cannot create a directory in \/etc\/passwd: it is not a directory\. Set TMPDIR/,
    { environment: { TMPDIR: '/etc/passwd' } },
  ],
  [
    'the directory for temporary files cannot be written',
    () => ['demo', ...anyPort],
    /^Cannot create a directory in \S+: permission denied\. Set TMPDIR/,
    { ...somebody({ TMPDIR: closed }), skip: cannotBeUnknownUser },
  ],
  [
    'it may open few files',
    () => ['demo', ...anyPort],
    /^No file descriptor is left: raise the limit of open files.*: ulimit -n 4096$/,
    // Bun needs no more.
    { descriptors: 60, skip: 'bun' in process.versions && 'that is enough on Bun' },
  ],
  [
    'it may open very few files',
    () => ['demo', ...anyPort],
    /^No file descriptor is left.*: raise the limit of open files.*: ulimit -n 4096$/,
    { descriptors: 40 },
  ],
  [
    'loopback is down for it',
    () => ['demo', ...anyPort],
    /^The loopback interface is down, .*ip link set lo up$/,
    { ...offline, skip: ownNetworkIsMissing() },
  ],
  // The test network.
  [
    'its port is taken',
    () => ['testnet', '--port', String(udpPort)],
    /^127\.0\.0\.1:\d+ \(udp\) is in use by .+\. Choose another port with --port, or leave it out for any free one\.$/,
  ],
  [
    'its port is for root',
    () => ['testnet', '--port', '53'],
    /^Permission denied to listen on 127\.0\.0\.1:53 \(udp\)\. Use a port from 1024 up with --port\.$/,
    { ...somebody(), skip: cannotBeUnknownUser },
  ],
  [
    'its port is too large',
    () => ['testnet', '--port', '70000'],
    /^--port: "70000" is not valid; expected a whole number from 0 to 65535\.$/,
  ],
  [
    'it has too many nodes',
    () => ['testnet', '--nodes', '1001'],
    /^--nodes: "1001" is not valid; expected a whole number from 1 to 1000\.$/,
  ],
  [
    'it has fewer than none',
    () => ['testnet', '--nodes', '-3'],
    /^--nodes: "-3" is not valid; expected a whole number from 1 to 1000\.$/,
  ],
  ['it has nodes without a number', () => ['testnet', '--nodes', '--loss', '0'], /^--nodes needs a value\.$/],
  [
    'its delay has a unit',
    () => ['testnet', '--delay', '5s'],
    /^--delay: "5s" is not valid; expected a whole number from 0 to 10000\.$/,
  ],
  [
    'it loses more than all',
    () => ['testnet', '--loss', '50%'],
    /^--loss: "50%" is not valid; expected a number from 0 to 1\.$/,
  ],
  [
    'all of it is silent',
    () => ['testnet', '--silent', '1'],
    /^--silent: "1" is not valid; expected a number from 0 to 0\.99\.$/,
  ],
  [
    'it has an argument',
    () => ['testnet', '5'],
    /^testnet: unexpected argument "5"; testnet takes only flags\.$/,
  ],
  [
    'it may open fewer files than it has nodes',
    () => ['testnet', '--nodes', '100'],
    /^There are too few file descriptors for 100 nodes: each takes one\. Start fewer with --nodes, or raise the limit of open files \(60\), for example with: ulimit -n 4096$/,
    { descriptors: 60 },
  ],
  [
    'loopback is down for it',
    () => ['testnet', '--nodes', '3'],
    /^The loopback interface is down, .*ip link set lo up$/,
    { ...offline, skip: ownNetworkIsMissing() },
  ],
];

describe('an expected failure is one sentence that says what to do', () => {
  for (const [what, words, said, { skip = false, ...options } = {}] of table) {
    const [command = ''] = words();
    test(`${command}: ${what}`, { skip }, async () => {
      const environment = { TMPDIR: temporary, ...options.environment };
      const { code, out, err } = await pkarrd(words(), { ...options, environment });
      assert.deepEqual(readdirSync(temporary), []);
      const lines = err.split('\n').filter((line) => !/^(?:Starting a DHT|Publishing) .*…$|^$/.test(line));
      const [first = '', ...others] = lines;
      assert.match(first, /^pkarrd: /, err);
      assert.match(first.slice('pkarrd: '.length), said);
      // Of usage, where to read on.
      const isUsage = others.length > 0;
      assert.deepEqual(others, isUsage ? [`See "pkarrd ${command} --help".`] : []);
      assert.deepEqual([code, out], [isUsage ? 2 : 1, '']);
    });
  }
});
