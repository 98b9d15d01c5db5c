import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { TerminalLine } from '../../src/cli/living-line.ts';
import { pkarrd, RunningCommand } from '../support/command.ts';
import { programs } from '../support/programs.ts';
import { screenOf } from '../support/screen.ts';
import { atTerminal, noTerminal, type TerminalOptions } from '../support/terminal.ts';

const directory = mkdtempSync(join(tmpdir(), 'pkarrd-line-'));
const keyFile = join(directory, 'the.key');
const zone = join(directory, 'zone');
let testnet: RunningCommand;
let bootstrap = '';
let key = '';

before(async () => {
  testnet = new RunningCommand(['testnet', '--nodes', '24', '--delay', '120', '--silent', '0.2']);
  bootstrap = (await testnet.printed(/^(127\.0\.0\.1:\d+)\n/))[1] ?? '';
  key = (await pkarrd(['keygen', '--out', keyFile])).out.trim();
  writeFileSync(zone, '@ A 192.0.2.1\n');
  const { code, err } = await pkarrd(['publish', zone, '--key', keyFile, '--bootstrap', bootstrap]);
  assert.equal(code, 0, err);
});

after(async () => {
  await testnet.stop('SIGINT');
  rmSync(directory, { recursive: true });
});

/** What stood in the living line, one text after another: what was erased again. */
function drawnIn(shown: string): readonly string[] {
  return [...shown.matchAll(/\r\u001b\[J([^\r\n\u001b]+)\r(?!\n)/g)].map(([, text = '']) => text);
}

test('it is drawn ten times a second at most, never wider than the terminal, and without control characters', async () => {
  let sent = '';
  let columns = 40;
  let count = 0;
  const line = new TerminalLine({
    write: (text) => {
      sent += text;
    },
    width: () => columns,
    isUtf8: true,
  });
  const startedAt = performance.now();
  const changing = setInterval(() => {
    count++;
    line.show(() => `${count} \u001b[2J\u0007\u009b31m${'x'.repeat(200)}`);
  }, 1);
  const drawn = async (times: number) => {
    while (drawnIn(sent).length < times) await new Promise((done) => setTimeout(done, 5));
  };
  await drawn(6);
  columns = 20;
  await drawn(12);
  clearInterval(changing);
  const elapsed = performance.now() - startedAt;
  line.clear();
  const texts = drawnIn(sent);
  assert.ok(texts.length <= elapsed / 100 + 1, `${texts.length} in ${elapsed} ms`);
  assert.deepEqual([texts[0]?.length, texts.at(-1)?.length], [39, 19]);
  for (const text of texts) assert.match(text, /^\d+ \?\[2J\?\?31mx+$/);
  assert.deepEqual(screenOf(sent), []);
  assert.doesNotMatch(sent, /\u001b\[\?25l/, 'the cursor is never hidden');
});

test('what others write stands above it, and a line that is not ended is left alone', async () => {
  let sent = '';
  const write = (text: string) => {
    sent += text;
  };
  const line = new TerminalLine({ write, width: () => 40, isUtf8: false });
  const say = (text: string) => {
    line.makeRoom(text);
    write(text);
  };
  let count = 0;
  line.show(() => `working … ${count++}`);
  const drawn = async (screen: RegExp) => {
    while (!screen.test(screenOf(sent).join('|'))) await new Promise((done) => setTimeout(done, 5));
  };
  await drawn(/^working \.\.\. \d+$/);
  say('one\r\n');
  await drawn(/^one\|working \.\.\. \d+$/);
  say('two, ');
  await new Promise((done) => setTimeout(done, 300));
  assert.deepEqual(screenOf(sent), ['one', 'two, ']);
  say('three\r\n');
  await drawn(/^one\|two, three\|working \.\.\. \d+$/);
  line.clear();
  assert.deepEqual(screenOf(sent), ['one', 'two, three']);
});

for (const { name, words, skip } of programs) {
  const options = { skip: skip || noTerminal };
  const at = (
    args: readonly string[],
    { shell = '', ...rest }: TerminalOptions & { shell?: string } = {},
  ) => {
    const environment = {
      ...{ STATE_DIRECTORY: join(directory, 'state'), LANG: 'C.UTF-8', NO_COLOR: '1' },
      ...rest.environment,
    };
    const script = ['sh', '-c', shell === '' ? 'exec "$0" "$@"' : shell];
    return atTerminal([...script, ...words, ...args], { ...rest, environment, cwd: directory });
  };
  const resolve = () => ['resolve', key, '--newest', '--bootstrap', bootstrap];

  test(
    `a lookup tells whom it asks and what they say in one line, which is gone at the end, ${name}`,
    options,
    async () => {
      const { shown, code } = await at(resolve());
      assert.equal(code, 0, shown);
      const texts = drawnIn(shown);
      const last = texts.at(-1) ?? '';
      assert.match(
        last,
        /^Looking it up: asked \d+, answered \d+, \d+ (?:hold|holds) it, nearest 2\^-\d+, \d+\.\d s$/,
      );
      const screen = screenOf(shown);
      assert.match(screen[0] ?? '', /^First packet after \d+ ms, from 127\.0\.0\.1:\d+, of /);
      assert.match(screen[1] ?? '', /^\d+ of \d+ nodes answered within \d+ ms\.$/);
      assert.match(screen[2] ?? '', /^; key/);
      assert.match(screen.at(-1) ?? '', / IN A 192\.0\.2\.1$/);
    },
  );

  test(
    `nothing of it is in standard output, and where standard error is no terminal, ${name}`,
    options,
    async () => {
      await at(resolve(), { shell: 'exec "$0" "$@" > out.txt' });
      const out = readFileSync(join(directory, 'out.txt'), 'utf8');
      assert.doesNotMatch(out, /\u001b|\r|Looking/);
      assert.match(out, /^; key/);
      const hidden: readonly (readonly [TerminalOptions & { shell?: string }, readonly string[]])[] = [
        [{ shell: 'exec "$0" "$@" 2> err.txt' }, []],
        [{ environment: { TERM: 'dumb' } }, []],
        [{}, ['--json']],
      ];
      for (const [how, more] of hidden) {
        const { shown, code } = await at([...resolve(), ...more], how);
        assert.equal(code, 0, shown);
        assert.doesNotMatch(shown, /\u001b|Looking/);
      }
      assert.doesNotMatch(readFileSync(join(directory, 'err.txt'), 'utf8'), /\u001b|\r|Looking/);
    },
  );

  test(
    `a publication tells what it looks for and where it is stored, and its end how long it took, ${name}`,
    options,
    async () => {
      const { shown, code } = await at([
        'publish',
        zone,
        '--key',
        keyFile,
        '--force',
        '--bootstrap',
        bootstrap,
      ]);
      assert.equal(code, 0, shown);
      const texts = drawnIn(shown).join('\n');
      assert.match(texts, /^Looking for the current packet: asked \d+, answered \d+, .*\d holds? it, /m);
      assert.match(texts, /^Publishing: asked \d+, answered \d+, /m);
      const screen = screenOf(shown);
      assert.match(
        screen.join('\n'),
        /^Published \d+ of 995 bytes under \w{52},\ndated 20.*Z, in \d+\.\d s\.\n(\d+) of \1 nodes hold it\.$/,
      );
    },
  );

  test(
    `Ctrl+C leaves nothing of it, and ends the command as it would without it, ${name}`,
    options,
    async () => {
      // A DHT of which nobody answers.
      const socket = createSocket('udp4').bind(0, '127.0.0.1');
      await once(socket, 'listening');
      const silent = `127.0.0.1:${socket.address().port}`;
      const { shown, code } = await at(['resolve', key, '--bootstrap', silent], {
        typed: [[/Looking it up: asked 1, answered 0, \d/, '\u0003']],
      });
      socket.close();
      assert.equal(code, 130, shown);
      assert.deepEqual(screenOf(shown.replace('^C', '')), []);
    },
  );

  test(`a question to another resolver shows that it is waited for, ${name}`, options, async () => {
    const socket = createSocket('udp4').bind(0, '127.0.0.1');
    await once(socket, 'listening');
    const { shown } = await at(['query', 'example.com', `@127.0.0.1:${socket.address().port}`], {
      typed: [[/Asking …, \d\.\d s/, '\u0003']],
    });
    socket.close();
    assert.deepEqual(screenOf(shown.replace('^C', '')), []);
  });

  test(`a lookup at a relay shows the relay, ${name}`, options, async () => {
    const server = createServer((_, response) => {
      setTimeout(() => response.writeHead(404).end(), 1000);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const port = typeof address === 'object' ? address?.port : undefined;
    const { shown, code } = await at(['resolve', key, '--relay', `http://127.0.0.1:${port}`]);
    server.close();
    assert.equal(code, 1, shown);
    assert.match(
      drawnIn(shown).join('\n'),
      new RegExp(`^Looking it up: relay 127\\.0\\.0\\.1:${port} asked, \\d+\\.\\d s$`, 'm'),
    );
    assert.match(screenOf(shown).at(-1) ?? '', /^pkarrd: No packet is published under /);
  });

  test(`it fits a terminal that becomes narrower, ${name}`, options, async () => {
    // `stty` speaks to the terminal that it reads from, as a window that is made smaller does to all that run there.
    const narrow = (columns: number) => `until [ -e ${columns} ]; do sleep 0.05; done; stty cols ${columns}`;
    const shell = `(${narrow(12)}; ${narrow(9)}) < /dev/tty & exec "$0" "$@"`;
    const { shown } = await at(['watch', key, '--every', '60', '--bootstrap', bootstrap], {
      shell,
      columns: 60,
      typed: [
        [/\u001b\[J[^\r\n]{13,}\r/, () => writeFileSync(join(directory, '12'), '')],
        [/\u001b\[J[^\r\n]{11}\r/, () => writeFileSync(join(directory, '9'), '')],
        [/\u001b\[J[^\r\n]{8}\r/, '\u0003'],
      ],
    });
    for (const columns of ['12', '9']) rmSync(join(directory, columns));
    assert.ok(
      drawnIn(shown).some((text) => text.length > 12),
      shown,
    );
    assert.ok(
      drawnIn(shown).some((text) => text.length === 11),
      shown,
    );
  });
}
