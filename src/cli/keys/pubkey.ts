import { KeyFileError, readKeyFile } from '../../publish/key-file.ts';
import { type Command, CommandError, Exit, jsonFlag, writeJson } from '../command.ts';

/** Prints the public key of a key file. */
export const pubkey: Command = {
  name: 'pubkey',
  description: [
    'Prints the public key of a key file that was written by "pkarrd keygen". Only the owner may have access to the ' +
      'file. The secret is not printed.',
  ],
  operands: [{ name: 'FILE' }],
  flags: [jsonFlag],
  settings: [],
  async run(invocation, terminal) {
    const [file = ''] = invocation.operands;
    try {
      const { publicKey } = await readKeyFile(file);
      if (invocation.has('json')) writeJson(terminal, { publicKey: publicKey.text, file });
      else terminal.out(`${publicKey}\n`);
      return Exit.OK;
    } catch (error) {
      if (error instanceof KeyFileError) throw new CommandError(error.message, { cause: error });
      throw error;
    }
  },
};
