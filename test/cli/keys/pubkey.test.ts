import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { pkarrd } from '../../support/command.ts';
import { testKey } from '../../support/packets.ts';
import { programs } from '../../support/programs.ts';
import { readQr } from '../../support/read-qr.ts';

const directory = mkdtempSync(join(tmpdir(), 'pkarrd-pubkey-'));
after(() => rmSync(directory, { recursive: true }));
const file = join(directory, 'my.key');
writeFileSync(file, '07'.repeat(32), { mode: 0o600 });
const { text } = testKey(7).publicKey;
const spellings = `${text}\npk:${text}\nhttps://${text}.key\n\n`;
const hasScript = spawnSync('script', ['--version']).status === 0;

for (const { name, words, skip } of programs) {
  test(`--qr prints the spellings of a key and a QR code of it, ${name}`, { skip }, async () => {
    const { code, out, err } = await pkarrd(['pubkey', file, '--qr'], { program: words });
    assert.deepEqual([code, err], [0, '']);
    assert.ok(out.startsWith(spellings), out);
    assert.doesNotMatch(out, /\u001b/);
    assert.equal(readQr(out.slice(spellings.length), false), `pk:${text}`);
  });

  test(`a terminal shows a QR code black on white, with NO_COLOR by itself, ${name}`, {
    skip: skip || (!hasScript && 'script(1) is not installed'),
  }, () => {
    const show = (columns: number, environment: Readonly<Record<string, string>>) => {
      const { PATH = '' } = process.env;
      const command = `stty cols ${columns} && ${[...words, 'pubkey', file].map((word) => `'${word}'`).join(' ')}`;
      const { stdout } = spawnSync('script', ['-qec', command, '/dev/null'], {
        env: { PATH, TERM: 'xterm', ...environment },
        encoding: 'utf8',
        input: '',
      });
      return stdout.replaceAll('\r\n', '\n');
    };
    const coloured = show(80, {});
    assert.ok(coloured.startsWith(spellings), coloured);
    const lines = coloured.slice(spellings.length, -1).split('\n');
    for (const line of lines) assert.match(line, /^\u001b\[30;47m[█▀▄ ]+\u001b\[0m$/);
    const drawing = lines.map((line) => line.slice('\u001b[30;47m'.length, -'\u001b[0m'.length));
    assert.equal(readQr(drawing.join('\n'), true), `pk:${text}`);
    assert.equal(readQr(show(80, { NO_COLOR: '1' }).slice(spellings.length), false), `pk:${text}`);
    assert.equal(
      show(40, {}),
      `${spellings.trimEnd()}\nThe QR code needs 41 columns, and this terminal has 40.\n`,
    );
  });
}
