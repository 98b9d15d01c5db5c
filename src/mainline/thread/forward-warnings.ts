import type { MessagePort } from 'node:worker_threads';

/** A warning of the runtime in a thread. */
export interface ThreadWarning {
  readonly kind: 'warning';
  readonly name: string;
  readonly message: string;
}

/** Sends the warnings of this thread's runtime to the thread that started it, instead of printing them. */
export function forwardWarnings(port: MessagePort): void {
  // The runtime prints them as a listener of its own.
  process.removeAllListeners('warning');
  process.on('warning', ({ name, message }) => {
    port.postMessage({ kind: 'warning', name, message } satisfies ThreadWarning);
  });
}
