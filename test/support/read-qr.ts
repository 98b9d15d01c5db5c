import assert from 'node:assert/strict';

/*
 * Reads a QR code as ISO/IEC 18004 says: of version 4 and level L or M, which is what a key takes, from text in half blocks. What is
 * drawn has no errors, so none are corrected.
 */

const SIZE = 33;
const QUIET_ZONE = 4;

/** The text of a code. @param darkIsDrawn a block is dark; otherwise it is light, as on a dark terminal */
export function readQr(drawing: string, darkIsDrawn: boolean): string {
  const rows = drawing.replace(/\n$/, '').split('\n').flatMap(modulesOf);
  const isDark = (x: number, y: number) => (rows[y + QUIET_ZONE]?.[x + QUIET_ZONE] ?? false) === darkIsDrawn;
  for (const row of rows.slice(0, SIZE + 2 * QUIET_ZONE)) assert.equal(row.length, SIZE + 2 * QUIET_ZONE);
  for (let at = -QUIET_ZONE; at < SIZE + QUIET_ZONE; at++)
    assert.ok(
      !isDark(at, -1) && !isDark(-1, at) && !isDark(SIZE, at) && !isDark(at, SIZE),
      'the quiet zone is light',
    );
  // §7.9: fifteen bits, of which the first two are the level and three more the mask, around the upper left finder.
  const format = [0, 1, 2, 3, 4].reduce((sum, x) => sum * 2 + Number(isDark(x, 8)), 0) ^ 0b10101;
  const level = format >> 3;
  const mask = masks[format & 7] ?? assert.fail();
  const bits: number[] = [];
  for (const [x, y] of dataModules()) bits.push(Number(isDark(x, y) !== mask(x, y)));
  const codewords = Array.from({ length: 100 }, (_, at) =>
    bits.slice(8 * at, 8 * at + 8).reduce((sum, bit) => sum * 2 + bit, 0),
  );
  // Table 9: level L has one block of 80 octets, M two of 32, whose octets alternate.
  const data =
    level === 0b01
      ? codewords.slice(0, 80)
      : [0, 1].flatMap((block) => codewords.slice(0, 64).filter((_, at) => at % 2 === block));
  assert.ok(level === 0b01 || level === 0b00, `level ${level}`);
  const stream = data.map((octet) => octet.toString(2).padStart(8, '0')).join('');
  assert.equal(stream.slice(0, 4), '0100', 'mode of octets');
  const length = Number.parseInt(stream.slice(4, 12), 2);
  return Array.from({ length }, (_, at) =>
    String.fromCharCode(Number.parseInt(stream.slice(12 + 8 * at, 20 + 8 * at), 2)),
  ).join('');
}

/** Two rows of a line: whether each half is drawn. */
function modulesOf(line: string): readonly (readonly boolean[])[] {
  const characters = [...line];
  return ['█▀', '█▄'].map((drawn) => characters.map((character) => drawn.includes(character)));
}

/** §7.8.2, by column and row. */
const masks: readonly ((x: number, y: number) => boolean)[] = [
  (x, y) => (x + y) % 2 === 0,
  (_, y) => y % 2 === 0,
  (x) => x % 3 === 0,
  (x, y) => (x + y) % 3 === 0,
  (x, y) => (Math.floor(y / 2) + Math.floor(x / 3)) % 2 === 0,
  (x, y) => ((x * y) % 2) + ((x * y) % 3) === 0,
  (x, y) => (((x * y) % 2) + ((x * y) % 3)) % 2 === 0,
  (x, y) => (((x + y) % 2) + ((x * y) % 3)) % 2 === 0,
];

/** §7.7.3: the modules of data, in pairs of columns from the right, upwards and downwards in turn. */
function* dataModules(): Generator<readonly [x: number, y: number]> {
  let isUpwards = true;
  for (let right = SIZE - 1; right > 0; right -= 2) {
    // The column of the timing pattern is left out.
    if (right === 6) right = 5;
    for (let step = 0; step < SIZE; step++) {
      const y = isUpwards ? SIZE - 1 - step : step;
      for (const x of [right, right - 1]) if (!isFunction(x, y)) yield [x, y];
    }
    isUpwards = !isUpwards;
  }
}

/** Finders with format information, timing, and the one alignment pattern of version 4, at 26. */
function isFunction(x: number, y: number): boolean {
  const isFinder = (x < 9 && y < 9) || (x < 9 && y >= SIZE - 8) || (x >= SIZE - 8 && y < 9);
  return isFinder || x === 6 || y === 6 || (Math.abs(x - 26) <= 2 && Math.abs(y - 26) <= 2);
}
