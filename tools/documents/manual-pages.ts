import { exitCodesText } from '../../src/cli/command.ts';
import { commandSynopsis, settingsSentence } from '../../src/cli/help.ts';
import { settingGroups, settings, variableOf } from '../../src/config/settings.ts';
import type { CommandWords, FlagWords } from './program-words.ts';

/** What is the same for both pages. */
export interface PageFacts {
  /** The version of the program. */
  readonly version: string;
  /** Of the release, `2026-11-25`: the same source gives the same page. */
  readonly date: string;
}

/** pkarrd(1), in the man macros of man(7). */
export function programPage(commands: readonly CommandWords[], facts: PageFacts): string {
  return page([
    title('PKARRD', 1, 'User Commands', facts),
    '.SH NAME',
    text('pkarrd - local DNS resolver for names that are public keys, and for every other name'),
    '.SH SYNOPSIS',
    '.B pkarrd',
    text('COMMAND [ARGUMENTS] [FLAGS]'),
    '.SH DESCRIPTION',
    text(
      'pkarrd answers DNS queries on this machine. A name whose last label is an Ed25519 public key (52 characters of ' +
        'z-base-32) is answered from the DNS packet that the owner of the key signed and put on the BitTorrent Mainline ' +
        'DHT. Every other name goes to the upstream resolvers that were chosen or that the network gave.',
    ),
    '.SH COMMANDS',
    ...commands.flatMap(commandPart),
    '.SH ENVIRONMENT',
    text(settingsSentence),
    '.SH FILES',
    ...item('/etc/pkarrd/pkarrd.toml', 'The configuration; see pkarrd.toml(5).'),
    ...item(
      '/var/lib/pkarrd',
      "The state of the system's service: signed packets, DHT nodes, the last resolvers of the network.",
    ),
    '.SH EXIT STATUS',
    text(exitCodesText),
    '.SH SEE ALSO',
    text('pkarrd.toml(5), resolv.conf(5), dig(1), systemd-resolved.service(8)'),
  ]);
}

/** pkarrd.toml(5). */
export function configurationPage(facts: PageFacts): string {
  return page([
    title('PKARRD.TOML', 5, 'File Formats', facts),
    '.SH NAME',
    text('pkarrd.toml - configuration of pkarrd'),
    '.SH DESCRIPTION',
    text(
      'A TOML file. No line of it is required. A setting is also a flag of the commands that use it (--log-level) and an ' +
        'environment variable (PKARRD_LOG_LEVEL). A flag takes precedence over a variable, and a variable over the file. ' +
        '"pkarrd check" says what each setting is and where it comes from.',
    ),
    '.SH SETTINGS',
    ...settingGroups.flatMap(({ heading, keys }) => [
      `.SS "${escaped(heading)}"`,
      ...keys.flatMap((key) => {
        const { name, help, kind, defaultText } = settings[key];
        return item(
          name,
          `${help}. Accepted: ${kind.accepts}. Default: ${defaultText}. Variable: ${variableOf(key)}.`,
        );
      }),
    ]),
    '.SH TABLES',
    ...item(
      '[[publish]]',
      'A zone file that is signed and kept published: zone and key are paths, relative to the directory of this file; origin ' +
        'is the domain that a zone file was written for, such as example.com, whose names become names of the key; name is what the log and "pkarrd status" call it.',
    ),
    ...item(
      '[[keep]]',
      'A key, of anybody, whose newest packet is kept in the network: key is the public key, and name what the log calls it.',
    ),
    ...item(
      '[names]',
      'Names of your own for keys, each on a line of its own: after alice = "KEY", alice.internal and the names below it mean ' +
        'the key. A table is the last thing in the file.',
    ),
    '.SH EXAMPLE',
    '.nf',
    text('upstream = ["tls://9.9.9.9#dns.quad9.net", "/lan/192.168.1.1"]\ncache-size = "32 MB"'),
    '.fi',
    '.SH SEE ALSO',
    text('pkarrd(1)'),
  ]);
}

function commandPart({ command, flags }: CommandWords): string[] {
  return [
    `.SS "${escaped(`pkarrd ${commandSynopsis(command)}`)}"`,
    ...command.description.flatMap((paragraph, index) =>
      index === 0 ? [text(paragraph)] : ['.PP', text(paragraph)],
    ),
    ...flags.filter(({ flag }) => flag !== '--help').flatMap(flagPart),
  ];
}

function flagPart({ flag, placeholder, text: explained }: FlagWords): string[] {
  return item(placeholder === undefined ? flag : `${flag} ${placeholder}`, `${explained}.`);
}

function item(tag: string, explained: string): string[] {
  return ['.TP', `.B "${escaped(tag)}"`, text(explained)];
}

function title(name: string, section: number, chapter: string, { version, date }: PageFacts): string {
  return `.TH ${name} ${section} ${date} "pkarrd ${version}" "${chapter}"`;
}

function page(lines: readonly string[]): string {
  return `.\\" Made from the program's own help and its table of settings.\n${lines.join('\n')}\n`;
}

/** Text of the body: a line that begins with a dot or an apostrophe would be a request (man(7)). */
function text(words: string): string {
  return escaped(words).replace(/^(?=[.'])/gm, '\\&');
}

/** groff_char(7): `\\-` is the hyphen that can be copied and searched for, and a quotation mark ends an argument. */
function escaped(words: string): string {
  return words.replaceAll('\\', '\\e').replaceAll('-', '\\-').replaceAll('"', '\\(dq').replaceAll('…', '...');
}
