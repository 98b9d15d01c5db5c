import assert from 'node:assert/strict';
import { chownSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { pkarrd, RunningCommand } from '../support/command.ts';
import { ownNetworkIsMissing } from '../support/own-network.ts';
import { asUnknownUser, cannotBeUnknownUser, UNKNOWN_ID } from '../support/unknown-user.ts';

const main = fileURLToPath(new URL('../../program/main.js', import.meta.url));
const skip = cannotBeUnknownUser || ownNetworkIsMissing();
const withDoubt = 'where no program asks unless it is told to';

/** A state directory of a user, root or not. */
function stateDirectory(uid: number): string {
  const directory = mkdtempSync(join(tmpdir(), 'pkarrd-default-port-'));
  chownSync(directory, uid, uid);
  after(() => rmSync(directory, { recursive: true }));
  return directory;
}

/** `serve` in a network of its own, where nobody has port 53. */
function serve(words: readonly string[], stateDir: string, ...more: readonly string[]): RunningCommand {
  const inside = ['unshare', '--net', 'sh', '-euc', 'ip link set lo up; exec "$@"', 'sh'];
  const common = [
    '--config',
    '/dev/null',
    '--dht',
    'off',
    '--upstream',
    '192.0.2.1',
    '--state-dir',
    stateDir,
  ];
  return new RunningCommand(['serve', ...common, ...more], { program: [...inside, ...words] });
}

test('who may not have port 53 is told that nobody asks at the other one, by the log, status and doctor', {
  skip,
}, async () => {
  const stateDir = stateDirectory(UNKNOWN_ID);
  const serving = serve(asUnknownUser([process.execPath, main]), stateDir);
  await serving.printed(/Ready\..*listen=127\.0\.0\.1:5300/);
  const status = await pkarrd(['status', '--state-dir', stateDir]);
  assert.match(
    status.out,
    new RegExp(`^Port 53 .* 127\\.0\\.0\\.1:5300 answers, ${withDoubt}\\. .*“sudo pkarrd install”`),
  );
  const { verdict, portNotPermitted } = JSON.parse(
    (await pkarrd(['status', '--json', '--state-dir', stateDir])).out,
  ) as { verdict: { level: string }; portNotPermitted: number };
  assert.deepEqual([verdict.level, portNotPermitted], ['fair', 53]);
  const { err } = await serving.stop();
  const lines = err.split('\n').filter((line) => line.includes(withDoubt));
  assert.equal(lines.length, 1, err);
  assert.match(lines[0] ?? '', / warn .*port 53.*port 5300.*run="sudo pkarrd install"/);
});

test('who has port 53, or named another one, is told nothing of that', { skip }, async () => {
  for (const more of [[], ['--listen', '127.0.0.1:5300']]) {
    const stateDir = stateDirectory(0);
    const serving = serve([process.execPath, main], stateDir, ...more);
    await serving.printed(/Ready\./);
    const { out } = await pkarrd(['status', '--json', '--state-dir', stateDir]);
    assert.doesNotMatch(out, /portNotPermitted|unless it is told to/);
    assert.doesNotMatch((await serving.stop()).err, /unless it is told to/);
  }
});
