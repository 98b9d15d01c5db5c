import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { text as textOf } from 'node:stream/consumers';
import { after, test } from 'node:test';
import { pkarrd, RunningCommand } from '../support/command.ts';
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

  test('--watch gives each packet to the program that runs here, which answers with it at once', async () => {
    const { key, keyFile, zone } = dht.newKey('handed');
    const state = ['--state-dir', `${keyFile}-state`];
    const serving = new RunningCommand(
      ['serve', '--listen', '127.0.0.1:0', '--upstream', 'none', ...network, ...state],
      { program },
    );
    await serving.printed(/127\.0\.0\.1:\d+/);
    const answer = async () =>
      (await pkarrd(['query', key, 'A', '--short', ...state], { program })).out.trim();
    writeFileSync(zone, '@ A 192.0.2.1\n');
    const args = ['publish', zone, '--key', keyFile, '--watch', ...network, ...state];
    const watching = new RunningCommand(args, { program });
    await watching.printed(/Watching \S+\.zone; Ctrl-C ends it\.\n/);
    assert.equal(await answer(), '192.0.2.1');
    for (const [at, address] of ['192.0.2.2', '192.0.2.3'].entries()) {
      writeFileSync(zone, `@ A ${address}\n`);
      await watching.printed(new RegExp(`(?:Z Published 80 of[\\s\\S]*){${at + 1}}`));
      assert.equal(await answer(), address);
    }
    await watching.stop('SIGINT');
    const removed = await pkarrd(['publish', '--remove', '--yes', '--key', keyFile, ...network, ...state], {
      program,
    });
    assert.equal(removed.code, 0, removed.err);
    assert.equal(await answer(), '');
    await serving.stop();
  });

  test('- has no date: it replaces what was published from here, and nothing else without --force', async () => {
    const { key, keyFile } = dht.newKey('undated');
    const publish = async (where: string, address: string, ...flags: string[]) => {
      const state = ['--state-dir', `${keyFile}-${where}`];
      const words = [...program, 'publish', '-', '--key', keyFile, ...flags, ...network, ...state];
      const child = spawn(words[0] ?? '', words.slice(1), { env: { ...process.env, PKARRD_HTTP: 'off' } });
      child.stdin.end(`@ A ${address}\n`);
      const [out, err, [code]] = await Promise.all([
        textOf(child.stdout),
        textOf(child.stderr),
        once(child, 'close'),
      ]);
      return { code, out, err };
    };
    for (const address of ['192.0.2.1', '192.0.2.2']) {
      const { code, err } = await publish('here', address);
      assert.equal(code, 0, err);
      assert.equal(await dht.addressesOf(key), address);
    }
    const refused = await publish('there', '192.0.2.3');
    assert.deepEqual([refused.code, refused.out], [1, '']);
    const lines = refused.err.split('\n');
    assert.match(
      lines[0] ?? '',
      /^pkarrd: The network holds a packet of this key of 20\S+Z, published elsewhere, and a zone without a date may be older\.$/,
    );
    assert.deepEqual(lines.slice(1, 4), [
      'What standard input would change (- is there now, + would be put):',
      '- @ 300 IN A 192.0.2.2',
      '+ @ 300 IN A 192.0.2.3',
    ]);
    assert.match(refused.err, /\nReplace it with standard input:\n {2}pkarrd publish - .* --force\n$/);
    assert.equal(await dht.addressesOf(key), '192.0.2.2');
    assert.equal((await publish('there', '192.0.2.3', '--force')).code, 0);
    assert.equal(await dht.addressesOf(key), '192.0.2.3');
    assert.equal((await publish('here', '192.0.2.4')).code, 1);
    assert.equal((await publish('there', '192.0.2.4')).code, 0);
    assert.equal(await dht.addressesOf(key), '192.0.2.4');
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
