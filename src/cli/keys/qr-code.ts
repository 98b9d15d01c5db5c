import { generate } from 'lean-qr';

/** Light modules around a code, which readers need (ISO/IEC 18004 §6.3.8). */
const QUIET_ZONE = 4;

/** How a code is drawn. */
export interface QrStyle {
  /** Black on white whatever the terminal has; otherwise light modules are drawn, as is right on a dark ground. */
  readonly isColoured: boolean;
}

/** A QR code of a text, drawn in half blocks, two rows of modules in a line. */
export interface QrCode {
  /** Columns that it takes. */
  readonly width: number;
  draw(style: QrStyle): string;
}

/** The QR code of a text. */
export function qrCodeOf(text: string): QrCode {
  const code = generate(text);
  const end = code.size + QUIET_ZONE;
  return {
    width: code.size + 2 * QUIET_ZONE,
    draw({ isColoured }) {
      const lines: string[] = [];
      for (let y = -QUIET_ZONE; y < end; y += 2) {
        let line = '';
        // Outside of a code `get` says light.
        for (let x = -QUIET_ZONE; x < end; x++)
          line += halves(code.get(x, y) === isColoured, code.get(x, y + 1) === isColoured);
        lines.push(isColoured ? `${BLACK_ON_WHITE}${line}${RESET}` : line);
      }
      return `${lines.join('\n')}\n`;
    },
  };
}

function halves(upper: boolean, lower: boolean): string {
  if (upper) return lower ? '█' : '▀';
  return lower ? '▄' : ' ';
}

/** Select Graphic Rendition (ECMA-48 §8.3.117). */
const BLACK_ON_WHITE = '\u001b[30;47m';
const RESET = '\u001b[0m';
