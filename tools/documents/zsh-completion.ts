import type { CommandWords, FlagWords, ValueWords } from './program-words.ts';

/** The completion of zsh: the file _pkarrd of a directory in its `fpath`. */
export function zshCompletion(commands: readonly CommandWords[]): string {
  const list = commands.map(({ command, summary }) => `    ${quote(`${command.name}:${summary}`)}`);
  return `#compdef pkarrd
# Completion of pkarrd for zsh, made from the program's own help.
_pkarrd() {
  local -a commands=(
${list.join('\n')}
  )
  if ((CURRENT == 2)); then
    _describe command commands
    return
  fi
  local command=$words[2]
  # What _arguments sees begins with the command.
  shift words
  ((CURRENT--))
  case $command in
    help) ((CURRENT == 2)) && _describe command commands ;;
${commands.map(commandCase).join('\n')}
  esac
}
_pkarrd "$@"
`;
}

function commandCase({ command, flags, operands }: CommandWords): string {
  const operandSpecs = command.operands.map(({ name, optional, isRepeated }, index) => {
    const colons = optional === true ? '::' : ':';
    const place = isRepeated === true ? '*' : index + 1;
    return quote(`${place}${isRepeated === true ? ':' : colons}${plain(name)}:${action(operands[index])}`);
  });
  const specs = [...flags.map(flagSpec), ...operandSpecs];
  return `    ${command.name})
      _arguments \\
        ${specs.join(' \\\n        ')}
      ;;`;
}

/** A star, since lists are given by one flag for each element; zsh accepts both `--flag value` and `--flag=value`. */
function flagSpec({ flag, placeholder, text, value }: FlagWords): string {
  const explained = `[${plain(text)}]`;
  if (placeholder === undefined) return quote(`${flag}${explained}`);
  return quote(`*${flag}=${explained}:${plain(placeholder)}:${action(value)}`);
}

function action(value: ValueWords | undefined): string {
  switch (value?.kind) {
    case 'words':
      return `(${value.words.join(' ')})`;
    case 'file':
      return '_files';
    case 'directory':
      return '_files -/';
    default:
      return '';
  }
}

/** Brackets, colons and backslashes mean something in a specification of _arguments. */
function plain(text: string): string {
  return text.replace(/[[\]:\\]/g, (character) => `\\${character}`);
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
