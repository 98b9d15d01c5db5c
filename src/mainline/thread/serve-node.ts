import type { MessagePort } from 'node:worker_threads';
import { throwLater } from '../../async/throw-later.ts';
import { SIGNATURE_LENGTH } from '../../bep44/ed25519-rules.ts';
import { targetOf } from '../../bep44/target.ts';
import { VerifiedItem } from '../../bep44/verified-item.ts';
import type { DhtNode, LookupEvent, LookupSummary, PutEvent, ServingChange } from '../dht-node.ts';
import { MainlineError } from '../errors.ts';
import { machineEnvironment, startMainlineNode } from '../node/node.ts';
import type { MainlineOptions } from '../options.ts';
import type { FromThread, ThreadEvent, ThreadProblem, ThreadResult, ToThread } from './messages.ts';
import { messagesOf, Outbox } from './outbox.ts';

/** Milliseconds between lists of known nodes for the main thread, which it needs if this thread ends. */
const REMEMBER_MS = 60_000;

/**
 * Starts a node and executes the messages on `port` until `close`. Rejects with MainlineError if the node cannot be started.
 */
export async function serveNode(options: MainlineOptions, port: MessagePort): Promise<void> {
  const outbox = new Outbox<FromThread>((messages) => port.postMessage(messages));
  const { say } = outbox;
  const onServing = (change: ServingChange) => say({ kind: 'serving', change });
  const node = await startMainlineNode(options, { ...machineEnvironment, onServing });
  const calls = new Map<number, AbortController>();
  const remember = () => {
    node.knownNodes().then((nodes) => say({ kind: 'remember', nodes }), throwLater);
  };
  const timer = setInterval(remember, REMEMBER_MS);

  async function run(call: number, work: (signal: AbortSignal) => Promise<ThreadResult>): Promise<void> {
    const controller = new AbortController();
    calls.set(call, controller);
    try {
      say({ kind: 'result', call, result: await work(controller.signal) });
    } catch (error) {
      if (!controller.signal.aborted) say({ kind: 'failed', call, problem: problemFrom(error) });
    } finally {
      calls.delete(call);
    }
  }

  const receive = (message: ToThread) => {
    switch (message.kind) {
      case 'cancel':
        calls.get(message.call)?.abort();
        return;
      case 'bootstrap':
        node.setBootstrap(message.addresses);
        return;
      case 'serving-conditions':
        node.setServingConditions(message.conditions);
        return;
      case 'network-changed':
        node.networkChanged();
        return;
      case 'wake':
        node.wake();
        return;
      case 'close':
        clearInterval(timer);
        node.close().then(() => {
          outbox.flush();
          port.close();
        }, throwLater);
        return;
      default:
        run(message.call, (signal) => perform(node, message, signal, say)).catch(throwLater);
    }
  };
  port.on('message', (sent: ToThread | readonly ToThread[]) => {
    for (const message of messagesOf(sent)) receive(message);
  });
  say({ kind: 'started' });
  useAlgorithms();
  node.ready().then(
    () => {
      say({ kind: 'ready' });
      remember();
    },
    () => {}, // closed before it was ready
  );
}

/**
 * OpenSSL looks for an algorithm when it is used for the first time, which takes 10 ms: they pass while the first nodes are asked, and not while
 * somebody waits for an answer.
 */
function useAlgorithms(): void {
  targetOf(SOME_KEY);
  VerifiedItem.verifierOf(SOME_KEY)({
    seq: 0n,
    value: new Uint8Array(1),
    signature: new Uint8Array(SIGNATURE_LENGTH),
  });
}

/** The public key of the first test of RFC 8032, section 7.1. */
const SOME_KEY = Buffer.from('d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a', 'hex');

type Call = Extract<ToThread, { kind: 'lookup' | 'put' | 'status' | 'known-nodes' }>;

async function perform(
  node: DhtNode,
  call: Call,
  signal: AbortSignal,
  say: (message: FromThread) => void,
): Promise<ThreadResult> {
  switch (call.kind) {
    case 'lookup': {
      const { key, seq, isWatched, isBrief } = call;
      const numbers = new Map<VerifiedItem, number>();
      let summary: LookupSummary | undefined;
      const options = { signal, isWatched, isBrief, ...(seq !== undefined && { seq }) };
      for await (const event of node.lookup(key, options)) {
        if (event.kind === 'done') summary = event.summary;
        else say({ kind: 'event', call: call.call, event: toThreadEvent(event, numbers) });
      }
      return { of: 'lookup', summary };
    }
    case 'put': {
      const { cas, isWatched } = call;
      const item = VerifiedItem.fromOwnThread(call.item);
      const observe = (event: PutEvent) => say({ kind: 'put-event', call: call.call, event });
      const outcome = await node.put(item, {
        signal,
        ...(cas !== undefined && { cas }),
        ...(isWatched && { observe }),
      });
      return { of: 'put', outcome };
    }
    case 'status':
      return { of: 'status', status: await node.status() };
    case 'known-nodes':
      return { of: 'known-nodes', nodes: await node.knownNodes() };
  }
}

/** `numbers` has the numbers of the items that were sent already. */
function toThreadEvent(
  event: Exclude<LookupEvent, { kind: 'done' }>,
  numbers: Map<VerifiedItem, number>,
): ThreadEvent {
  if (event.kind !== 'item') return event;
  const number = numbers.get(event.item);
  if (number !== undefined) return { kind: 'item-again', number, from: event.from };
  numbers.set(event.item, numbers.size);
  return event;
}

/** A MainlineError keeps its kind. Any other error is a bug, and the call fails as if it had ended the thread. */
function problemFrom(error: unknown): ThreadProblem {
  if (error instanceof MainlineError) return { kind: error.kind, message: error.message };
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { kind: 'thread-died', message: `the DHT failed inside: ${message}` };
}
