/**
 * Runs in mount and network namespaces of its own, where it may write the files of the system and listen on port 53: the
 * program with as many workers as its argument says, between two resolvers. Prints what came of it as one line of JSON.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { askUdp, query } from '../support/dns-client.ts';
import { replyA, startScriptedUpstream } from '../support/scripted-upstream.ts';

const workers = process.argv[2] ?? '1';

const SYSTEMD = '/run/systemd/resolve';
const RESOLV_CONF = `${SYSTEMD}/resolv.conf`;

function sh(...[program = '', ...words]: readonly string[]): void {
  const { status, stderr } = spawnSync(program, words, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${program} ${words.join(' ')}: ${stderr}`);
}

/** As systemd-resolved and NetworkManager write it. */
function write(...servers: readonly string[]): void {
  writeFileSync(`${RESOLV_CONF}.new`, servers.map((server) => `nameserver ${server}\n`).join(''));
  renameSync(`${RESOLV_CONF}.new`, RESOLV_CONF);
}

sh('mount', '-t', 'tmpfs', 'tmpfs', '/run');
sh('ip', 'link', 'set', 'lo', 'up');
mkdirSync(SYSTEMD, { recursive: true });
// What this machine really has must not be seen.
writeFileSync('/run/empty', '');
sh('mount', '--bind', '/run/empty', '/etc/resolv.conf');

const first = await startScriptedUpstream({
  address: '127.0.0.2',
  port: 53,
  script: (received) => replyA(received, '192.0.2.1', 3_600),
});
const second = await startScriptedUpstream({
  address: '127.0.0.3',
  port: 53,
  script: (received) => replyA(received, '192.0.2.2', 3_600),
});
const stateDir = mkdtempSync('/run/pkarrd-state-');

const main = fileURLToPath(new URL('../../program/main.js', import.meta.url));

const { PATH = '' } = process.env;

/** Starts the program, outside of a test runner, and waits until it answers. */
async function start() {
  const words = ['serve', '--config', '/dev/null', '--listen', '127.0.0.1:53', '--state-dir', stateDir];
  const child = spawn(process.execPath, [main, ...words, '--dht', 'off', '--workers', workers], {
    env: { PATH },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let err = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text;
  });
  const printed = async (pattern: RegExp) => {
    for (let i = 0; i < 1_000 && !pattern.test(err); i++) await sleep(10);
    if (!pattern.test(err)) throw new Error(`It did not say ${pattern}: ${err}`);
  };
  await printed(/Ready\./);
  return {
    printed,
    async stop() {
      child.kill();
      await once(child, 'close');
      return err;
    },
  };
}

/** The answers to one question asked so often that every worker had it. */
const ask = async (name: string) => {
  const replies = await Promise.all(
    Array.from({ length: 30 }, () => askUdp({ host: '127.0.0.1', port: 53 }, query(name))),
  );
  return [...new Set(replies.map(({ answers }) => answers[0]?.rdata.join('.') ?? 'none'))].join(' ');
};

/** Asks until the answer is another, and gives that one. */
const askUntilOther = async (name: string, than: string) => {
  for (const deadline = performance.now() + 10_000; performance.now() < deadline; await sleep(20)) {
    const answer = await ask(name);
    if (!answer.includes(than)) return answer;
  }
  return 'no other';
};

write('127.0.0.2');
let command = await start();
const before = await ask('cached.example');
for (let i = 0; i < 8; i++) {
  write('127.0.0.2');
  await sleep(150);
}
const unchanged = await ask('cached.example');
const askedAnew = first.received.filter(({ name }) => name.toLowerCase() === 'cached.example').length;
write('127.0.0.3');
const other = await askUntilOther('cached.example', '192.0.2.1');
write('127.0.0.1');
await command.printed(/names only pkarrd itself/);
const kept = await ask('kept.example');
const changes = (await command.stop()).match(/The network changed\. change=\S+/g);
command = await start();
const keptOverRestart = await ask('restarted.example');
await command.stop();
rmSync(join(stateDir, 'resolvers'));
mkdirSync('/run/systemd/netif/leases', { recursive: true });
writeFileSync('/run/systemd/netif/leases/2', 'ADDRESS=192.0.2.7\nDNS=127.0.0.2\n');
command = await start();
const lease = await ask('lease.example');
await command.stop();
await Promise.all([first.close(), second.close()]);
console.log(JSON.stringify({ before, unchanged, askedAnew, other, kept, changes, keptOverRestart, lease }));
