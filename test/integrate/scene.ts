import { lstat, mkdir, mkdtemp, readdir, readFile, readlink, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Guard, IntegrateOptions } from '../../src/integrate/integrate.ts';
import type { Machine } from '../../src/integrate/machine.ts';
import { PROBE_ADDRESS, PROBE_LABEL } from '../../src/resolve/special/probe.ts';
import { type ProgramCall, type ProgramResult, runProgram } from '../../src/system/commands/run-program.ts';

/** A machine whose root is a directory, and whose programs do what the test says. */
export interface IntegrateScene {
  readonly machine: Machine;
  readonly root: string;
  /** What each program is, by its name or by name and arguments; what is not here is not installed. */
  readonly programs: Map<string, string | ((call: ProgramCall) => string | Promise<string>)>;
  /** Every call but those that only look, as it would be typed. */
  readonly calls: string[];
  /** Who answers on 127.0.0.1:53. */
  answering: 'pkarrd' | 'other' | 'nobody';
  /** Addresses by getent, beside those of the probe name, which pkarrd answers. */
  readonly names: Map<string, readonly string[]>;
  /** Writes files, links (values that begin with `-> `) and what is above them. */
  write(files: Readonly<Record<string, string>>): Promise<void>;
  /** Everything below a directory: the text of files, and of links their target. */
  tree(directory?: string): Promise<Readonly<Record<string, string>>>;
}

/** Nobody asks it to stop. */
export const untouched: Guard = (work) => work(new AbortController().signal);

/** Somebody who wants it done. */
export const yes: IntegrateOptions = {
  mayChange: true,
  losesRoutes: false,
  routedDomains: async () => [],
  command: undefined,
  containers: false,
  guard: untouched,
  confirm: async () => true,
};

/** Runs `work` with a machine that has nothing at all but `cp`. */
export async function withScene(work: (scene: IntegrateScene) => Promise<void>): Promise<void> {
  const root = await mkdtemp(join(tmpdir(), 'pkarrd-integrate-'));
  const calls: string[] = [];
  const scene: IntegrateScene = {
    root,
    calls,
    programs: new Map(),
    answering: 'pkarrd',
    names: new Map([
      ['localhost', ['127.0.0.1']],
      ['example.com', ['198.51.100.1']],
    ]),
    machine: {
      root,
      async run(call) {
        const typed = [call.program, ...call.args].join(' ');
        if (call.program === 'cp') return await runProgram(call);
        if (call.program === 'getent')
          return succeeded(getent(scene, (call.args[1] ?? '').replace(/\.$/, '')));
        const known = scene.programs.get(typed) ?? scene.programs.get(call.program);
        const looks = /^(?:resolvectl --no-pager|resolvectl --version|systemctl show|nmcli --terse|ip )/.test(
          typed,
        );
        if (!looks) calls.push(typed);
        if (known === undefined) return { code: undefined, out: '', err: '', problem: 'is not installed' };
        try {
          return succeeded(typeof known === 'string' ? known : await known(call));
        } catch (error) {
          return { code: 1, out: '', err: String(error), problem: undefined };
        }
      },
      async ask(server, name) {
        if (!['127.0.0.1', '172.17.0.1'].includes(server) || scene.answering === 'nobody') return 'silent';
        return scene.answering === 'pkarrd' && name === PROBE_LABEL ? [PROBE_ADDRESS] : [];
      },
      pause: async () => {},
    },
    async write(files) {
      for (const [path, text] of Object.entries(files)) {
        await mkdir(dirname(join(root, path)), { recursive: true });
        await rm(join(root, path), { force: true });
        if (text.startsWith('-> ')) await symlink(text.slice(3), join(root, path));
        else await writeFile(join(root, path), text);
      }
    },
    tree: (directory = '/etc') => treeOf(join(root, directory), directory.replace(/\/$/, '')),
  };
  try {
    await work(scene);
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

/** The probe name is answered as long as /etc/resolv.conf leads to us, in this or that way. */
function getent({ names, answering }: IntegrateScene, name: string): string {
  const isProbe = name === PROBE_LABEL || name.endsWith(`.${PROBE_LABEL}`);
  const found = names.get(name) ?? (isProbe && answering === 'pkarrd' ? [PROBE_ADDRESS] : []);
  return found.map((address) => `${address} STREAM ${name}\n`).join('');
}

function succeeded(out: string): ProgramResult {
  return { code: 0, out, err: '', problem: undefined };
}

async function treeOf(path: string, name: string): Promise<Record<string, string>> {
  const found = await lstat(path).catch(() => undefined);
  if (found === undefined) return {};
  if (found.isSymbolicLink()) return { [name]: `-> ${await readlink(path)}` };
  if (!found.isDirectory()) return { [name]: await readFile(path, 'utf8') };
  const parts = await Promise.all(
    (await readdir(path)).sort().map((entry) => treeOf(join(path, entry), `${name}/${entry}`)),
  );
  return Object.assign({ [`${name}/`]: '' }, ...parts);
}
