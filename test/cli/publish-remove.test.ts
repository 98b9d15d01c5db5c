import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { after, test } from 'node:test';
import { pkarrd, RunningCommand } from '../support/command.ts';
import { onEachProgram } from '../support/programs.ts';
import { startTestDht } from '../support/test-dht.ts';

const dht = await startTestDht();
after(() => dht.close());
const { network, path } = dht;

/** A key with a zone of two records. */
function newZone(name: string) {
  const { key, keyFile, zone } = dht.newKey(name);
  writeFileSync(zone, '@ A 192.0.2.1\nwww CNAME @\n');
  const given = ['--key', keyFile, ...network];
  return { key, zone, keyFile, given };
}

onEachProgram((options) => {
  test('--remove shows what is there, takes it down, says so when there is nothing left, and it can be published again', async () => {
    const { key, zone, given } = newZone('one');
    assert.equal((await pkarrd(['publish', zone, ...given], options)).code, 0);
    const dry = await pkarrd(['publish', '--remove', '--dry-run', ...given], options);
    assert.equal(dry.code, 0);
    assert.match(
      dry.err,
      new RegExp(
        `^Published under ${key}, dated 20.*Z:\n- @ 300 IN A 192\\.0\\.2\\.1\n- www 300 IN CNAME @\n$`,
      ),
    );
    const short = ['resolve', key, 'A', '--newest', '--short', ...network];
    assert.equal((await pkarrd(short, options)).out, '192.0.2.1\n');

    const asked = await pkarrd(['publish', '--remove', ...given], options);
    assert.deepEqual([asked.code, asked.out], [2, '']);
    assert.match(asked.err, /there is no terminal to ask on; give --yes or --dry-run\./);
    assert.equal((await pkarrd(short, options)).out, '192.0.2.1\n');

    const removed = await pkarrd(['publish', '--remove', '--yes', ...given], options);
    assert.equal(removed.code, 0, removed.err);
    assert.match(
      removed.out,
      new RegExp(
        `^Took down 2 records under ${key}\nby an empty packet, dated 20.*Z\\.\n20 of 20 nodes hold it\\.\n`,
      ),
    );
    const whole = JSON.parse((await pkarrd(['resolve', key, '--newest', '--json', ...network], options)).out);
    assert.deepEqual([whole.records, whole.bytes], [[], 12]);

    const again = await pkarrd(['publish', '--remove', '--yes', ...given], options);
    assert.equal(again.code, 0);
    assert.match(again.out, /^Nothing is published under .*: it was taken down on 20.*Z\.\n$/);
    const back = await pkarrd(['publish', zone, ...given], options);
    assert.equal(back.code, 0, back.err);
    assert.equal((await pkarrd(short, options)).out, '192.0.2.1\n');
  });

  test('a key that published nothing has nothing to take down, and flags that mean nothing are refused', async () => {
    const { zone, given } = newZone('nothing');
    const { code, out } = await pkarrd(['publish', '--remove', '--yes', '--json', ...given], options);
    assert.equal(code, 0);
    assert.equal(JSON.parse(out).isRemoved, false);
    for (const [args, sentence] of [
      [['--remove', zone], /ZONEFILE is not given/],
      [['--remove', '--origin', 'example.com'], /--remove and --origin cannot be given together/],
      [['--remove', '--force'], /--remove and --force cannot be given together/],
      [[], /ZONEFILE is missing/],
      [['-', '--watch'], /--watch needs a file/],
      [[zone, '--watch', '--once'], /--watch and --once cannot be given together/],
    ] as const) {
      const wrong = await pkarrd(['publish', ...args, ...given], options);
      assert.equal(wrong.code, 2, wrong.err);
      assert.match(wrong.err, sentence);
    }
  });

  test('on a terminal it asks: no changes nothing, yes takes the zone down', async () => {
    const { key, zone, given } = newZone('terminal');
    await pkarrd(['publish', zone, ...given], options);
    const short = ['resolve', key, 'A', '--newest', '--short', ...network];
    const no = await onTerminal(options.program, ['publish', '--remove', ...given], 'n');
    assert.match(no, /- www 300 IN CNAME @\r\n[\s\S]*Take this down\? \[y\/N\] [\s\S]*Nothing was changed\./);
    assert.equal((await pkarrd(short, options)).out, '192.0.2.1\n');
    const yes = await onTerminal(options.program, ['publish', '--remove', ...given], 'y');
    assert.match(yes, /Take this down\? \[y\/N\] [\s\S]*Took down 2 records/);
    assert.equal((await pkarrd([...short, '--json'], options)).code, 1);
  });

  test('the running program and a timer leave a key empty that was taken down, until the zone file changes', async () => {
    const { key, zone, keyFile, given } = newZone('served');
    const config = `${zone}.toml`;
    writeFileSync(
      config,
      `bootstrap = ["${dht.bootstrap}"]\nlisten = ["127.0.0.1:0"]\nupstream = ["192.0.2.53"]\ndht-listen = "127.0.0.1"\n\n` +
        `[[publish]]\nzone = "${zone}"\nkey = "${keyFile}"\n`,
    );
    const environment = { STATE_DIRECTORY: `${zone}-state` };
    const serve = () => new RunningCommand(['serve', '--config', config], { ...options, environment });
    const first = serve();
    await first.printed(/A zone is published\./);
    const timer = () => pkarrd(['publish', zone, '--once', '--json', ...given], { ...options, environment });
    assert.equal((await timer()).code, 0);

    const removed = await pkarrd(['publish', '--remove', '--yes', '--config', config, '--key', keyFile], {
      ...options,
      environment,
    });
    assert.equal(removed.code, 0, removed.err);
    assert.match(
      removed.err,
      /^note: \S+\.toml:6 has pkarrd serve publish \S+served\.zone under this key\. It leaves the key empty until that file changes, /m,
    );
    // The running program tells it too, to who may ask it.
    const state = ['--state-dir', `${zone}-state`];
    const told = await pkarrd(['publish', '--remove', '--dry-run', ...given, ...state], options);
    assert.match(
      told.err,
      /^note: The running pkarrd publishes \d+-served\.zone under this key\. It leaves /m,
    );
    assert.equal(JSON.parse((await timer()).out).isAdopted, true);
    const short = ['resolve', key, 'A', '--newest', '--short', ...network];
    assert.equal((await pkarrd(short, options)).code, 1);
    await first.stop();
    // It publishes when it starts.
    const second = serve();
    await second.printed(/published elsewhere; it is kept/);
    await second.printed(/A zone is published\./);
    assert.equal((await pkarrd(short, options)).code, 1);

    writeFileSync(zone, '@ A 192.0.2.2\n');
    await second.printed(/A zone is published\.[\s\S]*A zone is published\./);
    assert.equal((await pkarrd(short, options)).out, '192.0.2.2\n');
    await second.stop();
  });
});

/** Runs a command on a terminal of its own, answers its question, and gives what is written there. */
async function onTerminal(
  words: readonly string[],
  args: readonly string[],
  answer: string,
): Promise<string> {
  const line = [...words, ...args].map((word) => `'${word}'`).join(' ');
  const child = spawn('script', ['--quiet', '--return', '--command', line, '/dev/null'], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, STATE_DIRECTORY: path('terminal-state'), PKARRD_HTTP: 'off' },
  });
  let out = '';
  child.stdout.setEncoding('utf8');
  for await (const text of child.stdout) {
    const isAsked = out.includes('[y/N]');
    out += text;
    if (!isAsked && out.includes('[y/N]')) child.stdin.write(`${answer}\n`);
  }
  return out;
}
