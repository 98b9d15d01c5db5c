import type { CommandWords, ValueWords } from './program-words.ts';

/** The completion of fish: the file pkarrd.fish of a directory in its `fish_complete_path`. */
export function fishCompletion(commands: readonly CommandWords[]): string {
  const names = commands.map(({ command }) => command.name).join(' ');
  const lines = commands.flatMap(({ command, summary, flags, operands }) => {
    const at = `-n '__fish_seen_subcommand_from ${command.name}'`;
    const isPath = operands.some(({ kind }) => kind === 'file');
    const words = operands.flatMap((value) => (value.kind === 'words' ? value.words : []));
    return [
      `complete -c pkarrd -n '__fish_use_subcommand' -a ${command.name} -d ${quote(summary)}`,
      ...(isPath ? [`complete -c pkarrd ${at} -F`] : []),
      ...(words.length === 0 ? [] : [`complete -c pkarrd ${at} -a ${quote(words.join(' '))}`]),
      ...flags.map(
        ({ flag, text, value }) =>
          `complete -c pkarrd ${at} -l ${flag.slice(2)}${complete(value)} -d ${quote(text)}`,
      ),
    ];
  });
  return `# Completion of pkarrd for fish, made from the program's own help.
complete -c pkarrd -f
complete -c pkarrd -n '__fish_use_subcommand' -a help -d 'Show the help of a command'
complete -c pkarrd -n '__fish_seen_subcommand_from help' -a '${names}'
complete -c pkarrd -n '__fish_use_subcommand' -l version -d 'Show the version'
${lines.join('\n')}
`;
}

function complete(value: ValueWords): string {
  switch (value.kind) {
    case 'words':
      return ` -x -a ${quote(value.words.join(' '))}`;
    case 'file':
      return ' -r -F';
    case 'directory':
      return ` -x -a '(__fish_complete_directories)'`;
    case 'text':
      return ' -x';
    case 'none':
      return '';
  }
}

/** Inside single quotes fish knows two escapes: \\' and \\\\. */
function quote(text: string): string {
  return `'${text.replace(/['\\]/g, (character) => `\\${character}`)}'`;
}
