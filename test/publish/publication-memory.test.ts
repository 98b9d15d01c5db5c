import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { createLog, silentLog } from '../../src/observe/log.ts';
import { PublicationMemory } from '../../src/publish/publication-memory.ts';
import { signedPacket, testKey } from '../support/packets.ts';

const directory = mkdtempSync(join(tmpdir(), 'pkarrd-memory-'));
after(() => rmSync(directory, { recursive: true }));
const key = testKey(51).publicKey;
const packet = signedPacket(testKey(51), 1000);

test('what was published is known after a restart', async () => {
  const path = join(directory, 'a');
  const memory = await PublicationMemory.open(path, silentLog);
  await memory.set(key, { packet, fingerprint: 'abc', isAdopted: true });
  await memory.set(testKey(52).publicKey, {
    packet: signedPacket(testKey(52), 7),
    fingerprint: undefined,
    isAdopted: false,
  });
  const again = await PublicationMemory.open(path, silentLog);
  const found = again.get(key);
  assert.deepEqual(
    [found?.packet.timestamp, found?.fingerprint, found?.isAdopted],
    [packet.timestamp, 'abc', true],
  );
  assert.equal(again.get(testKey(52).publicKey)?.fingerprint, undefined);
  assert.equal(again.get(testKey(53).publicKey), undefined);
  const { mtimeNs } = statSync(path, { bigint: true });
  await again.set(key, { packet, fingerprint: 'abc', isAdopted: true });
  assert.equal(statSync(path, { bigint: true }).mtimeNs, mtimeNs);
});

test('whatever stands in the file, what does not verify is not believed, and a warning tells of another file', async () => {
  const path = join(directory, 'b');
  const memory = await PublicationMemory.open(path, silentLog);
  await memory.set(key, { packet, fingerprint: 'abc', isAdopted: false });
  const text = readFileSync(path, 'latin1');
  const forged = text.replace(/[A-Za-z](?=[A-Za-z]{3}=*\n$)/, (letter) => (letter === 'A' ? 'B' : 'A'));
  writeFileSync(path, `${forged}ours\nours a b c\n\n`);
  assert.equal((await PublicationMemory.open(path, silentLog)).get(key), undefined);
  for (const content of ['', 'something else\n', '\0'.repeat(100)]) {
    writeFileSync(path, content);
    const lines: string[] = [];
    const log = createLog({
      level: 'warn',
      write: (line) => lines.push(line),
      now: Date.now,
      journal: false,
    });
    assert.equal((await PublicationMemory.open(path, log)).get(key), undefined);
    assert.equal(lines.length, 1);
  }
});

test('where nothing can be written it is remembered until the end, with one warning', async () => {
  const lines: string[] = [];
  const log = createLog({ level: 'warn', write: (line) => lines.push(line), now: Date.now, journal: false });
  const memory = await PublicationMemory.open(join(directory, 'no/such/directory/x'), log);
  await memory.set(key, { packet, fingerprint: 'a', isAdopted: false });
  await memory.set(key, { packet, fingerprint: 'b', isAdopted: false });
  assert.equal(memory.get(key)?.fingerprint, 'b');
  assert.equal(lines.length, 1);
});
