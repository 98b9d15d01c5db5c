import { wrapText } from '../../../config/wrap-text.ts';
import { plural } from '../../../observe/count-text.ts';
import { timestampToText } from '../../../pkarr/timestamp-text.ts';
import type { Colours } from '../../colours.ts';
import { printable } from '../../printable.ts';
import { bitsOf, hasAnswered, type LookupMap, type MappedNode, type MappedRelay } from './lookup-map.ts';

/** How a map is drawn. */
export interface MapStyle {
  /** Columns of the terminal. */
  readonly width: number;
  /** Whether there are more characters than those of ASCII. */
  readonly isUtf8: boolean;
  readonly colours: Colours;
}

/** Columns of a bar. */
const LEAST_BAR = 6;
const MOST_BAR = 30;
/** Silent nodes that are shown one after another. */
const MOST_SILENT = 3;
/** The space between two columns. */
const GAP = '  ';
/** Bits above the logarithm of the number of nodes that chance explains for the nearest of them, but once in 64 times. */
const BITS_ABOVE_CHANCE = 6;
/** The same where it is not known how many nodes there are. */
const MOST_BITS = 28;

/** A word for what somebody said, and a mark before it that needs no colour. */
interface Look {
  readonly word: string;
  readonly mark: string;
  readonly ascii: string;
  readonly colour: keyof Colours;
}

const looks: Readonly<Record<MappedRelay['says'], Look>> = {
  newest: { word: 'newest', mark: '●', ascii: '*', colour: 'green' },
  older: { word: 'older', mark: '◐', ascii: '+', colour: 'cyan' },
  unusable: { word: 'no packet', mark: '×', ascii: 'x', colour: 'red' },
  nothing: { word: 'nothing', mark: '○', ascii: '-', colour: 'dim' },
  invalid: { word: 'invalid', mark: '×', ascii: 'x', colour: 'red' },
  refused: { word: 'refused', mark: '×', ascii: 'x', colour: 'red' },
  silent: { word: 'silent', mark: '·', ascii: '.', colour: 'dim' },
  failed: { word: 'failed', mark: '×', ascii: 'x', colour: 'red' },
};

/**
 * The map as lines of a drawing, each a comment of a zone file and no wider than the terminal. What does not fit is left out: the
 * date of an older packet, then the token, the bar, and how near a node is.
 */
export function mapText(map: LookupMap, style: MapStyle): string {
  // The last column stays free, since some terminals break the line there.
  const width = Math.max(1, style.width - PREFIX.length - 1);
  const lines = [...nodeLines(map, width, style), ...relayLines(map, width, style), ...summary(map, width)];
  return lines.map((line) => `${PREFIX}${line}`.trimEnd().concat('\n')).join('');
}

const PREFIX = '; ';

function nodeLines({ nodes, networkNodes }: LookupMap, width: number, style: MapStyle): readonly string[] {
  if (nodes.length === 0) return [];
  const columns = columnsFor(nodes, width);
  const most = mostBits(networkNodes);
  // The bits of a full bar.
  const scale = Math.max(1, Math.min(most, Math.max(...nodes.map(({ near }) => bitsOf(near)))));
  const front = (cells: Cells) => frontOf(columns, cells);
  const head = front({ bits: ' near', address: 'node', bar: '', token: 'token' });
  return [
    cut(`${head}${GAP}says`, width),
    ...rowsOf(nodes, most).map((row) => {
      if ('more' in row) {
        const begin = front({
          bits: '',
          address: `${row.more} more`.padStart(columns.address),
          bar: '',
          token: '',
        });
        return ended(begin, looks.silent, '', width, style);
      }
      const { address, near, says } = row;
      const bits = bitsOf(near);
      const begin = front({
        bits: `${bits.toFixed(1).padStart(5)}${near.isSecure ? '' : '!'}`,
        address,
        bar: bar(Math.min(1, bits / scale) * columns.bar, style.isUtf8),
        token: tokenText(row),
      });
      return ended(begin, looks[says], columns.hasDates ? dateOf(row) : '', width, style);
    }),
  ];
}

/** What stands in a row before what a node said. */
interface Cells {
  readonly bits: string;
  readonly address: string;
  readonly bar: string;
  readonly token: string;
}

/** Those for which there is room. */
function frontOf(columns: Columns, { bits, address, bar: drawn, token }: Cells): string {
  return [
    ...(columns.hasBits ? [bits.padEnd(6)] : []),
    address.padEnd(columns.address),
    ...(columns.bar > 0 ? [drawn.padEnd(columns.bar)] : []),
    ...(columns.hasToken ? [token.padEnd(5)] : []),
  ].join(GAP);
}

/**
 * The nodes, with what stands for the rest of many silent ones: whoever names nodes that do not exist can name any number. Those
 * that are nearer than chance explains hide none of the others.
 */
function rowsOf(nodes: readonly MappedNode[], mostBits: number): readonly (MappedNode | Rest)[] {
  const rows: (MappedNode | Rest)[] = [];
  let run: MappedNode[] = [];
  const isMade = ({ near }: MappedNode) => bitsOf(near) > mostBits;
  const endRun = () => {
    rows.push(...run.slice(0, MOST_SILENT));
    if (run.length > MOST_SILENT) rows.push({ more: run.length - MOST_SILENT });
    run = [];
  };
  for (const node of nodes) {
    const [first] = run;
    if (node.says !== 'silent' || (first !== undefined && isMade(first) !== isMade(node))) endRun();
    if (node.says === 'silent') run.push(node);
    else rows.push(node);
  }
  endRun();
  return rows;
}

/** So many silent nodes have no row. */
interface Rest {
  readonly more: number;
}

interface Columns {
  readonly address: number;
  /** Columns of the bar; 0 for none. */
  readonly bar: number;
  readonly hasBits: boolean;
  readonly hasToken: boolean;
  readonly hasDates: boolean;
}

function columnsFor(nodes: readonly MappedNode[], width: number): Columns {
  const address = Math.max(4, ...nodes.map((node) => node.address.length));
  const word = Math.max(4, ...nodes.map(({ says }) => looks[says].word.length));
  let left = width - address - GAP.length - 2 - word;
  const take = (columns: number) => {
    if (left < columns + GAP.length) return false;
    left -= columns + GAP.length;
    return true;
  };
  const hasBits = take(6);
  const hasBar = hasBits && take(LEAST_BAR);
  const hasToken = hasBar && take(5);
  const dates = Math.max(0, ...nodes.map((node) => dateOf(node).length));
  const hasDates = hasToken && take(dates - GAP.length);
  const bar = hasBar ? Math.min(MOST_BAR, LEAST_BAR + left) : 0;
  return { address, bar, hasBits, hasToken, hasDates };
}

/** The most bits that chance explains. */
function mostBits(networkNodes: number | undefined): number {
  return networkNodes === undefined ? MOST_BITS : Math.log2(networkNodes) + BITS_ABOVE_CHANCE;
}

function tokenText(node: MappedNode): string {
  if (!hasAnswered(node)) return '';
  return node.hasToken ? 'yes' : 'no';
}

/** Of an older packet. */
function dateOf({ says, timestamp }: Pick<MappedRelay, 'says' | 'timestamp'>): string {
  return says === 'older' && timestamp !== undefined ? `, ${toSeconds(timestamp)}` : '';
}

function toSeconds(timestamp: bigint): string {
  return timestampToText(timestamp).replace(/\.\d+Z$/, 'Z');
}

/** Eighths of a column: U+258F to U+2589. */
const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];

/** A bar; `length` in columns. */
function bar(length: number, isUtf8: boolean): string {
  const eighths = Math.max(0, Math.round(8 * length));
  if (!isUtf8) return '#'.repeat(Math.round(eighths / 8));
  return '█'.repeat(eighths >> 3) + (EIGHTHS[eighths & 7] ?? '');
}

function relayLines({ relays }: LookupMap, width: number, style: MapStyle): readonly string[] {
  return relays.map((relay) => {
    const more = relay.reason === undefined ? dateOf(relay) : `: ${printable(relay.reason)}`;
    return ended(`relay ${printable(relay.label)}`, looks[relay.says], more, width, style);
  });
}

/** A line that ends with what somebody said, cut to the width before it gets its colour. */
function ended(
  front: string,
  { mark, ascii, word, colour }: Look,
  more: string,
  width: number,
  { isUtf8, colours }: MapStyle,
): string {
  const begin = cut(`${front}${GAP}`, width);
  const end = cut(`${isUtf8 ? mark : ascii} ${word}${more}`, width - begin.length);
  return `${begin}${colours[colour](end)}`;
}

function summary(map: LookupMap, width: number): readonly string[] {
  const { nodes, newest, fartherHolders, networkNodes } = map;
  const answered = nodes.filter(hasAnswered);
  const count = (says: MappedNode['says']) => nodes.filter((node) => node.says === says).length;
  const sentences: string[] = [];
  if (answered.length > 0) {
    const held = count('newest');
    const which = newest === undefined ? 'a packet' : `the newest packet, of ${toSeconds(newest)}`;
    const older = count('older');
    const more = older === 0 ? '' : `; ${older} ${older === 1 ? 'holds' : 'hold'} an older one`;
    sentences.push(
      `${held === 0 ? 'None' : held} of the ${plural(answered.length, 'nearest node')} that answered ${held <= 1 ? 'holds' : 'hold'} ${which}${more}.`,
    );
  } else if (nodes.length > 0) sentences.push('None of the nodes answered.');
  else sentences.push('No node of the DHT was asked.');
  if (fartherHolders > 0)
    sentences.push(
      `${plural(fartherHolders, 'farther one')} ${fartherHolders === 1 ? 'holds' : 'hold'} it too.`,
    );
  if (networkNodes !== undefined)
    sentences.push(`The DHT has about ${Number(networkNodes.toPrecision(2)).toLocaleString('en-US')} nodes.`);
  if (nodes.length > 0)
    sentences.push(
      'Near: leading bits that its id has in common with the place of the key; one more is half as far.',
    );
  if (nodes.some(({ near }) => !near.isSecure))
    sentences.push('!: the id does not fit the address, so it may have been chosen.');
  return sentences.flatMap((sentence) => wrapText(sentence, width)).map((line) => cut(line, width));
}

function cut(text: string, width: number): string {
  return [...text].slice(0, Math.max(0, width)).join('');
}
