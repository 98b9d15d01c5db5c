import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { text as textOf } from 'node:stream/consumers';
import { after, test } from 'node:test';
import { RunningCommand } from '../support/command.ts';
import { onEachProgram } from '../support/programs.ts';
import { startTestDht } from '../support/test-dht.ts';

const dht = await startTestDht();
after(() => dht.close());
const { directory, network, path } = dht;

onEachProgram(({ program }) => {
  test('--watch publishes a zone again when its file changes, leaves what is published while it has a fault, and ends with Ctrl-C', async () => {
    const { key, keyFile, zone } = dht.newKey('watch');
    const address = () => dht.addressesOf(key);
    writeFileSync(zone, 'example.org. A 192.0.2.1\n');
    const args = ['publish', zone, '--key', keyFile, '--origin', 'example.org', '--watch', ...network];
    const watching = new RunningCommand(args, { program });
    await watching.printed(/Watching \S+\.zone; Ctrl-C ends it\.\n/);
    assert.equal(await address(), '192.0.2.1');
    writeFileSync(zone, '@ A 192.0.2.2\n');
    await watching.printed(/\n20\S+Z Published 80 of 995 bytes\. 20 of 20 nodes hold it\.\n/);
    assert.equal(await address(), '192.0.2.2');
    writeFileSync(zone, '@ A nothing\n');
    await watching.printed(
      /20\S+Z \S+:1:5: "nothing" is not an IPv4 address .*\n20\S+Z What is published stays as it is/,
    );
    assert.equal(await address(), '192.0.2.2');
    writeFileSync(zone, '');
    await watching.printed(/it contains no records\n/);
    writeFileSync(zone, '@ A 192.0.2.3\n');
    await watching.printed(/(?:Z Published 80 of[\s\S]*){2}/);
    assert.equal(await address(), '192.0.2.3');
    const { code, err } = await watching.stop('SIGINT');
    assert.equal(code, 0, err);
  });

  test('- is a zone from standard input, which includes files of the current directory', async () => {
    const { key, keyFile } = dht.newKey('input');
    writeFileSync(path('more.inc'), 'www A 192.0.2.9\n');
    const publish = async (text: string, ...flags: string[]) => {
      const [command = '', ...words] = [...program, 'publish', '-', '--key', keyFile, ...flags, ...network];
      const child = spawn(command, words, {
        cwd: directory,
        env: { ...process.env, STATE_DIRECTORY: `${keyFile}-state`, PKARRD_HTTP: 'off' },
      });
      child.stdin.end(text);
      const [out, err] = await Promise.all([textOf(child.stdout), textOf(child.stderr)]);
      return { out, err };
    };
    const dry = await publish('@ A 192.0.2.7\n$INCLUDE more.inc\n', '--dry-run');
    assert.match(dry.out, /^www\.\w{52}\. 300 IN A 192\.0\.2\.9$/m);
    const { out, err } = await publish('example.com. A 192.0.2.7\n', '--origin', 'example.com');
    assert.match(out, /^Published 80 of 995 bytes /);
    assert.match(err, / {2}zone = "the path of a file with what was piped"\n/);
    assert.equal(await dht.addressesOf(key), '192.0.2.7');
    const wrong = await publish('@ A 192.0.2.256\nwww MX x\n');
    assert.match(wrong.err, /^pkarrd: standard input:1:5: .*\npkarrd: standard input:2:8: .*\n$/);
    const binary = await publish('\ud800\u0000');
    assert.match(binary.err, /^pkarrd: standard input:1:1: /);
  });
});
