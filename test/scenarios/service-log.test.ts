import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { ServiceManager, type SocketSpec, serviceManagerIsMissing } from '../support/service-manager.ts';

/** Its number on Linux. */
const SIGUSR2 = 12;

const options = { skip: serviceManagerIsMissing() };
const isBun = 'bun' in process.versions;

const alone = ['--dht', 'off', '--upstream', '127.0.0.1:9'];

const sockets: readonly SocketSpec[] = [
  { protocol: 'udp', host: '127.0.0.1' },
  { protocol: 'tcp', host: '127.0.0.1', port: 'same' },
];

const directory = mkdtempSync(join(tmpdir(), 'pkarrd-log-'));
after(() => rmSync(directory, { recursive: true }));

test(
  'the journal gets entries with priority and fields where its socket is handed over, and standard error nothing',
  options,
  async () => {
    await using manager = await ServiceManager.open(sockets, ['journal']);
    await manager.start(alone);
    const entries = () => manager.texts('journal');
    await manager.until(() => entries().some((text) => text.startsWith('MESSAGE=Ready.')));
    const ready = entries().find((text) => text.startsWith('MESSAGE=Ready.')) ?? '';
    const at = `127.0.0.1:${manager.ports[0]}`;
    assert.equal(
      ready,
      `MESSAGE=Ready. listen=${at}\nPRIORITY=6\nSYSLOG_IDENTIFIER=pkarrd\nPKARRD_LISTEN=${at}\n`,
    );
    assert.equal(await manager.stop(), 0);
    await manager.until(() => entries().at(-1)?.startsWith('MESSAGE=Stopping. signal=SIGTERM\n') === true);
    assert.equal(manager.log, '');
  },
);

test(
  'the last words before an exit are not lost, and an error of several lines is one field',
  options,
  async () => {
    const preload = join(directory, 'fatal.mjs');
    writeFileSync(
      preload,
      `import { isMainThread } from 'node:worker_threads';
     const fail = (name) => { throw Object.assign(new Error('odd'), { name }); };
     // The second is one of ours that means that going on would do harm: the process exits at once.
     const names = ['Error', 'InvariantError'];
     if (isMainThread) process.on('SIGUSR2', () => setTimeout(fail, 1, names.shift()));`,
    );
    await using manager = await ServiceManager.open(sockets, ['journal']);
    await manager.start(alone, {}, programWith(preload));
    const journal = () => manager.texts('journal');
    await manager.until(() => journal().some((text) => text.startsWith('MESSAGE=Ready.')));
    const errors = () => journal().filter((text) => text.startsWith('MESSAGE=Internal error.'));
    manager.kill(SIGUSR2);
    await manager.until(() => errors().length === 1);
    manager.kill(SIGUSR2);
    assert.equal(await manager.exited(), 70, manager.log);
    const entries = errors();
    assert.match(entries[0] ?? '', /\nPRIORITY=3\n.*\nPKARRD_ERROR\n.{8}Error: odd\n {4}at /s);
    const lastWords = /Internal error\. The program ends, because going on could do harm\./;
    assert.ok(lastWords.test(manager.log) || lastWords.test(entries[1] ?? ''), manager.log);
  },
);

test(
  'a warning of the runtime is a line of ours, in the program, a worker process and the thread of the DHT',
  options,
  async () => {
    const preload = join(directory, 'warn.mjs');
    writeFileSync(
      preload,
      `import { isMainThread } from 'node:worker_threads';
     const role = !isMainThread ? 'Thread' : process.env.PKARRD_ROLE === 'worker' ? 'Worker' : 'Main';
     const warn = () => process.emitWarning('odd ' + role, role + 'Warning');
     if (role === 'Main') process.on('SIGUSR2', warn);
     // When it listens in the place of the runtime, whose own listener has this name.
     const waiting = setInterval(() => {
       if (process.listeners('warning').every(({ name }) => name === 'onWarning')) return;
       clearInterval(waiting);
       if (role !== 'Main') warn();
     }, 100);`,
    );
    await using manager = await ServiceManager.open(sockets);
    const words = ['--upstream', '127.0.0.1:9', '--bootstrap', '127.0.0.1:9', '--workers', '2'];
    await manager.start(words, {}, programWith(preload));
    await manager.until(/Ready\./);
    manager.kill(SIGUSR2);
    // Bun loads nothing before the files of a thread.
    for (const role of ['Main', 'Worker', ...(isBun ? [] : ['Thread'])])
      await manager.until(
        new RegExp(`warn Warning of the runtime\\. kind=${role}Warning message="odd ${role}"\n`),
      );
    assert.equal(await manager.stop(), 0);
    assert.doesNotMatch(manager.log, /\(node:|--trace-warnings/);
  },
);

/** The program, with a module that is loaded before it. */
function programWith(preload: string): readonly string[] {
  const main = fileURLToPath(new URL('../../program/main.js', import.meta.url));
  return [process.execPath, isBun ? '--preload' : '--import', preload, main];
}
