import type { PublicKey } from '../../pkarr/public-key.ts';
import { type Command, Exit, jsonFlag, type Terminal, writeJson } from '../command.ts';
import { openKeyFile, passphraseFlag } from './open-key-file.ts';

/** Prints the public key of a key file. */
export const pubkey: Command = {
  name: 'pubkey',
  description: [
    'Prints the public key of a key file that was written by "pkarrd keygen". Only the owner may have access to the ' +
      'file. The secret is not printed.',
    'On a terminal it prints the key, pk:KEY, the address https://KEY.key, and a QR code of pk:KEY; elsewhere the key alone.',
  ],
  operands: [{ name: 'FILE' }],
  flags: [
    { name: 'qr', help: 'Print all that also where standard output is no terminal' },
    passphraseFlag,
    jsonFlag,
  ],
  settings: [],
  async run(invocation, terminal) {
    const [file = ''] = invocation.operands;
    const { publicKey } = await openKeyFile(file, invocation.value('passphrase'), terminal);
    if (invocation.has('json')) writeJson(terminal, { key: publicKey.text, keyFile: file });
    else if (terminal.outIsTerminal || invocation.has('qr')) await show(publicKey, terminal);
    else terminal.out(`${publicKey}\n`);
    return Exit.OK;
  },
};

async function show(publicKey: PublicKey, { out, err, outIsTerminal, machine }: Terminal): Promise<void> {
  out(`${publicKey}\npk:${publicKey}\nhttps://${publicKey}.key\n`);
  const { qrCodeOf } = await import('./qr-code.ts');
  const code = qrCodeOf(`pk:${publicKey}`);
  const { columns = code.width } = process.stdout;
  if (outIsTerminal && columns < code.width) {
    err(`The QR code needs ${code.width} columns, and this terminal has ${columns}.\n`);
    return;
  }
  const { NO_COLOR = '', TERM } = machine.environment;
  out(`\n${code.draw({ isColoured: outIsTerminal && NO_COLOR === '' && TERM !== 'dumb' })}`);
}
