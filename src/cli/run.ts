import { ConfigError } from '../config/config-error.ts';
import { errorText } from '../observe/error-text.ts';
import { type LogLevel, priorities } from '../observe/log.ts';
import { isOutputClosed } from '../system/bun/closed-output.ts';
import { homeDirectory } from '../system/home-directory.ts';
import { isJournal } from '../system/notify/journal-stream.ts';
import { isOutOfDescriptors, moreDescriptors } from '../system/out-of-descriptors.ts';
import { programVersion } from '../system/program-version.ts';
import { onRuntimeWarning } from '../system/runtime-warnings.ts';
import { onUncaught } from '../system/uncaught.ts';
import { parseArguments } from './arguments.ts';
import {
  type Command,
  CommandError,
  Exit,
  type ExitCode,
  type Invocation,
  type Terminal,
  UsageError,
  writeJsonLine,
} from './command.ts';
import { findCommand } from './commands.ts';
import { commandHelp, helpWidth, programHelp } from './help.ts';
import { asksForJson, jsonErrorOf } from './json-errors.ts';
import { noLivingLine, TerminalLine } from './living-line.ts';
import { isUtf8 } from './locale.ts';
import { meantBy } from './other-words.ts';
import { StoppedError, type StopSignal, stopExits, tellBeforeStop } from './stop-signal.ts';
import { isWholeWorkRunning } from './whole-work.ts';

/**
 * Runs the command that `words` name and returns its exit code. Errors are written to standard error; with `--json`, to
 * standard output.
 */
export async function run(words: readonly string[], terminal: Terminal): Promise<ExitCode> {
  isJson = await asksForJson(words);
  if (isJson && !isStopTold) {
    isStopTold = true;
    tellBeforeStop((signal) => tellStopAsJson(signal, terminal));
  }
  try {
    return await dispatch(words, terminal);
  } catch (caught) {
    if (caught instanceof StoppedError) {
      if (isJson) tellStopAsJson(caught.signal, terminal);
      return stopExits[caught.signal];
    }
    const error = expectedError(caught);
    if (isJson) {
      const failure = jsonErrorOf(error);
      // A bug: a report needs the stack.
      if (failure.exitCode === Exit.INTERNAL) tellInternalError(terminal, error);
      writeJsonLine(terminal, failure);
      return failure.exitCode;
    }
    if (error instanceof UsageError) {
      tell(terminal, 'error', `pkarrd: ${error.message}\nSee "pkarrd ${helpFor(words)}".\n`);
      return Exit.USAGE;
    }
    if (error instanceof ConfigError) {
      const lines = error.problems.map(({ where, message }) => `pkarrd: ${where}: ${message}\n`);
      tell(terminal, 'error', lines.join(''));
      return Exit.USAGE;
    }
    if (error instanceof CommandError) {
      tell(terminal, 'error', `${error.message.replace(/^/gm, 'pkarrd: ')}\n${error.details}`);
      return error.exit;
    }
    tellInternalError(terminal, error);
    return Exit.INTERNAL;
  }
}

/** An error that the machine and not the program is the reason of, as one of a command; any other as it is. */
function expectedError(error: unknown): unknown {
  if (isDirectoryGone(error)) return directoryGone(error);
  if (error instanceof CommandError || !isOutOfDescriptors(error)) return error;
  return new CommandError(`No file descriptor is left: ${moreDescriptors()}`, { cause: error });
}

function tellStopAsJson(signal: StopSignal, terminal: Terminal): void {
  const stopped = new CommandError(`Stopped by ${signal}.`, { exit: stopExits[signal] });
  writeJsonLine(terminal, jsonErrorOf(stopped));
}

/** Whether the command line that runs asks for JSON. */
let isJson = false;

/** Whether a signal that ends the program is told as JSON. */
let isStopTold = false;

/** getcwd(2): "ENOENT The current working directory has been unlinked." A relative path then means nothing. */
function isDirectoryGone(error: unknown): boolean {
  const { code, syscall, message } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' && (syscall === 'uv_cwd' || syscall === 'getcwd' || /\bcwd\b/.test(message));
}

function directoryGone(cause: unknown): CommandError {
  return new CommandError('The current directory was removed. Change to another one.', { cause });
}

/** Ends the process with the exit code of a bug when nobody catches an error. A command may decide otherwise later. */
export function endOnUncaught(terminal: Terminal): void {
  onUncaught(({ error: caught }) => {
    const error = expectedError(caught);
    const isBug = !(error instanceof CommandError);
    if (isBug) tellInternalError(terminal, error);
    if (isJson) writeJsonLine(terminal, jsonErrorOf(error));
    else if (!isBug) tell(terminal, 'error', `pkarrd: ${error.message}\n`);
    process.exit(isBug ? Exit.INTERNAL : error.exit);
  });
}

function tellInternalError(terminal: Terminal, error: unknown): void {
  tell(terminal, 'error', `pkarrd: internal error, please report it: ${errorText(error)}\n`);
}

/** The terminal of this process. */
export function processTerminal(): Terminal {
  // The reader of a pipe may close it (`pkarrd … | head`): that ends the command and is not an error.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (isWholeWorkRunning()) return;
    if (error.code === 'EPIPE') process.exit(process.exitCode ?? Exit.OK);
    endWithoutOutput(error.message);
  });
  // There is nowhere left to report this error.
  process.stderr.on('error', () => {});
  onRuntimeWarning(({ name, message }) =>
    tell(terminal, 'warn', `pkarrd: warning of the runtime: ${name}: ${message}\n`),
  );
  const { isTTY = false } = process.stderr;
  const { TERM } = process.env;
  const line = new TerminalLine({
    write: (text) => process.stderr.write(text),
    width: () => process.stderr.columns,
    isUtf8: isUtf8(process.env),
  });
  const terminal: Terminal = {
    out: isOutputClosed()
      ? () => endWithoutOutput('it is closed')
      : (text) => {
          line.makeRoom(text);
          process.stdout.write(text);
        },
    err: (text) => {
      line.makeRoom(text);
      process.stderr.write(text);
    },
    line: isTTY && TERM !== 'dumb' ? line : noLivingLine,
    outIsTerminal: process.stdout.isTTY === true,
    errIsTerminal: isTTY,
    // A window may become another size.
    get outColumns() {
      return process.stdout.columns;
    },
    get errColumns() {
      return process.stderr.columns;
    },
    errIsJournal: isJournal(process.stderr.fd, process.env),
    machine: { environment: process.env, isRoot: process.getuid?.() === 0, home: homeDirectory() },
    now: () => Date.now(),
  };
  return terminal;
}

/** Writes lines to standard error; sd-daemon(3): the journal takes their priority from `<N>` in front of each. */
function tell({ err, errIsJournal }: Terminal, level: LogLevel, lines: string): void {
  err(errIsJournal ? lines.replace(/^(?=.)/gm, `<${priorities[level]}>`) : lines);
}

/** What a command prints is its result: without it, it has failed. */
function endWithoutOutput(reason: string): never {
  process.stderr.write(`pkarrd: cannot write to standard output: ${reason}.\n`);
  process.exit(Exit.FAILED);
}

async function dispatch([first, ...rest]: readonly string[], terminal: Terminal): Promise<ExitCode> {
  if (first === undefined) {
    // A person is shown what there is; for a script or a service that lost its command it is an error.
    tell(terminal, 'error', programHelp(helpWidth(terminal.errColumns)));
    return Exit.USAGE;
  }
  const width = helpWidth(terminal.outColumns);
  if (first === '--version' || first === '-V') {
    terminal.out(`pkarrd ${programVersion()}\n`);
    return Exit.OK;
  }
  if (first === '--help' || first === '-h' || first === 'help') {
    const [name] = rest;
    terminal.out(name === undefined ? programHelp(width) : commandHelp(await load(name), width));
    return Exit.OK;
  }
  if (first.startsWith('-')) throw new UsageError(`the command must come before ${first}.${meantBy(first)}`);
  const command = await load(first);
  const parsed = parseArguments(command, rest);
  if (parsed.kind === 'run') return await runCommand(command, parsed.invocation, terminal);
  terminal.out(commandHelp(command, width));
  return Exit.OK;
}

async function runCommand(command: Command, invocation: Invocation, terminal: Terminal): Promise<ExitCode> {
  // What reads JSON is a program, and nobody waits for it at a terminal.
  if (invocation.has('json')) return await command.run(invocation, { ...terminal, line: noLivingLine });
  try {
    return await command.run(invocation, terminal);
  } finally {
    terminal.line.clear();
  }
}

async function load(name: string) {
  const entry = findCommand(name);
  if (entry !== undefined) return await entry.load();
  throw new UsageError(`unknown command ${JSON.stringify(name)}.${meantBy(name)}`);
}

/** The arguments that show the help for a command line. */
function helpFor([first]: readonly string[]): string {
  return first !== undefined && findCommand(first) !== undefined ? `${first} --help` : '--help';
}
