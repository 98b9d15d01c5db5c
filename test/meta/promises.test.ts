import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

/*
 * A promise that nobody handles ends a thread or a worker, and in the main process it counts as an internal error. Biome's
 * noFloatingPromises finds those that stand alone; this finds the ways around it.
 */

const source = fileURLToPath(new URL('../../../src/', import.meta.url));

/** How a promise is lost, and what to write in its place. */
const losses: readonly (readonly [pattern: RegExp, instead: string])[] = [
  // A type is never followed by a word or a bracket: `=> void {`, `: void;`, `<void>`.
  [/\bvoid\s+[\w#(!'"`[]/g, '`void` drops a promise: handle its rejection with .catch, or await it'],
  [/\.finally\(/g, '.finally gives a promise that rejects too: use try and finally around an await'],
  [
    /\b(?:setTimeout|setInterval|setImmediate|queueMicrotask|nextTick|forEach|addEventListener|on|once|prependListener)\((?:[^()]{0,80},\s*)?async\b/g,
    'nobody awaits an async callback here: handle its rejection inside',
  ],
  [
    /\b(?:on\w+|\w+[lL]istener)\s*=\s*async\b/g,
    'nobody awaits an async handler of an event: handle its rejection inside',
  ],
];

/** The text without comments and strings, in which words mean nothing, but with its lines. */
function codeOf(text: string): string {
  const blank = (match: string) => match.replace(/[^\n]/g, ' ');
  return text
    .replace(/\/\*[\s\S]*?\*\/|(?<![:'"`\w])\/\/[^\n]*/g, blank)
    .replace(/'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"/g, (match) => `'${blank(match.slice(1, -1))}'`);
}

function lossesIn(text: string): readonly string[] {
  const code = codeOf(text);
  return losses.flatMap(([pattern, instead]) =>
    [...code.matchAll(pattern)].map(({ index }) => `${code.slice(0, index).split('\n').length}: ${instead}`),
  );
}

const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter((file) =>
  file.endsWith('.ts'),
);

test('no promise is dropped with void, and none ends in a finally or an async callback that nobody handles', () => {
  const found = files.flatMap((file) =>
    lossesIn(readFileSync(join(source, file), 'utf8')).map((loss) => `src/${file}:${loss}`),
  );
  assert.deepEqual(found, []);
});

test('the check sees every way in which a promise is lost, and no type', () => {
  const lost = [
    'void this.look();',
    'else void worker.terminate();',
    'const f = () => void (async () => {})();',
    'work.finally(() => timer.unref());',
    'setInterval(async () => {}, 5);',
    "socket.on('message', async (octets) => {});",
    "signal.addEventListener('abort', async () => {}, { once: true });",
    'list.forEach(async (item) => {});',
    'socket.onmessage = async () => {};',
  ];
  for (const line of lost) assert.equal(lossesIn(line).length, 1, line);
  const kept = [
    'const f = (): void => {};',
    'type F = (take: () => void) => Promise<void>;',
    'abstract run(): void;',
    'let take: (() => void) | undefined;',
    '// It is void of meaning.',
    "log.info('void x');",
    'const read = async () => {};',
    'await Promise.all(list.map(async (item) => item));',
  ];
  for (const line of kept) assert.deepEqual(lossesIn(line), [], line);
});
