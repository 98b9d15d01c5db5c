import type { CommandWords, ValueWords } from './program-words.ts';

/** The completion of bash: a file for /usr/share/bash-completion/completions, which needs nothing but bash 4. */
export function bashCompletion(commands: readonly CommandWords[]): string {
  const names = commands.map(({ command }) => command.name);
  return `# Completion of pkarrd for bash, made from the program's own help.
_pkarrd() {
  local word=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD - 1]} command=\${COMP_WORDS[1]}
  # bash splits words at "=".
  if [[ $word == = ]]; then word=; elif [[ $previous == = ]]; then previous=\${COMP_WORDS[COMP_CWORD - 2]}; fi
  COMPREPLY=()
  if ((COMP_CWORD == 1)); then
    COMPREPLY=($(compgen -W '${[...names, 'help', '--help', '--version'].join(' ')}' -- "$word"))
    return
  fi
  case $command in
    help) ((COMP_CWORD == 2)) && COMPREPLY=($(compgen -W '${names.join(' ')}' -- "$word")) ;;
${commands.map(commandCase).join('\n')}
  esac
}
complete -F _pkarrd pkarrd
`;
}

function commandCase({ command, flags, operands }: CommandWords): string {
  const withValue = flags.filter(({ value }) => value.kind !== 'none');
  const groups = new Map<string, string[]>();
  for (const { flag, value } of withValue) {
    const action = complete(value);
    groups.set(action, [...(groups.get(action) ?? []), flag]);
  }
  const cases = [...groups].map(([action, names]) => `        ${names.join(' | ')}) ${action} ;;`);
  const operand = operands[0] === undefined ? ':' : complete(operands[0]);
  return `    ${command.name})
      case $previous in
${cases.length === 0 ? '' : `${cases.join('\n')}\n`}        *)
          if [[ $word == -* ]]; then
            COMPREPLY=($(compgen -W '${flags.map(({ flag }) => flag).join(' ')}' -- "$word"))
          else
            ${operand}
          fi
          ;;
      esac
      ;;`;
}

function complete(value: ValueWords): string {
  switch (value.kind) {
    case 'words':
      return `COMPREPLY=($(compgen -W '${value.words.join(' ')}' -- "$word"))`;
    // `filenames` adds the slash to a directory, and quotes blanks.
    case 'file':
      return `compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- "$word")`;
    case 'directory':
      return `compopt -o filenames; mapfile -t COMPREPLY < <(compgen -d -- "$word")`;
    case 'text':
    case 'none':
      return ':';
  }
}
