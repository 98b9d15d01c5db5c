import type { Terminal } from './command.ts';

/** Puts colours around text, or leaves it as it is. */
export interface Colours {
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly green: (text: string) => string;
  readonly cyan: (text: string) => string;
  readonly yellow: (text: string) => string;
  readonly red: (text: string) => string;
}

/** Select Graphic Rendition (ECMA-48 §8.3.117): on, and off again. */
const codes = {
  ...{ bold: [1, 22], dim: [2, 22] },
  ...{ green: [32, 39], cyan: [36, 39], yellow: [33, 39], red: [31, 39] },
} as const;

/**
 * The colours of standard output: none where it is no terminal, where that has none, with NO_COLOR (no-color.org) and with
 * CLICOLOR=0 (bixense.com/clicolors). CLICOLOR_FORCE turns them on elsewhere too.
 */
export function coloursOf({
  outIsTerminal,
  machine: { environment },
}: Pick<Terminal, 'outIsTerminal' | 'machine'>): Colours {
  const { NO_COLOR = '', CLICOLOR, CLICOLOR_FORCE = '0', TERM } = environment;
  const isForced = CLICOLOR_FORCE !== '0' && CLICOLOR_FORCE !== '';
  const isOn = NO_COLOR === '' && (isForced || (outIsTerminal && CLICOLOR !== '0' && TERM !== 'dumb'));
  const paint = (name: keyof typeof codes) => (text: string) => {
    const [on, off] = codes[name];
    return isOn && text !== '' ? `\u001b[${on}m${text}\u001b[${off}m` : text;
  };
  return {
    bold: paint('bold'),
    dim: paint('dim'),
    green: paint('green'),
    cyan: paint('cyan'),
    yellow: paint('yellow'),
    red: paint('red'),
  };
}
