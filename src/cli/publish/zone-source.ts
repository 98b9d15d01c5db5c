import { credentialFor } from '../../config/credentials.ts';
import type { Name } from '../../dns/name.ts';
import { tryParseTypedName } from '../../dns/typed-name.ts';
import type { KeyPair } from '../../pkarr/key-pair.ts';
import type { Placeholders } from '../../pkarr/zone/file/placeholders.ts';
import { readZoneInput, readZoneText, type ZoneText } from '../../publish/read-zone.ts';
import { type LoadedZone, loadZone } from '../../publish/zone-file.ts';
import { type Invocation, type Terminal, UsageError } from '../command.ts';
import { openKeyFile } from '../keys/open-key-file.ts';

/** The operand that stands for standard input, and what that is called in messages. */
export const STANDARD_INPUT = '-';
const INPUT_NAME = 'standard input';

/** A zone file that was read, the key that it is for, and how it is to be read. */
export interface ZoneSource {
  readonly text: ZoneText;
  readonly keyPair: KeyPair;
  readonly movedFrom: Name | undefined;
  readonly allowEmpty: boolean;
}

/** The key pair in `--key`. @throws UsageError, CommandError */
export async function givenKey(invocation: Invocation, terminal: Terminal): Promise<KeyPair> {
  const file = invocation.value('key');
  if (file === undefined) throw new UsageError('publish: --key FILE is missing.');
  const credential = credentialFor(file, terminal.machine.environment);
  return await openKeyFile(file, invocation.value('passphrase'), terminal, credential);
}

/** What an invocation wants to be published. @throws UsageError, CommandError, ZoneProblem */
export async function readSource(
  file: string,
  invocation: Invocation,
  terminal: Terminal,
): Promise<ZoneSource> {
  const movedFrom = givenDomain(invocation);
  const keyPair = await givenKey(invocation, terminal);
  const text = file === STANDARD_INPUT ? await readInput(terminal) : await readZoneText(file);
  return { text, keyPair, movedFrom, allowEmpty: invocation.has('force') };
}

/** The records of a source. @throws ZoneProblem */
export function loadSource(
  { text, keyPair, movedFrom, allowEmpty }: ZoneSource,
  placeholders: Placeholders,
): LoadedZone {
  return loadZone(text, keyPair.publicKey, placeholders, { movedFrom, allowEmpty });
}

/** Tells what was done with a zone file, and what is probably not meant. */
export function tellAbout(
  { notes, warnings }: Pick<LoadedZone, 'notes' | 'warnings'>,
  terminal: Terminal,
): void {
  for (const sentence of notes) terminal.err(`note: ${sentence}\n`);
  for (const warning of warnings) terminal.err(`warning: ${warning}\n`);
}

function givenDomain(invocation: Invocation): Name | undefined {
  const text = invocation.value('origin');
  if (text === undefined) return undefined;
  const name = tryParseTypedName(text);
  if (name !== undefined && !name.isRoot) return name.toLowerCase();
  throw new UsageError(
    `publish: --origin takes the domain that the zone file was written for, such as example.com, not ${JSON.stringify(text)}.`,
  );
}

async function readInput(terminal: Terminal): Promise<ZoneText> {
  if (process.stdin.isTTY === true)
    terminal.err('Reading the zone from standard input; Ctrl-D on a line of its own ends it.\n');
  return await readZoneInput(INPUT_NAME, process.stdin, BigInt(Math.floor(terminal.now())) * 1000n);
}
