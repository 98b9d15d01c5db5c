import { type ChildProcess, type SendHandle, spawn } from 'node:child_process';
import type { Server } from 'node:net';
import { type ListeningHandle, listeningHandle } from './listening-handle.ts';

/** Milliseconds for all copies; the child takes 50 on a machine with nothing else to do. */
const TIMEOUT = 5_000;

/** The whole program of the child: it sends each handle back. */
const PROGRAM = "process.on('message', (number, handle) => process.send(number, handle))";

/**
 * See `CopyListening`. Node has no dup(2). But a handle that is sent to another process is copied on its way (unix(7),
 * SCM_RIGHTS), and so is one that comes back: a child that lives for a moment sends back what it is sent.
 */
export async function copyListeningOnNode(servers: readonly Server[]): Promise<readonly number[]> {
  const child = spawn(process.execPath, ['--eval', PROGRAM], {
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    // Nothing of ours is for it, such as NODE_OPTIONS or the variables of a service manager.
    env: {},
  });
  const timer = setTimeout(() => child.kill('SIGKILL'), TIMEOUT);
  try {
    return await copyBy(child, servers.map(listeningHandle));
  } finally {
    clearTimeout(timer);
    child.kill('SIGKILL');
  }
}

function copyBy(child: ChildProcess, handles: readonly ListeningHandle[]): Promise<readonly number[]> {
  return new Promise((resolve, reject) => {
    const copies = new Map<number, number>();
    child.once('error', reject);
    child.once('exit', (code, signal) =>
      reject(new Error(`the process that copies descriptors ended (${signal ?? `exit code ${code}`})`)),
    );
    // What arrives is a handle that does nothing, and that Node keeps: its descriptor is closed by whoever is given it.
    child.on('message', (number: number, handle: unknown) => {
      const { fd } = handle as ListeningHandle;
      copies.set(number, fd);
      if (copies.size === handles.length) resolve(handles.map((_, index) => copies.get(index) ?? -1));
    });
    for (const [number, handle] of handles.entries()) {
      child.send(number, handle as unknown as SendHandle, (error) => error && reject(error));
    }
  });
}
