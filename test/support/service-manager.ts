import { type ChildProcessByStdio, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';

const PYTHON = '/usr/bin/python3';
const main = fileURLToPath(new URL('../../program/main.js', import.meta.url));

/**
 * What systemd does for a service, as far as the service sees it: opens sockets, keeps them, hands them to each process that it
 * starts, and receives datagrams at the sockets of sd_notify(3) and of the journal. Node can do none of it.
 */
const script = `
import json, os, random, selectors, socket, sys, signal
SO_RCVBUFFORCE = 33
spec = json.loads(sys.argv[1])
def open_all():
    opened = []
    for s in spec['sockets']:
        family = socket.AF_INET6 if ':' in s['host'] else socket.AF_INET
        kind = socket.SOCK_DGRAM if s['protocol'] == 'udp' else socket.SOCK_STREAM
        one = socket.socket(family, kind)
        opened.append((one, s.get('name', '')))
        if family == socket.AF_INET6: one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0 if s['host'] == '::' else 1)
        # The port of the one before, or any that the system does not give to connections of others.
        one.bind((s['host'], opened[-2][0].getsockname()[1] if s['port'] == 'same' else s['port'] or random.randrange(16384, 32768)))
        one.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE if os.getuid() == 0 else socket.SO_RCVBUF, 4 << 20)
        if kind == socket.SOCK_STREAM: one.listen(4096)
    return opened
held = []
for draw in range(64):
    try: held = open_all(); break
    except OSError as error:
        if error.errno != 98 or draw == 63: raise
def say(**what):
    sys.stdout.write(json.dumps(what) + '\\n'); sys.stdout.flush()
receivers = {}
for kind in ('notify', 'journal'):
    one = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    one.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
    one.bind(os.path.join(spec['directory'], kind))
    receivers[kind] = one
for kind in spec['openFiles']:
    one = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    one.connect(os.path.join(spec['directory'], kind))
    held.append((one, kind))
say(ports=[one.getsockname()[1] for one, _ in held[:len(spec['sockets'])]])
selector = selectors.DefaultSelector()
selector.register(0, selectors.EVENT_READ)
for one in receivers.values(): selector.register(one, selectors.EVENT_READ)
child = None
def start(argv, environment):
    pid = os.fork()
    if pid: return pid
    if held:
        first = max([one.fileno() for one, _ in held] + [2 + len(held)]) + 1
        for index, (one, _) in enumerate(held): os.dup2(one.fileno(), first + index)
        for index in range(len(held)): os.dup2(first + index, 3 + index, inheritable=True)
        for index in range(len(held)): os.close(first + index)
        environment['LISTEN_FDS'] = str(len(held))
        environment['LISTEN_FDNAMES'] = ':'.join(name for _, name in held)
        environment.setdefault('LISTEN_PID', str(os.getpid()))
    if 'WATCHDOG_USEC' in environment: environment.setdefault('WATCHDOG_PID', str(os.getpid()))
    os.dup2(os.open('/dev/null', os.O_RDONLY), 0)
    os.dup2(2, 1)
    os.execve(argv[0], argv, environment)
def receive(one, flags=0):
    data, ancillary, _, _ = one.recvmsg(1 << 20, 256, flags)
    # BARRIER=1 of sd_notify_barrier(3): the descriptor that came with it is closed when all before was read.
    for _, type, value in ancillary:
        if type == socket.SCM_RIGHTS: os.close(int.from_bytes(value[:4], 'little'))
    credentials = [value for _, type, value in ancillary if type == 2]
    if data == b'BARRIER=1': return
    kind = [k for k, each in receivers.items() if each is one][0]
    sender = int.from_bytes(credentials[0][:4], 'little')
    say(received=kind, text=data.decode('latin1'), sender=sender)
ended = False
typed = b''
while not ended:
    for key, _ in selector.select(0.02):
        if key.fileobj == 0:
            piece = os.read(0, 65536)
            if not piece: ended = True; break
            *lines, typed = (typed + piece).split(b'\\n')
            for word in map(json.loads, lines):
                if 'start' in word:
                    child = start(word['start'], word['environment']); say(started=child)
                elif 'buffers' in word:
                    say(buffers=[one.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF) for one, _ in held])
                elif child: os.kill(child, word['signal'])
        else:
            receive(key.fileobj)
    if child:
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid:
            child = None
            # Its last words come before its end.
            for one in receivers.values():
                try:
                    while True: receive(one, socket.MSG_DONTWAIT)
                except BlockingIOError: pass
            say(exited=os.waitstatus_to_exitcode(status))
if child: os.kill(child, signal.SIGKILL)
`;

/** A socket that the manager opens. */
export interface SocketSpec {
  readonly protocol: 'udp' | 'tcp';
  readonly host: string;
  /** `same` is that of the socket before; any free one by default. */
  readonly port?: number | 'same';
  readonly name?: string;
}

/** A datagram that the service sent to the manager or to the journal. */
export interface Received {
  readonly received: 'notify' | 'journal';
  /** One character for each octet. */
  readonly text: string;
  /** The process that sent it. */
  readonly sender: number;
}

type Said = { ports?: number[]; started?: number; exited?: number; buffers?: number[] } & Partial<Received>;

/** Why it cannot be had here, for the `skip` of a test; false when it can. */
export function serviceManagerIsMissing(): string | false {
  if (process.platform !== 'linux') return 'there is no /proc';
  return spawnSync(PYTHON, ['--version']).status === 0 ? false : `${PYTHON} is not there`;
}

/** See the script. */
export class ServiceManager {
  /** The ports of the sockets, in order. */
  ports: readonly number[] = [];
  /** Where it receives messages of sd_notify(3): the value of NOTIFY_SOCKET. */
  readonly notifySocket: string;
  /** All that was received so far. */
  readonly received: Received[] = [];
  /** What services wrote to standard error. */
  log = '';
  readonly #process: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #directory: string;
  /** It holds a socket for HTTP. */
  #hasHttp = false;
  readonly #said: Said[] = [];
  #wake: () => void = () => {};

  readonly #exited: Promise<unknown>;

  private constructor(process: ChildProcessByStdio<Writable, Readable, Readable>, directory: string) {
    this.#process = process;
    this.#exited = once(process, 'exit');
    this.#directory = directory;
    this.notifySocket = join(directory, 'notify');
    process.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.log += text;
      this.#wake();
    });
    let rest = '';
    process.stdout.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) this.#take(JSON.parse(line) as Said);
    });
  }

  /** Opens the sockets. `openFiles`: connected sockets that are handed over too, as `OpenFile=` does. */
  static async open(
    sockets: readonly SocketSpec[],
    openFiles: readonly ('notify' | 'journal')[] = [],
  ): Promise<ServiceManager> {
    const directory = mkdtempSync(join(tmpdir(), 'pkarrd-manager-'));
    const spec = { sockets: sockets.map((socket) => ({ port: 0, ...socket })), openFiles, directory };
    const child = spawn(PYTHON, ['-c', script, JSON.stringify(spec)], { stdio: ['pipe', 'pipe', 'pipe'] });
    const manager = new ServiceManager(child, directory);
    manager.#hasHttp = sockets.some(({ name }) => name === 'http');
    manager.ports = (await manager.#next('ports')).ports ?? [];
    return manager;
  }

  /** Starts `pkarrd serve` with its sockets. @returns its process id. */
  async start(
    args: readonly string[],
    environment: Readonly<Record<string, string>> = {},
    program: readonly string[] = [process.execPath, main],
  ): Promise<number> {
    const { PATH = '', HOME = '' } = process.env;
    const common = {
      ...{ PATH, HOME, STATE_DIRECTORY: join(this.#directory, 'state') },
      // Tests run side by side, and the gateway has one port by default.
      ...(!this.#hasHttp && { PKARRD_HTTP: 'off' }),
    };
    this.#tell({
      start: [...program, 'serve', '--config', '/dev/null', ...args],
      environment: { ...common, ...environment },
    });
    return (await this.#next('started')).started ?? 0;
  }

  /** Sends a signal to the service, and returns its exit code; negative for a signal. */
  async stop(signal = 15): Promise<number> {
    this.#tell({ signal });
    return await this.exited();
  }

  /** Sends a signal to the service. */
  kill(signal: number): void {
    this.#tell({ signal });
  }

  /** Octets of the receive buffers of its sockets. */
  async receiveBuffers(): Promise<readonly number[]> {
    this.#tell({ buffers: true });
    return (await this.#next('buffers')).buffers ?? [];
  }

  /** Waits for the end of the service, and for all that it wrote. */
  async exited(): Promise<number> {
    const { exited = 0 } = await this.#next('exited');
    // What it wrote to standard error is there by now, and is read in this turn of the loop.
    await new Promise(setImmediate);
    return exited;
  }

  /** Waits until the service has written what matches, or `what` is true. */
  async until(what: RegExp | (() => boolean), milliseconds = 20_000): Promise<void> {
    const deadline = performance.now() + milliseconds;
    for (;;) {
      if (typeof what === 'function' ? what() : what.test(this.log)) return;
      if (performance.now() > deadline)
        throw new Error(`Not within ${milliseconds} ms: ${what}\n${this.log}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 20);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  /** The texts that were sent to one of its sockets. */
  texts(kind: Received['received']): readonly string[] {
    return this.received.filter(({ received }) => received === kind).map(({ text }) => text);
  }

  /** Ends it, and its service. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.stdin.end();
    await this.#exited;
    rmSync(this.#directory, { recursive: true });
  }

  #tell(word: object): void {
    this.#process.stdin.write(`${JSON.stringify(word)}\n`);
  }

  #take(said: Said): void {
    if (said.received === undefined) this.#said.push(said);
    else this.received.push(said as Received);
    this.#wake();
  }

  async #next(word: 'ports' | 'started' | 'exited' | 'buffers'): Promise<Said> {
    await this.until(() => this.#said.some((said) => said[word] !== undefined));
    const index = this.#said.findIndex((said) => said[word] !== undefined);
    return this.#said.splice(index, 1)[0] ?? {};
  }
}
