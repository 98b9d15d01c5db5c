import type { KeyPair } from '../../pkarr/key-pair.ts';
import { KeyFileError, readKeyFile } from '../../publish/key-file.ts';
import { CommandError, type FlagSpec, type Terminal } from '../command.ts';
import { passphraseToOpen } from './ask-passphrase.ts';

/** `--passphrase`, for every command that opens a key file. */
export const passphraseFlag: FlagSpec = {
  name: 'passphrase',
  value: 'FILE',
  help: 'The first line of this file opens an encrypted key; - means standard input (default: ask)',
};

/**
 * The key pair in a key file, with its passphrase if it needs one.
 * @param passphraseFile what `--passphrase` names; undefined to ask
 * @param credential see `readKeyFile`
 * @throws CommandError
 */
export async function openKeyFile(
  file: string,
  passphraseFile: string | undefined,
  terminal: Terminal,
  credential?: string,
): Promise<KeyPair> {
  try {
    return await readKeyFile(file, credential, () => passphraseToOpen(passphraseFile, terminal));
  } catch (error) {
    if (error instanceof KeyFileError) throw new CommandError(error.message, { cause: error });
    throw error;
  }
}
