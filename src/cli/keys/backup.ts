import { type Command, Exit, jsonFlag, writeJson } from '../command.ts';
import { openKeyFile, passphraseFlag } from './open-key-file.ts';

/** Words in a row on a terminal. */
const COLUMNS = 4;

/** Prints the secret of a key file as words, for a backup on paper. */
export const backup: Command = {
  name: 'backup',
  description: [
    'Prints the secret of a key file as 24 words, to be written down on paper. Whoever sees the words has the key.',
    '"pkarrd keygen --from FILE --words entropy" makes the key file of them again; with --from - they are typed. The words ' +
      'are the 256 bits of the seed in the English list of BIP 39. A wallet that takes such words makes other keys of them.',
  ],
  operands: [{ name: 'FILE' }],
  flags: [passphraseFlag, jsonFlag],
  settings: [],
  async run(invocation, terminal) {
    const [file = ''] = invocation.operands;
    const keyPair = await openKeyFile(file, invocation.value('passphrase'), terminal);
    const { seedToWords } = await import('./words.ts');
    const words = seedToWords(keyPair.exportSeed());
    if (invocation.has('json')) {
      writeJson(terminal, { key: keyPair.publicKey.text, words });
      return Exit.OK;
    }
    terminal.err(`These words are the secret of ${keyPair.publicKey}. To have the key again:\n`);
    terminal.err('pkarrd keygen --from - --words entropy\n\n');
    terminal.out(terminal.outIsTerminal ? table(words) : `${words.join(' ')}\n`);
    return Exit.OK;
  },
};

/** Words with their numbers, which keygen skips. */
function table(words: readonly string[]): string {
  const width = Math.max(...words.map((word) => word.length)) + 2;
  const cells = words.map((word, index) => `${String(index + 1).padStart(3)}. ${word.padEnd(width)}`);
  const rows = Array.from({ length: Math.ceil(cells.length / COLUMNS) }, (_, row) =>
    cells
      .slice(row * COLUMNS, (row + 1) * COLUMNS)
      .join('')
      .trimEnd(),
  );
  return `${rows.join('\n')}\n`;
}
