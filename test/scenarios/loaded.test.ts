import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RunningCommand } from '../support/command.ts';
import { freePort } from '../support/free-port.ts';
import { loadedWith } from '../support/program-parts.ts';

/*
 * What a program that nobody has asked for anything special has loaded. Each of these takes memory for as long as it runs, and
 * most programs never use it.
 */

/** Files of `src` that are loaded when they are used first. */
const loadedLater = [
  'publish/publisher',
  'publish/publish',
  'pkarr/zone/file/compile',
  'workers/pool',
  'system/node/workers',
  'app/http/main-calls',
  'gateway/gateway',
  'http/thread/run-server',
  'serve/certificate/certificate-files',
  'serve/tls/open-tls',
  'system/https/socket-server',
];

/** Modules of Node that are loaded when they are used first. */
const builtinLater = ['http', 'https', 'http2', 'tls', 'inspector', 'readline'];

test('what serves encrypted clients, publishes, answers browsers or starts workers is in no file that serve loads', () => {
  const modules = new Set(loadedWith(['cli/run', 'cli/serve/serve']).flatMap(({ sources }) => sources));
  assert.ok(modules.has('app/app') && modules.has('serve/responder'), 'the sources are named otherwise');
  assert.deepEqual(
    loadedLater.filter((name) => modules.has(name)),
    [],
  );
});

test('a program that is idle has loaded neither HTTP nor TLS', {
  skip: 'bun' in process.versions && 'Bun has no list of what is loaded',
}, async () => {
  const [port, httpPort] = [await freePort(), await freePort()];
  const program = new RunningCommand(
    [
      ...['serve', '--listen', `127.0.0.1:${port}`, '--http', `127.0.0.1:${httpPort}`],
      ...['--dht', 'off', '--relay', 'http://127.0.0.1:9', '--upstream', '127.0.0.1:9'],
    ],
    { preload: new URL('./loaded-child.js', import.meta.url).href },
  );
  await program.printed(/Ready/);
  program.child.kill('SIGUSR2');
  const [, list = ''] = await program.printed(/^loaded: (.*)\.$/m);
  const loaded = list.split(',').map((name) => name.replace(/^NativeModule /, ''));
  assert.ok(loaded.includes('dgram'), 'the list is of another kind');
  assert.deepEqual(
    builtinLater.filter((name) => loaded.includes(name)),
    [],
  );
  await program.stop();
});
