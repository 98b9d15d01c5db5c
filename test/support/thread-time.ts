/**
 * Loaded before the program, this puts the time of day of every thread but the main one forward. The main thread would take
 * that for sleep of the machine.
 */
import { getEnvironmentData, isMainThread, setEnvironmentData } from 'node:worker_threads';

const KEY = 'thread-time';

/** Puts the time of the threads forward, of those that are started from now on. To be called in the main thread. */
export function movableThreadTime(): (milliseconds: number) => void {
  const ahead = new Float64Array(new SharedArrayBuffer(8));
  setEnvironmentData(KEY, ahead);
  return (milliseconds) => {
    ahead[0] = (ahead[0] ?? 0) + milliseconds;
  };
}

const ahead = getEnvironmentData(KEY);
if (!isMainThread && ahead instanceof Float64Array) {
  const { now } = Date;
  Date.now = () => now() + (ahead[0] ?? 0);
}
