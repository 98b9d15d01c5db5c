import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { ConfigError, type ConfigProblem } from '../../src/config/config-error.ts';
import { type ConfigSources, loadSettings } from '../../src/config/load-settings.ts';
import { defaultSettings, settingKeys, settings, variableOf } from '../../src/config/settings.ts';
import { fc } from '../support/property.ts';

const directory = mkdtempSync(join(tmpdir(), 'pkarrd-config-'));
after(() => rmSync(directory, { recursive: true }));
const file = join(directory, 'pkarrd.toml');
writeFileSync(file, '');

interface Given {
  readonly toml?: string;
  readonly environment?: Record<string, string>;
  readonly flags?: ConfigSources['flags'];
}

async function load({ toml = '', environment = {}, flags = {} }: Given) {
  writeFileSync(file, toml);
  return await loadSettings({ file, machine: { environment, isRoot: false, home: '/home/somebody' }, flags });
}

async function problemsOf(given: Given): Promise<readonly ConfigProblem[]> {
  try {
    await load(given);
    return [];
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    return error.problems;
  }
}

test('without any configuration there are the defaults', async () => {
  const { settings: loaded, origins } = await load({});
  assert.deepEqual(loaded, defaultSettings({ environment: {}, isRoot: false, home: '/home/somebody' }));
  assert.equal(loaded.listen, 'default');
  assert.equal(loaded.upstream, 'system');
  assert.equal(loaded.stateDir, '/home/somebody/.local/state/pkarrd');
  assert.ok(Object.values(origins).every((origin) => origin === 'default'));
});

test('the environment overrules the file, and flags overrule both', async () => {
  const toml = 'cache-size = "1 MB"\nnegative-ttl = 10\nlog-level = "warn"';
  const environment = { PKARRD_NEGATIVE_TTL: '20', PKARRD_LOG_LEVEL: 'error' };
  const { settings: loaded, origins } = await load({ toml, environment, flags: { logLevel: ['debug'] } });
  assert.deepEqual([loaded.cacheSize, loaded.negativeTtl, loaded.logLevel], [1_000_000, 20, 'debug']);
  assert.deepEqual(
    [origins.cacheSize, origins.negativeTtl, origins.logLevel],
    [`${file}:1`, 'PKARRD_NEGATIVE_TTL', '--log-level'],
  );
});

test('a repeated flag replaces the list of the file', async () => {
  const toml = 'listen = ["127.0.0.1:1", "127.0.0.1:2", "127.0.0.1:3"]';
  assert.equal((await load({ toml })).settings.listen.length, 3);
  const { settings: loaded } = await load({ toml, flags: { listen: ['[::1]:4', '127.0.0.2'] } });
  assert.deepEqual(loaded.listen, [
    { host: '::1', port: 4 },
    { host: '127.0.0.2', port: 53 },
  ]);
});

test('a variable holds several values with commas or white space between, and an empty one counts as absent', async () => {
  const environment = { PKARRD_BOOTSTRAP: ' 127.0.0.1:1,127.0.0.1:2 a.example:3', PKARRD_UPSTREAM: ' ' };
  const { settings: loaded } = await load({ environment });
  assert.deepEqual(
    loaded.bootstrap.map(({ port }) => port),
    [1, 2, 3],
  );
  assert.equal(loaded.upstream, 'system');
});

test('the words that stand for a default overrule a list', async () => {
  const toml = 'listen = ["127.0.0.1:1"]\nupstream = "9.9.9.9"';
  const { settings: loaded } = await load({ toml, flags: { listen: ['default'], upstream: ['system'] } });
  assert.equal(loaded.listen, 'default');
  assert.equal(loaded.upstream, 'system');
});

test('an empty list in the file, and none anywhere, is a list without elements', async () => {
  assert.deepEqual((await load({ toml: 'bootstrap = []' })).settings.bootstrap, []);
  const toml = 'bootstrap = ["127.0.0.1:1"]';
  assert.deepEqual((await load({ toml, flags: { bootstrap: ['none'] } })).settings.bootstrap, []);
  assert.deepEqual((await load({ toml, environment: { PKARRD_BOOTSTRAP: 'none' } })).settings.bootstrap, []);
});

test('of a flag that holds one value the last one counts', async () => {
  assert.equal((await load({ flags: { cacheSize: ['1 MB', '2 MB'] } })).settings.cacheSize, 2_000_000);
});

test('a path in a flag is relative to the current directory, and a word in its place stays', async () => {
  const flags = { stateDir: ['state'], hosts: ['../hosts'], upstreamCa: ['bundled'], certificate: ['none'] };
  const { settings: loaded } = await load({ flags });
  assert.deepEqual(
    [loaded.stateDir, loaded.hosts, loaded.upstreamCa, loaded.certificate],
    [join(process.cwd(), 'state'), join(process.cwd(), '../hosts'), 'bundled', 'none'],
  );
});

const errors: readonly (readonly [title: string, given: Given, where: string | RegExp, message: RegExp])[] = [
  [
    'an unknown key, with the nearest',
    { toml: '\nsuffix = []\nlissen = 1' },
    /:3$/,
    /"lissen" is not a known setting\. Did you mean listen\?$/,
  ],
  ['an unknown key with nothing near', { toml: 'zzzzzz = 1' }, /:1$/, /^"zzzzzz" is not a known setting\.$/],
  [
    'a table with settings, as other programs have it',
    { toml: '[server]\nlisten = "::1"\ncache-size = 1' },
    /:1$/,
    /^"server" is not a known setting\. Settings stand in no table: set listen, cache-size without it, above the first table\.$/,
  ],
  [
    'a table of something else',
    { toml: '[logging]\nfile = "x"' },
    /:1$/,
    /^"logging" is not a known setting\. Settings stand in no table\.$/,
  ],
  [
    'an address without quotes',
    { toml: 'dht = "off"\nupstream = 9.9.9.9' },
    /:2:\d+$/,
    /^invalid TOML: .*; a text stands in quotes; write upstream = "9\.9\.9\.9"\.$/,
  ],
  [
    'a missing quote',
    { toml: 'listen = "127.0.0.1:5300\nlog-level = "debug"' },
    /:1:\d+$/,
    /^invalid TOML: .*; a quote is missing; write listen = "127\.0\.0\.1:5300"\.$/,
  ],
  [
    'a port behind # as other programs have it',
    { toml: 'listen = ["127.0.0.1", "::1#5353"]' },
    /:1$/,
    /^"::1#5353" is not valid for listen; expected .* Did you mean "\[::1\]:5353"\?$/,
  ],
  [
    'several values in one text',
    { toml: 'upstream = "9.9.9.9, 1.1.1.1"' },
    /:1$/,
    /^"9\.9\.9\.9, 1\.1\.1\.1" is not valid .* Did you mean \["9\.9\.9\.9", "1\.1\.1\.1"\]\?$/,
  ],
  [
    'several values in one flag',
    { flags: { listen: ['127.0.0.1,::1'] } },
    /^--listen$/,
    /^"127\.0\.0\.1,::1" is not valid .* Give --listen once for each\.$/,
  ],
  [
    'several upstreams in one flag',
    { flags: { upstream: ['9.9.9.9,1.1.1.1'] } },
    /^--upstream$/,
    /^"9\.9\.9\.9,1\.1\.1\.1" is not valid .* Give --upstream once for each\.$/,
  ],
  [
    'a setting below a table',
    { toml: '[[keep]]\nkey = "a"\nlog-level = "debug"' },
    /:3$/,
    /^\[\[keep\]\] has no field "log-level"\. log-level is a setting, which stands above the first table\.$/,
  ],
  ['a table, which no setting is', { toml: '[listen]\na = 1' }, /:1$/, /^\{"a":1\} is not valid for listen/],
  ['invalid TOML', { toml: 'listen = [' }, /:1:\d+$/, /^invalid TOML: /],
  [
    'a host name to listen on',
    { flags: { listen: ['localhost:53'] } },
    '--listen',
    /"localhost:53" is not valid for listen; expected an IP address/,
  ],
  [
    'a port out of range',
    { environment: { PKARRD_LISTEN: '127.0.0.1:65536' } },
    'PKARRD_LISTEN',
    /"127\.0\.0\.1:65536" is not valid/,
  ],
  [
    'one bad element of a list',
    { toml: 'bootstrap = ["127.0.0.1:1", "127.0.0.1"]' },
    /:1$/,
    /^"127\.0\.0\.1" is not valid for bootstrap/,
  ],
  [
    'an address with leading digits missing',
    { flags: { bootstrap: ['1.2.3:6881'] } },
    '--bootstrap',
    /is not valid for bootstrap/,
  ],
  ['a number where a word is wanted', { toml: 'listen = 53' }, /:1$/, /^53 is not valid for listen/],
  [
    'a word that stands for a list inside one',
    { toml: 'listen = ["default", "::1"]' },
    /:1$/,
    /^"default" is not valid/,
  ],
  [
    'a size below its bounds',
    { flags: { cacheSize: ['10'] } },
    '--cache-size',
    /expected a size from 64 kB to 4 GB/,
  ],
  ['a size above its bounds', { toml: 'cache-size = "5 GB"' }, /:1$/, /expected a size from 64 kB to 4 GB/],
  ['a size in an unknown unit', { toml: 'cache-size = "5 XB"' }, /:1$/, /^"5 XB" is not valid/],
  [
    'a negative time',
    { toml: 'negative-ttl = -1' },
    /:1$/,
    /^-1 is not valid for negative-ttl; expected a time from 1s to 15m/,
  ],
  [
    'a date where a time is wanted',
    { toml: 'negative-ttl = 1979-05-27' },
    /:1$/,
    /is not valid for negative-ttl/,
  ],
  [
    'a word that is neither on nor off',
    { environment: { PKARRD_DHT: 'perhaps' } },
    'PKARRD_DHT',
    /expected on or off\.$/,
  ],
  [
    'an unknown level',
    { flags: { logLevel: ['loud'] } },
    '--log-level',
    /expected one of error, warn, info, debug\.$/,
  ],
  [
    'a relative state directory in the file, which is read from anywhere',
    { toml: 'state-dir = "state"' },
    /:1$/,
    /expected an absolute path\.$/,
  ],
  [
    'a home directory that the shell left as it is',
    { flags: { stateDir: ['~/state'] } },
    '--state-dir',
    /expected an absolute path\.$/,
  ],
  [
    'an IPv6 address for the DHT',
    { flags: { dhtListen: ['[::1]:1'] } },
    '--dht-listen',
    /expected an IPv4 address/,
  ],
  [
    'a variable of no setting',
    { environment: { PKARRD_LISTN: '::1' } },
    'PKARRD_LISTN',
    /Did you mean PKARRD_LISTEN\?$/,
  ],
  [
    'a least over a most',
    { flags: { minimumPacketTtl: ['2h'], maximumPacketTtl: ['1h'] } },
    '--maximum-packet-ttl',
    /minimum-packet-ttl \(2h\) is greater than maximum-packet-ttl \(1h\)/,
  ],
  ['a value without end', { flags: { listen: ['x'.repeat(10_000)] } }, '--listen', /^.{0,300}$/],
];

for (const [title, given, where, message] of errors) {
  test(`an error is one sentence that says where: ${title}`, async () => {
    const problems = await problemsOf(given);
    assert.equal(problems.length, 1);
    const [problem] = problems;
    assert.match(problem?.where ?? '', typeof where === 'string' ? new RegExp(`^${where}$`) : where);
    assert.match(problem?.message ?? '', message);
    assert.match(problem?.message ?? '', /^[^\n]*[.?]$/);
  });
}

test('all errors are reported at once, in the order file, environment, flags', async () => {
  const problems = await problemsOf({
    toml: 'lissen = 1\ndht = 7',
    environment: { PKARRD_CACHE_SIZE: 'big' },
    flags: { logLevel: ['loud'] },
  });
  assert.deepEqual(
    problems.map(({ where }) => where),
    [`${file}:1`, `${file}:2`, 'PKARRD_CACHE_SIZE', '--log-level'],
  );
});

test('every invalid value of a list is reported', async () => {
  const toml = 'bootstrap = ["127.0.0.1", "127.0.0.1:1", "x", 5]';
  const problems = await problemsOf({ toml });
  assert.deepEqual(
    problems.map(({ message }) => message.split(' ', 1)[0]),
    ['"127.0.0.1"', '"x"', '5'],
  );
  const many = await problemsOf({ flags: { bootstrap: Array.from({ length: 25 }, String) } });
  assert.equal(many.length, 21);
  assert.equal(many.at(-1)?.message, '5 more values are not valid for bootstrap.');
});

test('errors count only in the settings that are used, and the file only if it has one of them', async () => {
  const machine = {
    environment: { PKARRD_DHT: 'x', PKARRD_STATE_DIRR: '/x' },
    isRoot: false,
    home: '/home/somebody',
  };
  const uses = ['stateDir'] as const;
  writeFileSync(file, 'lissen = 1\ncache-size = "x"\nstate-dir = "/from/file"\n[[publish]]\nzone = 1');
  const loaded = await loadSettings({ file, machine, flags: {}, uses });
  assert.equal(loaded.settings.stateDir, '/from/file');
  await assert.rejects(loadSettings({ file, machine, flags: { stateDir: ['~x'] }, uses }), ConfigError);
  writeFileSync(file, 'state-dir = ');
  await assert.rejects(loadSettings({ file, machine, flags: {}, uses }), /invalid TOML/);
  const { settings: given } = await loadSettings({ file, machine, flags: { stateDir: ['/y'] }, uses });
  assert.equal(given.stateDir, '/y');
});

test('variables that Kubernetes sets for a service named pkarrd are a warning', async () => {
  const { warnings, settings: loaded } = await load({
    environment: {
      PKARRD_SERVICE_HOST: '10.0.0.1',
      PKARRD_SERVICE_PORT: '53',
      PKARRD_SERVICE_PORT_DNS: '53',
      PKARRD_PORT: 'udp://10.0.0.1:53',
      PKARRD_PORT_53_UDP: 'udp://10.0.0.1:53',
      PKARRD_PORT_53_UDP_PROTO: 'udp',
      PKARRD_DNS_SERVICE_HOST: '10.0.0.2',
      PKARRD_DNS_PORT_53_TCP_ADDR: '10.0.0.2',
      PKARRD_CACHE_SIZE: '2 MB',
    },
  });
  assert.equal(loaded.cacheSize, 2e6);
  assert.equal(warnings.length, 1);
  assert.equal(warnings[0]?.where, 'PKARRD_SERVICE_HOST');
  assert.match(warnings[0]?.message ?? '', /^ignored \(like 7 more\): Kubernetes sets it/);
  const [typo] = await problemsOf({ environment: { PKARRD_SERVICE_HOSTS: 'x' } });
  assert.equal(typo?.where, 'PKARRD_SERVICE_HOSTS');
});

test('a configuration file is read up to a megabyte, and never waited for', async () => {
  const comment = (length: number) => `#${'x'.repeat(length - 1)}`;
  assert.deepEqual(await problemsOf({ toml: comment(1_048_576) }), []);
  const [problem] = await problemsOf({ toml: comment(1_048_577) });
  assert.match(problem?.message ?? '', /it is over 1048576 bytes long/);
  const fifo = join(directory, 'fifo');
  execFileSync('mkfifo', [fifo]);
  const machine = { environment: {}, isRoot: false, home: '/' };
  for (const path of [fifo, '/dev/zero']) {
    await assert.rejects(loadSettings({ file: path, machine, flags: {} }), /it is not a regular file/);
  }
  const { file: none } = await loadSettings({ file: '/dev/null', machine, flags: {} });
  assert.equal(none, '/dev/null');
});

test('a configuration file is UTF-8, with or without a byte order mark', async () => {
  assert.equal((await load({ toml: '\ufeffcache-size = "2 MB"' })).settings.cacheSize, 2e6);
  writeFileSync(file, Buffer.from('# caf\xe9', 'latin1'));
  const machine = { environment: {}, isRoot: false, home: '/' };
  await assert.rejects(loadSettings({ file, machine, flags: {} }), /is not valid UTF-8/);
});

test('a judge of another room adds its errors to the others', async () => {
  const judge = () => [{ where: '--upstream', message: 'is bad.' }];
  const machine = { environment: { PKARRD_DHT: 'x' }, isRoot: false, home: '/' };
  await assert.rejects(
    loadSettings({ machine, flags: {}, judge, file }),
    /PKARRD_DHT: .*\n--upstream: is bad\./,
  );
});

test('a file that is named must be there and be readable', async () => {
  for (const [path, reason] of [
    [join(directory, 'absent'), /cannot read the configuration file: there is no such file/],
    [directory, /it is not a regular file/],
  ] as const) {
    const machine = { environment: {}, isRoot: false, home: '/' };
    await assert.rejects(loadSettings({ file: path, machine, flags: {} }), reason);
  }
});

test('whatever stands in file and environment gives settings or a ConfigError, and nothing else', async () => {
  const keys = fc.constantFrom(...settingKeys);
  const value = fc.oneof(
    fc.string({ unit: 'binary' }).map((text) => JSON.stringify(text)),
    fc.constantFrom(
      '[]',
      '{}',
      '1',
      '-0.0',
      'nan',
      'inf',
      'true',
      '[[1]]',
      '["a", 1]',
      '07:32:00',
      '"""\n"""',
    ),
    fc.string(),
  );
  const lines = fc.array(fc.tuple(keys, value).map(([key, text]) => `${settings[key].name} = ${text}`));
  const environment = fc.dictionary(keys.map(variableOf), fc.string());
  await fc.assert(
    fc.asyncProperty(lines, environment, async (toml, variables) => {
      await problemsOf({ toml: toml.join('\n'), environment: variables });
    }),
  );
});

test('state is kept where the system says, for the service, for root and for others', async () => {
  const at = (environment: Record<string, string>, isRoot: boolean) =>
    defaultSettings({ environment, isRoot, home: '/home/a' }).stateDir;
  assert.equal(
    at({ STATE_DIRECTORY: '/var/lib/private/pkarrd:/var/lib/more' }, false),
    '/var/lib/private/pkarrd',
  );
  assert.equal(at({}, true), '/var/lib/pkarrd');
  assert.equal(at({ XDG_STATE_HOME: '/x' }, false), '/x/pkarrd');
  assert.equal(at({ XDG_STATE_HOME: 'relative' }, false), '/home/a/.local/state/pkarrd');
  const homeless = { environment: {}, isRoot: false, home: undefined };
  assert.equal(defaultSettings(homeless).stateDir, '/var/lib/pkarrd');
});
