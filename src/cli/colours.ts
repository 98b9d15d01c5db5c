import type { Terminal } from './command.ts';

/** Puts colours around text, or leaves it as it is. */
export interface Colours {
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly green: (text: string) => string;
  readonly cyan: (text: string) => string;
  readonly red: (text: string) => string;
}

/** Select Graphic Rendition (ECMA-48 §8.3.117): on, and off again. */
const codes = { bold: [1, 22], dim: [2, 22], green: [32, 39], cyan: [36, 39], red: [31, 39] } as const;

/** The colours of standard output: none where it is no terminal, where that has none, and with NO_COLOR (no-color.org). */
export function coloursOf({ outIsTerminal, machine: { environment } }: Terminal): Colours {
  const { NO_COLOR = '', TERM } = environment;
  const isOn = outIsTerminal && NO_COLOR === '' && TERM !== 'dumb';
  const paint = (name: keyof typeof codes) => (text: string) => {
    const [on, off] = codes[name];
    return isOn && text !== '' ? `\u001b[${on}m${text}\u001b[${off}m` : text;
  };
  return {
    bold: paint('bold'),
    dim: paint('dim'),
    green: paint('green'),
    cyan: paint('cyan'),
    red: paint('red'),
  };
}
