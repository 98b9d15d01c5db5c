import { KeyPair } from '../pkarr/key-pair.ts';
import { KeyFileError, writeKeyFile } from '../publish/key-file.ts';
import { type Command, CommandError, Exit, jsonFlag, writeJson } from './command.ts';

/** Makes a key and keeps its secret in a file. */
export const keygen: Command = {
  name: 'keygen',
  description: [
    'Makes a key pair, writes its secret to a file that only you can read, and prints the public key: the name ' +
      'under which everything that you publish with it is found.',
    'The secret is never printed. Whoever has the file can publish in your name, and without it nobody can: keep a copy.',
  ],
  operands: [],
  flags: [
    {
      name: 'out',
      value: 'FILE',
      help: 'Write the secret to this file, which must not exist (default: the public key and .key, in this directory)',
    },
    jsonFlag,
  ],
  settings: [],
  async run(invocation, terminal) {
    const keyPair = KeyPair.generate();
    const { text } = keyPair.publicKey;
    const file = invocation.value('out') ?? `${text}.key`;
    try {
      writeKeyFile(file, keyPair);
    } catch (error) {
      if (error instanceof KeyFileError) throw new CommandError(error.message, { cause: error });
      throw error;
    }
    if (invocation.has('json')) {
      writeJson(terminal, { publicKey: text, file });
    } else {
      terminal.err(`The secret is in ${file}.\n`);
      terminal.out(`${text}\n`);
    }
    return Exit.OK;
  },
};
