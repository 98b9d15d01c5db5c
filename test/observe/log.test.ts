import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLog, type LogLevel, logLevels, Private, silentLog } from '../../src/observe/log.ts';
import { fc } from '../support/property.ts';

function recorder(level: LogLevel, journal = false) {
  const lines: string[] = [];
  const write = (line: string) => lines.push(line);
  return { lines, log: createLog({ level, write, now: () => Date.UTC(2026, 0, 31, 12), journal }) };
}

test('an event is one line of time, level, message and fields', () => {
  const { lines, log } = recorder('info');
  log.info('Ready.', { port: 53, listen: '127.0.0.1:53', note: 'two words', seq: 7n, dht: true });
  assert.deepEqual(lines, [
    '2026-01-31T12:00:00.000Z info Ready. port=53 listen=127.0.0.1:53 note="two words" seq=7 dht=true\n',
  ]);
});

test('a log writes the events of its level and all graver ones', () => {
  for (const [index, level] of logLevels.entries()) {
    const { lines, log } = recorder(level);
    for (const event of logLevels) log[event](event);
    assert.equal(lines.length, index + 1, level);
  }
});

test('for the journal the priority of syslog stands first and no time', () => {
  const { lines, log } = recorder('debug', true);
  for (const level of logLevels) log[level]('x');
  assert.deepEqual(lines, ['<3>x\n', '<4>x\n', '<6>x\n', '<7>x\n']);
});

test('names and keys are redacted unless the level is debug', () => {
  const field = { name: new Private('www.secret') };
  const info = recorder('info');
  info.log.error('Lookup failed.', field);
  assert.match(info.lines.join(), /name=redacted\n$/);
  const debug = recorder('debug');
  debug.log.error('Lookup failed.', field);
  assert.match(debug.lines.join(), /name=www\.secret\n$/);
  assert.equal(`${field.name} ${JSON.stringify(field)}`.includes('secret'), false);
});

test('no text ends its line, moves the cursor or fakes another field', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (message, value) => {
      const { lines, log } = recorder('info');
      log.info(message, { key: value });
      const line = lines.join('');
      assert.match(line, /^[^\u0000-\u001f\u007f-\u009f\u2028\u2029]*\n$/);
      const field = line.slice(line.lastIndexOf(' key=') + 5, -1);
      assert.ok(field === value || field.startsWith('"'), field);
    }),
  );
});

test('the silent log takes everything and says nothing', () => {
  for (const level of logLevels) assert.equal(silentLog[level]('x', { a: 1 }), undefined);
});

test('a line that cannot be written is lost, and no error for whoever logs', () => {
  const log = createLog({
    level: 'info',
    write() {
      throw new Error('no space left on device');
    },
    now: () => 0,
    journal: false,
  });
  log.error('Something failed.');
});
