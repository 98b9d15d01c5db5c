import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { countCpu, cpuSeconds } from '../../bench/support/process.ts';

/** Some hundredths of a second of work. */
const WORK = 'for (let turn = 0, sum = 0; turn < 1e8; turn++) sum ^= turn * turn;';

/** Runs `body` each time it is told to, then prints the seconds of CPU time that it has used until then. */
const script = (body: string) => `
  const say = () => { const { user, system } = process.cpuUsage(); console.log((user + system) / 1e6); };
  say();
  process.stdin.on('data', () => { ${body} say(); });
`;

async function startNode(body: string) {
  const child = spawn(process.execPath, ['--eval', script(body)], { stdio: ['pipe', 'pipe', 'inherit'] });
  const said = async () => Number(String((await once(child.stdout, 'data'))[0]));
  const before = await said();
  return {
    pid: child.pid ?? 0,
    /** Lets it work. Resolves with the seconds that it says it used. */
    async work() {
      child.stdin.write('again');
      return (await said()) - before;
    },
    stop: () => child.kill(),
  };
}

test('the CPU time of a process is counted to less than a hundredth of a second', async () => {
  const child = await startNode(WORK);
  const used = countCpu(child.pid);
  const said = await child.work();
  const seconds = used();
  child.stop();
  assert.ok(said > 0.02, `${said} s`);
  assert.ok(Math.abs(seconds - said) < 0.01, `${seconds} s, and it says ${said} s`);
});

test('the CPU time of children counts, also when they have ended', async () => {
  const body = `require('node:child_process').execFileSync(process.execPath, ['--eval', \`${WORK}\`]);`;
  const child = await startNode(body);
  const used = countCpu(child.pid);
  const own = await child.work();
  const seconds = used();
  // The start of Node alone takes as much again.
  assert.ok(seconds > own + 0.04, `${seconds} s, and it says ${own} s`);
  assert.ok(cpuSeconds(process.pid) > seconds, 'and those of ours');
  child.stop();
});
