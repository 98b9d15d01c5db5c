import { KeyFileError, readKeyFile } from '../../publish/key-file.ts';
import { type Command, CommandError, Exit, jsonFlag, writeJson } from '../command.ts';

/** Prints the public key of a key's file. */
export const pubkey: Command = {
  name: 'pubkey',
  description: [
    "Prints the public key of a key's file, as keygen wrote it. The file must be for its owner alone; the secret in it " +
      'is not printed.',
  ],
  operands: [{ name: 'FILE' }],
  flags: [jsonFlag],
  settings: [],
  async run(invocation, terminal) {
    const [file = ''] = invocation.operands;
    try {
      const { publicKey } = readKeyFile(file);
      if (invocation.has('json')) writeJson(terminal, { publicKey: publicKey.text, file });
      else terminal.out(`${publicKey}\n`);
      return Exit.OK;
    } catch (error) {
      if (error instanceof KeyFileError) throw new CommandError(error.message, { cause: error });
      throw error;
    }
  },
};
